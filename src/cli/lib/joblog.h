/* The log lines of a job. */
#ifndef TOW_CLI_JOBLOG_H
#define TOW_CLI_JOBLOG_H

#include "cli.h"

/* The lines after the one numbered *after, which is then the last of them (in c's arena). The mark
 * stands before each; with --json an object a line. */
TOW_MUST bool joblog_more(struct cli *c, const char *id, const char *mark, const char **after);

/* Prints them; with follow goes on until the job has ended or an interrupt. Returns the exit
 * status. */
int joblog_print(struct cli *c, const char *id, bool follow);

#endif
