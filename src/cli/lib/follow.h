/* Jobs as they change, until interrupted. */
#ifndef TOW_CLI_FOLLOW_H
#define TOW_CLI_FOLLOW_H

#include "cli.h"
#include "table.h"

/* call: the arguments of tow.find_jobs. Prints a job when it is first seen, when its state or
 * attempt changes, and when it has finished. An interrupt is a good end. */
int follow_jobs(struct cli *c, const struct cli_call *call, const struct column *columns);

#endif
