/* tow haul watch: what is under way, until nothing is, or somebody ends it; on a terminal in place,
 * else a line of each whenever there is something new. */
#ifndef TOW_CLI_HAULWATCH_H
#define TOW_CLI_HAULWATCH_H

#include "cli.h"

int haulwatch(struct cli *c);

#endif
