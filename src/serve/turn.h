/* A request on its way through the desk, and what whoever answers it says. */
#ifndef TOW_SERVE_TURN_H
#define TOW_SERVE_TURN_H

#include "desk.h"

struct turn {
	struct desk *desk;
	const struct http_request *q;
	struct http_reply *r;
	const char *path, *query;
	struct known_answer *held; /* until it has been coded */
	struct coded *coded;	   /* of a body that is sent again; NULL: it is sent once */
	struct tow_err err;
};

/* Each returns the status. Type and text are there until it has been sent, or for ever. */
int turn_say(struct turn *t, int status, const char *type, const char *text);
int turn_say_json(struct turn *t, const char *text);
int turn_refuse(struct turn *t, int status, const char *detail, const char *hint);
int turn_fail(struct turn *t); /* by its err */

bool turn_is_json(const struct http_request *q); /* its body, or it has none */

/* The database; for one call. Each is limited, so that a chain of slow ones is no hang. */
struct tow_db *desk_ask(const struct desk *d);
bool desk_connected(struct desk *d, struct tow_err *e);

#endif
