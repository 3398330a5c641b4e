/* A stream to where an address says, within a time: for protocols that are not HTTP. */
#ifndef TOW_CORE_DIAL_H
#define TOW_CORE_DIAL_H

#include <stddef.h>

#include "tow/err.h"
#include "tow/mem.h"

struct dial {
	const char *
		scheme; /* of SCHEME://HOST:PORT, SCHEME://[V6]:PORT and SCHEME:///path/to/socket */
	const char *class; /* errors are CLASS.url, .resolve, .connect, .timeout, .closed */
	const char *port;  /* where the address names none; NULL: it has to */
	long long end;	   /* all of it fails from then on; see dial_in */
};

long long dial_in(long ms); /* that long from now */
TOW_MUST bool dial_open(const struct dial *d, struct tow_arena *a, int *fd, const char *url,
			struct tow_err *e);
TOW_MUST bool dial_put(const struct dial *d, int fd, const char *data, size_t len,
		       struct tow_err *e);
/* Some bytes at least, added to in; *over when there are none, nor will be. */
TOW_MUST bool dial_take(const struct dial *d, int fd, struct tow_buf *in, bool *over,
			struct tow_err *e);
bool dial_closed(const struct dial *d, struct tow_err *e); /* false */

#endif
