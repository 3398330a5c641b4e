/* A connection that keeps itself up: it dials, backs off with jitter and without limit, and has one
 * call at a time under way. Nothing here blocks. */
#ifndef TOW_WORKERS_LINK_H
#define TOW_WORKERS_LINK_H

#include <poll.h>

#include "tow/db.h"

enum link_state { LINK_DOWN, LINK_DIALING, LINK_IDLE, LINK_BUSY };

struct link {
	const char *url, *application;
	struct tow_db *db;
	enum link_state state;
	long long since_us; /* of this state */
	long long retry_at_us, backoff_us;
};

enum link_event {
	LINK_NOTHING,
	LINK_CONNECTED,
	LINK_ANSWERED, /* rows are the caller's */
	LINK_REFUSED,  /* the call failed, the connection lives */
	LINK_LOST,     /* or could not be made */
};

void link_init(struct link *l, const char *url, const char *application);
enum link_event link_turn(struct link *l, long long now, struct tow_rows **rows, struct tow_err *e);

/* False: the connection is lost, and dialled again later. */
TOW_MUST bool link_send(struct link *l, long long now, struct tow_err *e, const char *verb,
			const char *const *values, size_t n);
void link_drop(struct link *l, long long now);
void link_poll(const struct link *l, struct pollfd *p);
long long link_wake(const struct link *l); /* when it wants a turn though nothing is to be read */

/* Doubles from 50 ms to 5 s, and a random part of it less. */
long long backoff_next(long long *backoff_us);

#endif
