/* The log lines of a job. */
#ifndef TOW_CLI_JOBLOG_H
#define TOW_CLI_JOBLOG_H

#include "cli.h"

/* Prints them; with follow goes on until the job has ended or an interrupt. Returns the exit
 * status. */
int joblog_print(struct cli *c, const char *id, bool follow);

#endif
