/* Waiting for a job's end. */
#ifndef TOW_CLI_WAIT_H
#define TOW_CLI_WAIT_H

#include "cli.h"

/* Exit statuses that say how the job ended. */
enum { JOB_COMPLETED = 0, JOB_FAILED = 1, JOB_CANCELLED = 2 };

bool job_is_over(const char *state);

/* tow.outcome of a job. A connection that breaks meanwhile is no answer: it is made again. */
TOW_MUST bool job_outcome(struct cli *c, const char *id, struct tow_rows **r);
/* "job 7  running  ###....  40 %", of its outcome. */
const char *job_line(struct tow_arena *a, const char *id, const struct tow_rows *r);

/* Prints the job's result (with --json an object that has its number, too), and on standard error
 * its number, a progress bar on a terminal, and its error. Returns the exit status. */
int wait_for(struct cli *c, const char *id);
/* The same without number and result: for what shows its own. */
int wait_quietly(struct cli *c, const char *id);

#endif
