/* What tow worker --check looks at beside the file itself. */
#ifndef TOW_WORKERS_CHECK_H
#define TOW_WORKERS_CHECK_H

#include "config.h"

/* Whether the program is there with which each exec kind's command begins. */
TOW_MUST bool check_programs(const struct kinds *kinds, struct tow_err *e);

/* The queues and kinds of a worker that was told this, by a file or, where it is NULL, by options
 * alone; and that all is right. */
void check_print(const struct config *c, const char *file);

#endif
