/* The scheduler's connection. Calls are waited for to their end, or until we are asked to stop:
 * then the error is TOW_SHUTDOWN. */
#ifndef TOW_SCHEDULER_ATTEND_H
#define TOW_SCHEDULER_ATTEND_H

#include "clock.h"

/* Connects, and has the database know of us. */
TOW_MUST bool attend_begin(struct clock *c, struct tow_err *e);
void attend_leave(struct clock *c); /* says goodbye, if that takes no time */

TOW_MUST bool attend_ask(struct clock *c, struct tow_rows **rows, struct tow_err *e,
			 const char *verb, const char *const *values, size_t n);
void attend_hear(struct clock *c); /* has the bell rung? */
/* For the socket, a signal, or a time. False: asked to stop. */
TOW_MUST bool attend_wait(struct clock *c, int fd, short events, long long us);

/* A session of its own for what calls functions of users, which may leave something behind in it
 * (settings, locks, what it listens to). Whether or not it came about, back ends it. */
TOW_MUST bool attend_apart(struct clock *c, struct tow_db **own, struct tow_err *e);
void attend_back(struct clock *c, struct tow_db *own);

#endif
