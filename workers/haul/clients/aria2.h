/* What the files of aria2's driver share: requests, always a list of calls that are made at once.
 *
 *	aria2.c		what it holds, changes
 *	aria2_ask.c	requests */
#ifndef HAUL_CLIENTS_ARIA2_H
#define HAUL_CLIENTS_ARIA2_H

#include "tow/client.h"

/* Adds a call. params: JSON, without the brackets; "" for none. */
void aria2_put(const struct tow_client *c, struct tow_arena *a, struct tow_buf *calls,
	       const char *method, const char *params);
void aria2_put_text(struct tow_buf *b, const char *text);

TOW_MUST bool aria2_ask(struct tow_client *c, struct tow_arena *a, const struct tow_buf *calls,
			struct tow_json **doc, struct tow_err *e);
/* What one of the calls returned: a list of one; an object is an error. */
TOW_MUST bool aria2_said(const struct tow_client *c, const struct tow_json *doc, size_t call,
			 const struct tow_json **value, struct tow_err *e);
/* One call for what it does. */
TOW_MUST bool aria2_tell(struct tow_client *c, struct tow_arena *a, const char *method,
			 const char *gid, struct tow_err *e);

#endif
