/* All about one queue, for people. */
#ifndef TOW_CLI_QUEUEPAGE_H
#define TOW_CLI_QUEUEPAGE_H

#include "cli.h"

/* rows: what tow.show_queue says. */
TOW_MUST bool queuepage_print(struct cli *c, const struct tow_rows *rows);

#endif
