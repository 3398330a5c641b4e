#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "tow/proc.h"

#define US_PER_S 1000000LL

/* MHD keeps a head there, and refuses by itself what does not fit. */
enum { MEMORY_BYTES = 2 * HTTP_MOST_HEAD, SWEEP_MS = 1000 };

/* So much of a body is kept of anybody, as there are so many connections and no more. What is
 * longer is kept of who is admitted: all of them together have so much. */
enum { BODY_FREE = 16 << 10, BODIES_BYTES = 64 << 20 };

/* An open connection. */
struct visitor {
	struct visitor *next, *before;
	struct MHD_Connection *connection;
	long long until_us;
};

/* A request and its answer, on their way. */
struct exchange {
	struct exchange *next; /* that waits to be answered */
	struct MHD_Connection *connection;
	struct tow_arena arena;
	const char *method, *version;
	long long came_us;
	bool answered;
	struct tow_buf body;
	const char *target, *host;
	bool begun, too_long, crowded, strange;
	bool admitted; /* its body is counted */
	size_t *held;  /* of all those of the server */
	void (*take)(void *owned, int connection, const void *early, size_t len);
	void *owned;
};

struct http {
	struct http_options o;
	struct MHD_Daemon *daemon;
	struct visitor visitors; /* the head of a ring */
	long long swept_us;
	size_t held;			  /* long bodies that are here */
	struct exchange *waiting, **last; /* requests, in the order in which they came */
};

struct http_peer {
	struct MHD_Connection *connection;
};

