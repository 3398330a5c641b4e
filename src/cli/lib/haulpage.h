/* The page of one download. */
#ifndef TOW_CLI_HAULPAGE_H
#define TOW_CLI_HAULPAGE_H

#include "cli.h"

/* rows: what haul.show_download(id) answered. */
TOW_MUST bool haulpage_print(struct cli *c, const struct tow_rows *rows);

#endif
