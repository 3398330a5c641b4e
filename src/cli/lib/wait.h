/* Waiting for a job's end. */
#ifndef TOW_CLI_WAIT_H
#define TOW_CLI_WAIT_H

#include "cli.h"

/* Exit statuses that say how the job ended. */
enum { JOB_COMPLETED = 0, JOB_FAILED = 1, JOB_CANCELLED = 2 };

/* Shows a progress bar on a terminal; prints the job's number and its result (with --json one
 * object), and its error on standard error. Returns the exit status. */
int wait_for(struct cli *c, const char *id);

#endif
