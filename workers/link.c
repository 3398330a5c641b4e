/* A connection that keeps itself up: see link.h. */
#include "link.h"

#include <limits.h>
#include <stdlib.h>

#include "tow/proc.h"

#define BACKOFF_LEAST 50000
#define BACKOFF_MOST  5000000
#define DIAL_MOST     10000000

void link_init(struct link *l, const char *url, const char *application)
{
	*l = (struct link){ .url = url, .application = application };
}

long long backoff_next(long long *backoff_us)
{
	long long most = *backoff_us < BACKOFF_LEAST ? BACKOFF_LEAST : *backoff_us;

	*backoff_us = 2 * most > BACKOFF_MOST ? BACKOFF_MOST : 2 * most;
	return most / 2 + random() % (most / 2 + 1);
}

static void be(struct link *l, enum link_state state, long long now)
{
	l->state = state;
	l->since_us = now;
}

void link_drop(struct link *l, long long now)
{
	tow_db_closep(&l->db);
	be(l, LINK_DOWN, now);
	l->retry_at_us = now + backoff_next(&l->backoff_us);
}

static enum link_event dial(struct link *l, long long now, struct tow_err *e)
{
	if (now < l->retry_at_us)
		return LINK_NOTHING;
	if (!tow_db_dial(&l->db, l->url, l->application, e)) {
		link_drop(l, now);
		return LINK_LOST;
	}
	be(l, LINK_DIALING, now);
	return LINK_NOTHING;
}

static enum link_event dialling(struct link *l, long long now, struct tow_rows **rows,
				struct tow_err *e)
{
	switch (tow_db_take(l->db, rows, e)) {
	case TOW_DB_DONE:
		be(l, LINK_IDLE, now);
		return LINK_CONNECTED;
	case TOW_DB_FAILED:
		link_drop(l, now);
		return LINK_LOST;
	case TOW_DB_BUSY:
		break;
	}
	if (now - l->since_us < DIAL_MOST)
		return LINK_NOTHING;
	tow_fail(e, TOW_RETRY, "no connection within %d s", DIAL_MOST / 1000000);
	link_drop(l, now);
	return LINK_LOST;
}

static enum link_event waiting(struct link *l, long long now, struct tow_rows **rows,
			       struct tow_err *e)
{
	switch (tow_db_take(l->db, rows, e)) {
	case TOW_DB_BUSY:
		return LINK_NOTHING;
	case TOW_DB_DONE:
		be(l, LINK_IDLE, now);
		l->backoff_us = 0;
		return LINK_ANSWERED;
	case TOW_DB_FAILED:
		break;
	}
	if (tow_db_alive(l->db)) {
		be(l, LINK_IDLE, now);
		return LINK_REFUSED;
	}
	link_drop(l, now);
	return LINK_LOST;
}

enum link_event link_turn(struct link *l, long long now, struct tow_rows **rows, struct tow_err *e)
{
	*rows = NULL;
	switch (l->state) {
	case LINK_DOWN:
		return dial(l, now, e);
	case LINK_DIALING:
		return dialling(l, now, rows, e);
	case LINK_BUSY:
		return waiting(l, now, rows, e);
	case LINK_IDLE:
		break;
	}
	if (tow_db_alive(l->db))
		return LINK_NOTHING;
	tow_fail(e, TOW_RETRY, "the connection was closed");
	link_drop(l, now);
	return LINK_LOST;
}

bool link_send(struct link *l, long long now, struct tow_err *e, const char *verb,
	       const char *const *values, size_t n)
{
	if (!tow_db_send(l->db, e, verb, values, n)) {
		link_drop(l, now);
		return false;
	}
	be(l, LINK_BUSY, now);
	return true;
}

void link_poll(const struct link *l, struct pollfd *p)
{
	*p = (struct pollfd){ .fd = l->state == LINK_DOWN ? -1 : tow_db_fd(l->db),
			      .events = POLLIN };
	if (p->fd >= 0 && tow_db_wants_write(l->db))
		p->events |= POLLOUT;
}

long long link_wake(const struct link *l)
{
	if (l->state == LINK_DOWN)
		return l->retry_at_us;
	return l->state == LINK_DIALING ? l->since_us + DIAL_MOST : LLONG_MAX;
}
