/* Where requests are answered: one desk a process, with one connection to the database. */
#ifndef TOW_SERVE_DESK_H
#define TOW_SERVE_DESK_H

#include <stdatomic.h>

#include "coding.h"
#include "guard.h"
#include "http.h"
#include "known.h"
#include "routes.h"
#include "strangers.h"
#include "tow/log.h"

struct desk {
	const char *url; /* the database */
	struct guard guard;
	const char *page;	 /* the folder of the page; NULL: there is none */
	int hub;		 /* where WebSockets are handed over */
	atomic_llong *turned_us; /* when it last began something that may take its time */
	struct known known;	 /* of all desks */

	struct tow_db *db; /* the rest is the desk's own */
	char server[64];   /* which one that is */
	struct routes routes;
	long long routes_us;	/* when they were read */
	struct tow_arena arena; /* the description of the API, which is made once for
				   these routes */
	const char *described;
	struct coded coded;	   /* that description */
	struct tow_repeat failing; /* requests, by no fault of theirs */
	struct strangers strangers;
	struct tow_err refused; /* why a connection was; none is tried before again_us */
	long long again_us, backoff_us;
};

void desk_answer(void *desk, const struct http_request *q, struct http_reply *r);
bool desk_admits(void *desk, const struct http_request *q); /* who has a token that is good */

/* Of a request that begins so: that it is answered without the database. */
bool desk_needs_none(const struct desk *d, const char *head);

/* Between requests: tells the database what was counted, once that is due. */
void desk_turn(struct desk *d);
void desk_close(struct desk *d); /* tells it first */

#endif
