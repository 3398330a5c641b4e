/* Addresses, as http.c needs them. */
#ifndef TOW_CORE_HTTP_URL_H
#define TOW_CORE_HTTP_URL_H

#include "tow/err.h"
#include "tow/mem.h"

struct http_url {
	bool loopback;	/* it names this machine */
	bool inside;	/* likewise, or by its digits what is not outside (inside.h) */
	int proxy_port; /* where the proxy listens that may be asked instead; 0: none may */
};

/* Looked at here and not left to the library, which says "unsupported protocol" of a strange answer
 * too. */
TOW_MUST bool http_url_read(const char *text, struct http_url *url, struct tow_err *e);

/* For messages: without user, password and query, which may hold secrets. */
const char *http_url_shown(struct tow_arena *a, const char *text);
/* The host that is called, and at which port where the address says so. */
const char *http_url_host(struct tow_arena *a, const char *text);
/* The variable by which a proxy may be asked instead; NULL: none is. Which hosts are not asked by
 * it, and whether one was, the library keeps to itself. */
const char *http_url_proxy(const char *text);
/* Where it leads from an address; NULL: nowhere. */
const char *http_url_joined(struct tow_arena *a, const char *from, const char *to);

#endif
