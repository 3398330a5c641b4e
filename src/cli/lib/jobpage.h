/* The page of one job. */
#ifndef TOW_CLI_JOBPAGE_H
#define TOW_CLI_JOBPAGE_H

#include "cli.h"

/* rows: what tow.job(id) answered. */
TOW_MUST bool jobpage_print(struct cli *c, const struct tow_rows *rows);

#endif
