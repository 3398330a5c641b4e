/* One WebSocket: see guest.h. */
#include "guest.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <wslay/wslay.h>

enum { PIECE = 16 << 10 }; /* what is read or written at once */

/* What a message takes beside its text. Answers to empty pings have none, and are many. */
enum { MESSAGE = 64 };

/* --- what wslay calls: it reads from one buffer and writes to another, and meets no socket */

static ssize_t take_in(wslay_event_context_ptr frames, uint8_t *data, size_t len, int flags,
		       void *user)
{
	struct guest *g = user;
	size_t n = len < g->in.len ? len : g->in.len;

	(void)flags;
	if (n == 0) {
		wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(data, g->in.data, n);
	tow_buf_eat(&g->in, n);
	return (ssize_t)n;
}

static ssize_t put_out(wslay_event_context_ptr frames, const uint8_t *data, size_t len, int flags,
		       void *user)
{
	struct guest *g = user;

	(void)flags;
	if (g->out.len >= PIECE) {
		wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	tow_buf_add(&g->out, data, len);
	return (ssize_t)len;
}

static void hear(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *said,
		 void *user)
{
	struct guest *g = user;
	struct guest_text *t;

	(void)frames;
	if (said->opcode == WSLAY_BINARY_FRAME)
		guest_close(g, GUEST_STRANGE, "text, please");
	if (said->opcode != WSLAY_TEXT_FRAME)
		return;
	t = tow_alloc(g->heard, sizeof *t + said->msg_length + 1);
	if (said->msg_length > 0) /* an empty one has no address */
		memcpy(t->text, said->msg, said->msg_length);
	t->len = said->msg_length;
	*g->last = t;
	g->last = &t->next;
}

/* --- the guest */

/* The kernel would keep megabytes for somebody who does not read. On other sockets than TCP's there
 * is nothing to do. */
static void bound_socket(int fd)
{
	int room = 64 << 10, yes = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

struct guest *guest_new(int fd, const struct hub_guest *who, const void *early, size_t len)
{
	static const struct wslay_event_callbacks calls = {
		.recv_callback = take_in,
		.send_callback = put_out,
		.on_msg_recv_callback = hear,
	};
	struct guest *g = tow_xcalloc(1, sizeof *g);

	g->fd = fd;
	bound_socket(fd);
	g->who = *who;
	tow_buf_add(&g->in, early, len);
	if (wslay_event_context_server_init(&g->frames, &calls, g) != 0)
		abort(); /* out of memory */
	wslay_event_config_set_max_recv_msg_length(g->frames, GUEST_FRAME_MOST);
	return g;
}

void guest_free(struct guest *g)
{
	if (!g)
		return;
	wslay_event_context_free(g->frames);
	tow_closep(&g->fd);
	tow_buf_release(&g->in);
	tow_buf_release(&g->out);
	sorted_release(&g->wants);
	free(g);
}

static void receive(struct guest *g)
{
	char piece[PIECE];
	ssize_t n = recv(g->fd, piece, sizeof piece, MSG_DONTWAIT);

	if (n > 0)
		tow_buf_add(&g->in, piece, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		g->eof = true;
}

bool guest_read(struct guest *g, struct tow_arena *a, const struct guest_text **first, bool *heard)
{
	size_t before = g->in.len;

	g->heard = a;
	g->first = NULL;
	g->last = &g->first;
	receive(g);
	*heard = before + g->in.len > 0;
	if (g->in.len > 0 && wslay_event_recv(g->frames) != 0)
		g->eof = true;
	if (!wslay_event_want_read(g->frames))
		tow_buf_reset(&g->in);
	*first = g->first;
	return !g->eof;
}

static void queue(struct guest *g, uint8_t opcode, const char *text, size_t len)
{
	const struct wslay_event_msg m = { opcode, (const uint8_t *)text, len };

	/* It fails when the guest is being closed: then it needs no more. */
	(void)wslay_event_queue_msg(g->frames, &m);
}

void guest_say(struct guest *g, const char *text, size_t len)
{
	queue(g, WSLAY_TEXT_FRAME, text, len);
}

void guest_ping(struct guest *g)
{
	queue(g, WSLAY_PING, NULL, 0);
}

void guest_close(struct guest *g, enum guest_end why, const char *reason)
{
	(void)wslay_event_queue_close(g->frames, (uint16_t)why, (const uint8_t *)reason,
				      strlen(reason));
}

/* A page that is loaded anew says 1001. */
bool guest_is_done(const struct guest *g)
{
	return wslay_event_get_close_received(g->frames) &&
	       wslay_event_get_status_code_received(g->frames) == WSLAY_CODE_NORMAL_CLOSURE;
}

bool guest_is_closing(const struct guest *g)
{
	return wslay_event_get_close_received(g->frames) || wslay_event_get_close_sent(g->frames) ||
	       !wslay_event_get_read_enabled(g->frames);
}

size_t guest_backlog(const struct guest *g)
{
	return g->out.len + wslay_event_get_queued_msg_length(g->frames) +
	       MESSAGE * wslay_event_get_queued_msg_count(g->frames);
}

static bool send_out(struct guest *g)
{
	ssize_t n = send(g->fd, g->out.data, g->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		tow_buf_eat(&g->out, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR)
		g->eof = true;
	return n > 0;
}

/* Over when both have said goodbye: then whoever was asked closes. */
bool guest_write(struct guest *g)
{
	do {
		if (wslay_event_want_write(g->frames) && wslay_event_send(g->frames) != 0)
			g->eof = true;
	} while (!g->eof && g->out.len > 0 && send_out(g));
	return !g->eof && (g->out.len > 0 || wslay_event_want_write(g->frames) ||
			   wslay_event_want_read(g->frames));
}
