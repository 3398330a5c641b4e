/* Where the page is that `tow up` serves: its socket, and its address, which stands in home/page.
 */
#ifndef TOW_CLI_PAGE_H
#define TOW_CLI_PAGE_H

#include "tow/err.h"
#include "tow/mem.h"

/* Listens where it is told to, else on this machine alone: where it did the last time, on port
 * 7077, or on any that is free. Writes the address down. *taken: where it would have listened, had
 * somebody else not; NULL. */
TOW_MUST bool page_listen(struct tow_arena *a, const char *home, const char *wanted, int *fd,
			  const char **address, const char **taken, struct tow_err *e);

/* wanted, else what was written down, else the usual; it ends in a slash. */
const char *page_address(struct tow_arena *a, const char *wanted);

#endif
