/* A connection that keeps itself up: it dials, backs off with jitter and without limit, and has one
 * call at a time under way. Nothing here blocks. */
#ifndef TOW_LINK_H
#define TOW_LINK_H

#include <poll.h>

#include "tow/db.h"

enum tow_link_state { TOW_LINK_DOWN, TOW_LINK_DIALING, TOW_LINK_IDLE, TOW_LINK_BUSY };

struct tow_link {
	const char *url, *application;
	struct tow_db *db;
	enum tow_link_state state;
	bool met;	    /* it was connected once */
	long long since_us; /* of this state */
	long long retry_at_us, backoff_us;
};

enum tow_link_event {
	TOW_LINK_NOTHING,
	TOW_LINK_CONNECTED,
	TOW_LINK_ANSWERED, /* rows are the caller's */
	TOW_LINK_REFUSED,  /* the call failed, the connection lives */
	TOW_LINK_LOST,	   /* or could not be made */
};

void tow_link_init(struct tow_link *l, const char *url, const char *application);
enum tow_link_event tow_link_turn(struct tow_link *l, long long now, struct tow_rows **rows,
				  struct tow_err *e);

/* False: the connection is lost, and dialled again later. */
TOW_MUST bool tow_link_send(struct tow_link *l, long long now, struct tow_err *e, const char *verb,
			    const char *const *values, size_t n);
void tow_link_drop(struct tow_link *l, long long now);
void tow_link_poll(const struct tow_link *l, struct pollfd *p);
long long
tow_link_wake(const struct tow_link *l); /* when it wants a turn though nothing is to be read */

/* Doubles from 50 ms to 5 s, and a random part of it less. */
long long tow_backoff_next(long long *backoff_us);

#endif
