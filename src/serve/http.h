/* HTTP as a server: many connections, one request at a time. A process waits for fd, then takes a
 * turn: it reads what has come and answers one, by the function that was given. A connection that
 * dawdles is ended. */
#ifndef TOW_SERVE_HTTP_H
#define TOW_SERVE_HTTP_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>

#include "tow/err.h"
#include "tow/mem.h"

struct http;
struct http_peer; /* where a request came from */

enum { HTTP_MOST_HEAD = 32768 }; /* longer ones are refused here, but for the absurd */
enum { HTTP_MOST_BODY = 12 << 20 };

struct http_request {
	const char *method, *version;
	const char *target; /* as it was sent: path, and what follows a ? */
	const char *host;   /* whom it is for, by its address or its Host; NULL: it does not say */
	const char *body;   /* followed by a NUL; "" when there is none */
	size_t len;
	size_t head;	   /* how long all is that came before the body */
	bool too_long;	   /* more than most_body came, and is lost */
	bool crowded;	   /* so much came of others at the same time that this one's is lost */
	bool strange;	   /* a long one of whom nobody admits, and lost */
	long long came_us; /* when it had been read: what is looked up from then on is true */
	const struct http_peer *peer;
	struct tow_arena *arena; /* for the answer; until it is sent */
};
const char *http_header(const struct http_request *q, const char *name); /* NULL: not sent */
const char *http_from(const struct http_request *q); /* the address; "local": it has none */

enum { HTTP_MOST_HEADERS = 16 };
struct http_header {
	const char *name, *value;
};
const char *http_last_header(const struct http_request *q, const char *name); /* of several lines */

struct http_reply {
	int status;
	const void *body;
	size_t len;
	struct http_header headers[HTTP_MOST_HEADERS];
	size_t n_headers;
	/* Of an answer that makes the connection something else: whoever takes it over. It is
	 * called once that answer is sent, with what came behind the request; the descriptor is
	 * closed after it. owned is freed, also when it comes to nothing. */
	void (*take)(void *owned, int connection, const void *early, size_t len);
	void *owned;
};
void http_say(struct http_reply *r, const char *name, const char *value); /* a header */

/* How long a connection may keep us waiting, in seconds: for the head of its first request, for a
 * body, for another request, and until it has read its answer. MHD's own limit starts anew with
 * each byte, which somebody may send one by one. */
struct http_limits {
	int head_s, body_s, idle_s, answer_s;
};

struct http_options {
	struct http_limits limits;
	atomic_uint *connections; /* how many there are */
	size_t most_connections, most_body;
	size_t most_each; /* connections from one address; 0: any number */
	void (*answer)(void *self, const struct http_request *q, struct http_reply *r);
	/* Whether somebody may send a long body: it is asked when its head is there. */
	bool (*admits)(void *self, const struct http_request *q);
	void *self;
};
TOW_MUST bool http_open(struct http **h, const struct http_options *o, struct tow_err *e);
void http_let_in(struct http *h, int connection, const struct sockaddr *at, socklen_t len);
int http_fd(const struct http *h); /* readable: there is something to do */
int http_turn(struct http *h);	   /* does it; in how many ms to come again at the latest */
void http_close(struct http *h);   /* NULL is fine */

#endif
