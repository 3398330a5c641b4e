/* What a daemon does and says, as it comes. */
#ifndef TOW_CLI_DAEMONLOG_H
#define TOW_CLI_DAEMONLOG_H

#include "cli.h"

/* Prints the latest lines (a number as typed; NULL: 200), then what comes, until an interrupt; with
 * --json an object a line. Returns the exit status. */
int daemonlog_follow(struct cli *c, const char *name, const char *lines);

#endif
