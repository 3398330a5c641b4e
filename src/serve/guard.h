/* Who may come in: the name that the server is called by, where a page came from, and the token. */
#ifndef TOW_SERVE_GUARD_H
#define TOW_SERVE_GUARD_H

#include "http.h"

struct guard {
	const char *origin; /* how browsers know it, where that is not how they ask: https://host;
			       NULL */
	const char *prefix; /* what paths begin with there; "" */
	const char *const *hosts; /* further names that it is called by, NULL at the end */
	const char *cookie;	  /* what its cookie is called */
};

/* "https://host/tow" is an origin and a prefix. */
TOW_MUST bool guard_public(struct guard *g, struct tow_arena *a, const char *url,
			   struct tow_err *e);

/* Browsers send a cookie to all ports of a host: the port that they come to is in its name. */
const char *guard_name(const struct guard *g, struct tow_arena *a, int port);

/* The path without the prefix, which a proxy may have left or taken away; "" is the prefix alone.
 */
const char *guard_path(const struct guard *g, const char *target);

/* A name of somebody else's may lead here (DNS rebinding); numbers lead to nobody else. */
TOW_MUST bool guard_host(const struct guard *g, const struct http_request *q, struct tow_err *e);

/* The SHA-256 of the request's token; NULL: it has none. A browser sends its cookie for any page
 * that asks it to: what does something then must come from a page of ours. */
TOW_MUST bool guard_token(const struct guard *g, const struct http_request *q, bool does,
			  const char **token, struct tow_err *e);
TOW_MUST bool guard_origin(const struct guard *g, const struct http_request *q, struct tow_err *e);

/* The address of who asks. Behind a proxy it is the last one in X-Forwarded-For, which that has
 * added: what stands before it is anybody's word. */
const char *guard_client(const struct guard *g, const struct http_request *q);

/* The Set-Cookie that signs in, or out when secret is NULL. */
const char *guard_cookie(const struct guard *g, struct tow_arena *a, const char *secret);

#endif
