/* The routes, as tow.routes has them. */
#ifndef TOW_SERVE_ROUTES_H
#define TOW_SERVE_ROUTES_H

#include "tow/db.h"

struct route {
	const char *id, *method, *path;
};

struct routes {
	struct tow_arena arena;
	struct route *of; /* words before arguments: the first that fits is meant */
	size_t n;
	long long newest; /* id: each migration gives others */
};
TOW_MUST bool routes_load(struct routes *r, struct tow_db *db, struct tow_err *e);

/* The route of a request; the arguments that its path names are added to given, as members of a
 * JSON object without its braces. NULL: none; *methods then has those that the path has, or "". */
const struct route *routes_find(const struct routes *r, struct tow_arena *a, const char *method,
				const char *path, struct tow_buf *given, const char **methods);

/* name=value&name=value as further members; of one that comes more than once, an array. False when
 * it is not made of such. */
bool routes_query(struct tow_arena *a, const char *query, struct tow_buf *given);

/* Both as an object: what the path names is not what a query says of the same name. */
const char *routes_given(struct tow_arena *a, const struct tow_buf *query,
			 const struct tow_buf *path);

#endif
