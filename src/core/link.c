/* A connection that keeps itself up: see tow/link.h. */
#include "tow/link.h"

#include <limits.h>
#include <stdlib.h>

#include "tow/proc.h"

#define BACKOFF_LEAST 50000
#define BACKOFF_MOST  5000000
#define DIAL_MOST     10000000

void tow_link_init(struct tow_link *l, const char *url, const char *application)
{
	*l = (struct tow_link){ .url = url, .application = application };
}

long long tow_backoff_next(long long *backoff_us)
{
	long long most = *backoff_us < BACKOFF_LEAST ? BACKOFF_LEAST : *backoff_us;

	*backoff_us = 2 * most > BACKOFF_MOST ? BACKOFF_MOST : 2 * most;
	return most / 2 + random() % (most / 2 + 1);
}

static void be(struct tow_link *l, enum tow_link_state state, long long now)
{
	l->state = state;
	l->since_us = now;
}

void tow_link_drop(struct tow_link *l, long long now)
{
	tow_db_closep(&l->db);
	be(l, TOW_LINK_DOWN, now);
	l->retry_at_us = now + tow_backoff_next(&l->backoff_us);
}

static enum tow_link_event dial(struct tow_link *l, long long now, struct tow_err *e)
{
	if (now < l->retry_at_us)
		return TOW_LINK_NOTHING;
	if (!tow_db_dial(&l->db, l->url, l->application, e)) {
		tow_link_drop(l, now);
		return TOW_LINK_LOST;
	}
	be(l, TOW_LINK_DIALING, now);
	return TOW_LINK_NOTHING;
}

static enum tow_link_event dialling(struct tow_link *l, long long now, struct tow_rows **rows,
				    struct tow_err *e)
{
	switch (tow_db_take(l->db, rows, e)) {
	case TOW_DB_DONE:
		l->met = true;
		be(l, TOW_LINK_IDLE, now);
		return TOW_LINK_CONNECTED;
	case TOW_DB_FAILED:
		tow_link_drop(l, now);
		return TOW_LINK_LOST;
	case TOW_DB_BUSY:
		break;
	}
	if (now - l->since_us < DIAL_MOST)
		return TOW_LINK_NOTHING;
	tow_fail(e, TOW_RETRY, "no connection within %d s", DIAL_MOST / 1000000);
	tow_link_drop(l, now);
	return TOW_LINK_LOST;
}

static enum tow_link_event waiting(struct tow_link *l, long long now, struct tow_rows **rows,
				   struct tow_err *e)
{
	switch (tow_db_take(l->db, rows, e)) {
	case TOW_DB_BUSY:
		return TOW_LINK_NOTHING;
	case TOW_DB_DONE:
		be(l, TOW_LINK_IDLE, now);
		l->backoff_us = 0;
		return TOW_LINK_ANSWERED;
	case TOW_DB_FAILED:
		break;
	}
	if (tow_db_alive(l->db)) {
		be(l, TOW_LINK_IDLE, now);
		return TOW_LINK_REFUSED;
	}
	tow_link_drop(l, now);
	return TOW_LINK_LOST;
}

enum tow_link_event tow_link_turn(struct tow_link *l, long long now, struct tow_rows **rows,
				  struct tow_err *e)
{
	*rows = NULL;
	switch (l->state) {
	case TOW_LINK_DOWN:
		return dial(l, now, e);
	case TOW_LINK_DIALING:
		return dialling(l, now, rows, e);
	case TOW_LINK_BUSY:
		return waiting(l, now, rows, e);
	case TOW_LINK_IDLE:
		break;
	}
	if (tow_db_alive(l->db))
		return TOW_LINK_NOTHING;
	tow_fail(e, TOW_RETRY, "the connection was closed");
	tow_link_drop(l, now);
	return TOW_LINK_LOST;
}

bool tow_link_send(struct tow_link *l, long long now, struct tow_err *e, const char *verb,
		   const char *const *values, size_t n)
{
	if (!tow_db_send(l->db, e, verb, values, n)) {
		tow_link_drop(l, now);
		return false;
	}
	be(l, TOW_LINK_BUSY, now);
	return true;
}

void tow_link_poll(const struct tow_link *l, struct pollfd *p)
{
	*p = (struct pollfd){ .fd = l->state == TOW_LINK_DOWN ? -1 : tow_db_fd(l->db),
			      .events = POLLIN };
	if (p->fd >= 0 && tow_db_wants_write(l->db))
		p->events |= POLLOUT;
}

long long tow_link_wake(const struct tow_link *l)
{
	if (l->state == TOW_LINK_DOWN)
		return l->retry_at_us;
	return l->state == TOW_LINK_DIALING ? l->since_us + DIAL_MOST : LLONG_MAX;
}
