/* How an answer goes over the wire: whether it is the one that the browser has, and compressed. */
#ifndef TOW_SERVE_CODING_H
#define TOW_SERVE_CODING_H

#include "http.h"

/* Beside a body that is sent again: what was made of it, once that was wanted. */
struct coded {
	char tag[40];
	char *packed; /* room for as much as the body has */
	size_t len;   /* 0, though tried: it was not worth it */
	bool tried;
};

/* Adds ETag; makes it a 304 when the browser has it already; compresses it where that is worth
 * it and wanted. Of answers to GET. kept: of a body that is sent again; NULL: it is sent once. */
void coding_apply(const struct http_request *q, struct http_reply *r, struct coded *kept);

#endif
