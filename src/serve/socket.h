/* The handshake of a WebSocket (RFC 6455); what comes after it is the hub's. */
#ifndef TOW_SERVE_SOCKET_H
#define TOW_SERVE_SOCKET_H

#include "http.h"

void socket_begin(int hub, const char *token, const char *owner, const struct http_request *q,
		  struct http_reply *r);

#endif
