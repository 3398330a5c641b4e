/* A connection and the call under way on it: what the files behind tow/db.h share. db.c has the
 * connection's life, db_call.c the call's. */
#ifndef TOW_CORE_CALLING_H
#define TOW_CORE_CALLING_H

#include <sys/types.h>

#include "statement.h"
#include "tow/db.h"

struct pg_conn;
struct pg_result;
struct pgNotify;

/* The call under way. A call whose prepared statement turns out lost or stale is sent once more
 * without one. */
enum step { IDLE, PREPARING, RUNNING, DIALING };

struct flight {
	enum step step;
	bool unprepared;
	struct statement *statement;
	struct tow_arena arena; /* holds the values until the answer is there */
	const char **values;
	size_t n;
	struct pg_result *result;
};

struct tow_db {
	struct pg_conn *pg;
	pid_t owner;
	bool broken, wants_write;
	bool meeting; /* the call under way asks who is there */
	bool pooled, named;
	int limit_ms; /* 0: a call may take as long as it does */
	struct statements statements;
	struct flight flight;
	struct pgNotify *bell;
};

/* db.c: a turn of a connection that is being made. */
enum tow_db_state db_dialling(struct tow_db *db, struct tow_err *e);

/* db_call.c: the first call, by which we learn whether a pooler stands between; and the wait for
 * the answer to any. */
TOW_MUST bool db_meet(struct tow_db *db, struct tow_err *e);
TOW_MUST bool db_wait(struct tow_db *db, struct tow_rows **rows, struct tow_err *e);

#endif
