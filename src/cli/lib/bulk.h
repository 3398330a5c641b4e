/* Many jobs from standard input, a line each. */
#ifndef TOW_CLI_BULK_H
#define TOW_CLI_BULK_H

#include "cli.h"

/* call: the arguments of tow.enqueue_many but for args. Prints the ids in order; each chunk is a
 * transaction of its own, unless there is --atomic. An error says how many jobs were enqueued and
 * with which line to go on. Returns the exit status. */
int bulk_enqueue(struct cli *c, const struct cli_call *call);

#endif
