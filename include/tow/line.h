/* A conversation in lines, over TCP or a unix socket. */
#ifndef TOW_LINE_H
#define TOW_LINE_H

#include "tow/err.h"
#include "tow/mem.h"

struct tow_line_conf {
	const char *
		scheme; /* of SCHEME://HOST:PORT, SCHEME://[V6]:PORT and SCHEME:///path/to/socket */
	const char *port; /* where the address names none; NULL: it has to */
	const char *url;
	long timeout_ms; /* to connect, and from each line that is said to the last one heard */
};

/* Errors are of class "line.url", "line.resolve", "line.connect", "line.timeout", "line.closed",
 * "line.too_long" or "line.break". */
struct tow_line;
TOW_MUST bool tow_line_open(struct tow_line **l, struct tow_arena *a,
			    const struct tow_line_conf *conf, struct tow_err *e);
void tow_line_closep(struct tow_line **l);
#define TOW_AUTO_LINE __attribute__((cleanup(tow_line_closep))) struct tow_line

/* What holds a line break is never sent: the rest would be a command of somebody else's. */
TOW_MUST bool tow_line_say(struct tow_line *l, const char *text, struct tow_err *e);
/* Without its end; valid until the next call. Longer than 64 KiB it fails. */
TOW_MUST bool tow_line_hear(struct tow_line *l, const char **text, struct tow_err *e);

#endif
