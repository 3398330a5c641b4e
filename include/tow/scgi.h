/* One SCGI request and its answer, over TCP or a unix socket. */
#ifndef TOW_SCGI_H
#define TOW_SCGI_H

#include <stddef.h>

#include "tow/err.h"
#include "tow/mem.h"

struct tow_scgi_request {
	const char *url; /* scgi://HOST:PORT, scgi://[V6]:PORT or scgi:///path/to/socket */
	const char *body;
	size_t body_len;
	long timeout_ms;  /* all of it; 0: 60 s */
	size_t max_bytes; /* a longer answer fails; 0: 8 MiB */
};

struct tow_scgi_answer {
	long status;	  /* 200 where none is said */
	const char *body; /* followed by a NUL */
	size_t body_len;
};

/* False when no answer came: class "scgi.url", "scgi.resolve", "scgi.connect", "scgi.timeout",
 * "scgi.closed", "scgi.too_long" or "scgi.protocol". */
TOW_MUST bool tow_scgi_ask(struct tow_arena *a, const struct tow_scgi_request *q,
			   struct tow_scgi_answer *answer, struct tow_err *e);

#endif