const char *http_header(const struct http_request *q, const char *name)
{
	return MHD_lookup_connection_value(q->peer->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result keep_last(void *self, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	struct http_header *wanted = self;
	(void)kind;
	if (strcasecmp(name, wanted->name) == 0)
		wanted->value = value;
	return MHD_YES;
}

const char *http_last_header(const struct http_request *q, const char *name)
{
	struct http_header wanted = { name, NULL };
	MHD_get_connection_values(q->peer->connection, MHD_HEADER_KIND, keep_last, &wanted);
	return wanted.value;
}

const char *http_from(const struct http_request *q)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(q->peer->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *from = i ? i->client_addr : NULL;
	char name[64];

	if (!from || (from->sa_family != AF_INET && from->sa_family != AF_INET6) ||
	    getnameinfo(from,
			from->sa_family == AF_INET ? sizeof(struct sockaddr_in)
						   : sizeof(struct sockaddr_in6),
			name, sizeof name, NULL, 0, NI_NUMERICHOST) != 0)
		return "local";
	return tow_strdup(q->arena,
			  strncmp(name, "::ffff:", 7) == 0 && strchr(name, '.') ? name + 7 : name);
}

void http_say(struct http_reply *r, const char *name, const char *value)
{
	if (r->n_headers < HTTP_MOST_HEADERS)
		r->headers[r->n_headers++] = (struct http_header){ name, value };
}

/* --- connections */

static struct visitor *visitor_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

static void give_time(struct MHD_Connection *connection, int seconds)
{
	struct visitor *v = visitor_of(connection);
	if (v)
		v->until_us = tow_mono_us() + seconds * US_PER_S;
}

static void visited(void *self, struct MHD_Connection *connection, void **context,
		    enum MHD_ConnectionNotificationCode what)
{
	struct http *h = self;
	struct visitor *v = *context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		v = tow_xcalloc(1, sizeof *v);
		*v = (struct visitor){ h->visitors.next, &h->visitors, connection,
				       tow_mono_us() + h->o.limits.head_s * US_PER_S };
		v->next->before = v->before->next = v;
		*context = v;
		++*h->o.connections;
	} else if (v) {
		v->next->before = v->before;
		v->before->next = v->next;
		tow_freep(&v);
		*context = NULL;
		--*h->o.connections;
	}
}

/* MHD finds the end of what is shut down here in its next turn. */
static void sweep(struct http *h)
{
	long long now = tow_mono_us();
	if (now - h->swept_us < SWEEP_MS * 1000LL)
		return;
	h->swept_us = now;
	for (struct visitor *v = h->visitors.next; v != &h->visitors; v = v->next) {
		const union MHD_ConnectionInfo *info;
		if (v->until_us > now)
			continue;
		info = MHD_get_connection_info(v->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		if (info)
			shutdown(info->connect_fd, SHUT_RDWR);
		v->until_us = now + h->o.limits.head_s * US_PER_S;
	}
}

/* --- requests */

/* "http://host/path", as proxies are asked: then Host does not count. */
static void read_address(struct exchange *x, const char *uri)
{
	const char *host = strncasecmp(uri, "http://", 7) == 0	  ? uri + 7
			   : strncasecmp(uri, "https://", 8) == 0 ? uri + 8
								  : NULL;
	size_t len = host ? strcspn(host, "/?#") : 0;
	const char *path = host ? host + len : uri;
	if (host)
		x->host = tow_strndup(&x->arena, host, len);
	x->target = tow_fmt(&x->arena, "%s%s", host && *path != '/' ? "/" : "", path);
}

static void *asked(void *self, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *x = tow_xcalloc(1, sizeof *x);
	struct http *h = self;
	x->connection = connection;
	x->held = &h->held;
	read_address(x, uri);
	return x;
}

static void drop_body(struct exchange *x)
{
	if (x->admitted)
		*x->held -= x->body.len;
	tow_buf_release(&x->body);
}

static void over(void *self, struct MHD_Connection *connection, void **context,
		 enum MHD_RequestTerminationCode how)
{
	struct exchange *x = *context;
	struct http *h = self;
	(void)how;
	give_time(connection, h->o.limits.idle_s);
	if (!x)
		return;
	drop_body(x);
	tow_arena_release(&x->arena);
	tow_freep(&x->owned);
	tow_freep(&x);
	*context = NULL;
}

/* The path stays as it was sent: an escaped slash is part of a name. */
static size_t unescape(void *self, struct MHD_Connection *connection, char *text)
{
	(void)self;
	(void)connection;
	return strlen(text);
}

static void taken(void *self, struct MHD_Connection *connection, void *context, const char *early,
		  size_t len, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
	struct exchange *x = self;
	(void)connection;
	(void)context;
	x->take(x->owned, fd, early, len);
	MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

static struct MHD_Response *response_of(struct exchange *x, const struct http_reply *r)
{
	if (!r->take)
		return MHD_create_response_from_buffer(r->len, (void *)(size_t)r->body,
						       MHD_RESPMEM_PERSISTENT);
	x->take = r->take;
	x->owned = r->owned;
	return MHD_create_response_for_upgrade(taken, x);
}

/* One that cannot be sent ends its connection (see meet). */
static void send_reply(struct http *h, struct exchange *x, const struct http_reply *r)
{
	struct MHD_Response *response = response_of(x, r);
	if (!response)
		return;
	for (size_t i = 0; i < r->n_headers; i++)
		MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
	give_time(x->connection, h->o.limits.answer_s);
	MHD_queue_response(x->connection, (unsigned)r->status, response);
	MHD_destroy_response(response);
}

static size_t head_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	return info ? info->header_size : 0;
}

/* All that have come are read before the first of them is answered. */
static void await_turn(struct http *h, struct exchange *x)
{
	x->came_us = tow_mono_us();
	give_time(x->connection, h->o.limits.answer_s);
	*h->last = x;
	h->last = &x->next;
	MHD_suspend_connection(x->connection);
}

static struct exchange *next_waiting(struct http *h)
{
	struct exchange *x = h->waiting;
	if (x && !(h->waiting = x->next))
		h->last = &h->waiting;
	return x;
}

static struct http_request request_of(struct exchange *x, const struct http_peer *peer)
{
	return (struct http_request){
		.method = x->method,
		.version = x->version,
		.target = x->target,
		.host = x->host ? x->host
				: MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND,
							      MHD_HTTP_HEADER_HOST),
		.body = x->body.len ? x->body.data : "",
		.len = x->body.len,
		.head = head_of(x->connection),
		.too_long = x->too_long,
		.crowded = x->crowded,
		.strange = x->strange,
		.came_us = x->came_us,
		.peer = peer,
		.arena = &x->arena,
	};
}

static void answer(struct http *h, struct exchange *x)
{
	const struct http_peer peer = { x->connection };
	const struct http_request q = request_of(x, &peer);
	struct http_reply r = { .body = "" };
	h->o.answer(h->o.self, &q, &r);
	send_reply(h, x, &r);
	x->answered = true;
	MHD_resume_connection(x->connection);
}

static void admit(struct http *h, struct exchange *x)
{
	const struct http_peer peer = { x->connection };
	const struct http_request q = request_of(x, &peer);
	if (h->o.admits(h->o.self, &q)) {
		x->admitted = true;
		h->held += x->body.len;
	} else {
		x->strange = true;
	}
}

/* What is refused is read to its end, and not kept. */
static void take_part(struct http *h, struct exchange *x, const char *data, size_t len)
{
	if (!x->admitted && !x->strange && x->body.len + len > BODY_FREE)
		admit(h, x);
	x->too_long |= x->body.len + len > h->o.most_body;
	x->crowded |= x->admitted && h->held + len > BODIES_BYTES;
	if (x->strange || x->too_long || x->crowded) {
		drop_body(x);
		return;
	}
	tow_buf_add(&x->body, data, len);
	if (x->admitted)
		h->held += len;
}

/* MHD calls it when the head is there, for each part of the body, and in the end; once more, when
 * what was answered cannot be sent. */
static enum MHD_Result meet(void *self, struct MHD_Connection *connection, const char *url,
			    const char *method, const char *version, const char *data, size_t *len,
			    void **context)
{
	struct http *h = self;
	struct exchange *x = *context;
	(void)url;
	if (x->answered)
		return MHD_NO;
	if (!x->begun) {
		x->begun = true;
		x->method = method;
		x->version = version;
		give_time(connection, h->o.limits.body_s);
		return MHD_YES;
	}
	if (*len == 0)
		await_turn(h, x);
	else
		take_part(h, x, data, *len);
	*len = 0;
	return MHD_YES;
}

/* --- the server */

bool http_open(struct http **h, const struct http_options *o, struct tow_err *e)
{
	struct http *s = tow_xcalloc(1, sizeof *s);
	s->o = *o;
	s->visitors.next = s->visitors.before = &s->visitors;
	s->last = &s->waiting;
	s->daemon =
		MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_UPGRADE |
					 MHD_ALLOW_SUSPEND_RESUME | MHD_USE_PEDANTIC_CHECKS,
				 0, NULL, NULL, meet, s, MHD_OPTION_CONNECTION_LIMIT,
				 (unsigned)o->most_connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
				 (unsigned)o->most_each, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				 (size_t)MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION, visited, s,
				 MHD_OPTION_NOTIFY_COMPLETED, over, s, MHD_OPTION_URI_LOG_CALLBACK,
				 asked, s, MHD_OPTION_UNESCAPE_CALLBACK, unescape, s,
				 MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	if (!s->daemon) {
		tow_freep(&s);
		return tow_fail(e, TOW_RETRY, "start the HTTP server: %s", strerror(errno));
	}
	*h = s;
	return true;
}

/* MHD ends the connection that it cannot take. */
void http_let_in(struct http *h, int connection, const struct sockaddr *at, socklen_t len)
{
	MHD_add_connection(h->daemon, connection, at, len);
}

int http_fd(const struct http *h)
{
	return MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

/* What was answered is sent in the next turn. */
int http_turn(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG ms;
	struct exchange *x;
	MHD_run(h->daemon);
	sweep(h);
	x = next_waiting(h);
	if (x) {
		answer(h, x);
		return 0;
	}
	if (MHD_get_timeout(h->daemon, &ms) != MHD_YES || ms > SWEEP_MS)
		return SWEEP_MS;
	return (int)ms;
}

void http_close(struct http *h)
{
	struct exchange *x;
	if (!h)
		return;
	while ((x = next_waiting(h)))
		MHD_resume_connection(x->connection);
	MHD_stop_daemon(h->daemon);
	tow_freep(&h);
}
