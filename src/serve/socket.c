#include "socket.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hub.h"
#include "problem.h"
#include "tow/http.h"
#include "tow/log.h"

/* What every server appends to the key (RFC 6455, 1.3). */
#define MAGIC "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct handover {
	int hub;
	struct hub_guest guest;
};

static void take(void *owned, int connection, const void *early, size_t len)
{
	struct tow_err e = { 0 };
	struct handover *h = owned;
	if (!hub_hand(h->hub, connection, &h->guest, early, len, &e))
		tow_log_err(TOW_WARN, "websocket.lost", &e);
}

static bool asks(const struct http_request *q, const char *header, const char *for_what)
{
	const char *said = http_header(q, header);
	return said && strcasestr(said, for_what);
}

void socket_begin(int hub, const char *token, const char *owner, const struct http_request *q,
		  struct http_reply *r)
{
	const char *key = http_header(q, "Sec-WebSocket-Key");
	struct handover *h;
	if (strcmp(q->version, "HTTP/1.0") == 0) {
		problem_of(q->arena, r, 426, "a WebSocket begins with HTTP/1.1",
			   "a proxy may have to be told: proxy_http_version 1.1");
		return;
	}
	if (strcmp(q->method, "GET") != 0 || !asks(q, "Upgrade", "websocket") ||
	    !asks(q, "Connection", "upgrade") || !key || strlen(key) != 24 ||
	    !asks(q, "Sec-WebSocket-Version", "13")) {
		http_say(r, "Sec-WebSocket-Version", "13");
		problem_of(q->arena, r, 426, "this address is for WebSockets, version 13", NULL);
		return;
	}
	h = tow_xcalloc(1, sizeof *h);
	h->hub = hub;
	snprintf(h->guest.token, sizeof h->guest.token, "%s", token);
	snprintf(h->guest.owner, sizeof h->guest.owner, "%s", owner);
	r->status = 101;
	r->take = take;
	r->owned = h;
	http_say(r, "Upgrade", "websocket");
	http_say(r, "Sec-WebSocket-Accept",
		 tow_sha1_base64(q->arena, tow_fmt(q->arena, "%s" MAGIC, key)));
}
