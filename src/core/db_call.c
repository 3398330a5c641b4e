/* A call: sent, taken, sent again where that is safe. */
#include "calling.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlstate.h"
#include "tow/proc.h"

/* --- errors */

static void trim_line(char *s)
{
	s[strcspn(s, "\r\n")] = '\0';
}

static const char *field(const PGresult *r, int code)
{
	const char *s = PQresultErrorField(r, code);
	return s ? s : "";
}

/* The connection is gone, and libpq alone has something to say about it. */
static bool fail_lost(struct tow_db *db, struct tow_err *e)
{
	char said[512];
	snprintf(said, sizeof said, "%s", PQerrorMessage(db->pg));
	trim_line(said);
	db->broken = true;
	return tow_fail_class(e, TOW_RETRY, "08006", "connection to the database lost: %s",
			      *said ? said : "no reason given");
}

static bool fail_result(struct tow_db *db, const PGresult *r, struct tow_err *e)
{
	const char *sqlstate = field(r, PG_DIAG_SQLSTATE);
	const char *severity = field(r, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *text = field(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = field(r, PG_DIAG_MESSAGE_DETAIL);
	if (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0)
		db->broken = true;
	if (!*sqlstate)
		return fail_lost(db, e);
	enum tow_code code = sqlstate_code(sqlstate, tow_db_alive(db));
	if (*detail && !strstr(text, detail))
		tow_fail_class(e, code, sqlstate, "%s (%s)", text, detail);
	else
		tow_fail_class(e, code, sqlstate, "%s", text);
	return tow_hint(e, "%s", field(r, PG_DIAG_MESSAGE_HINT));
}

static bool succeeded(const PGresult *r)
{
	ExecStatusType status = PQresultStatus(r);
	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

static void freep_result(PGresult **r)
{
	PQclear(*r);
}

#define AUTO_RESULT __attribute__((cleanup(freep_result))) PGresult

/* --- a call: send and take */

static void flush(struct tow_db *db)
{
	db->wants_write = PQflush(db->pg) == 1;
}

/* Sends the step that the flight is at. */
static bool dispatch(struct tow_db *db, struct tow_err *e)
{
	struct flight *f = &db->flight;
	const struct statement *s = f->statement;
	int sent;
	PQclear(f->result);
	f->result = NULL;
	if (f->step == PREPARING)
		sent = PQsendPrepare(db->pg, s->name, s->sql, 0, NULL);
	else if (f->unprepared)
		sent = PQsendQueryParams(db->pg, s->sql, (int)f->n, NULL, f->values, NULL, NULL, 0);
	else
		sent = PQsendQueryPrepared(db->pg, s->name, (int)f->n, f->values, NULL, NULL, 0);
	if (!sent)
		return fail_lost(db, e);
	flush(db);
	return true;
}

static void land(struct tow_db *db)
{
	db->flight.step = IDLE;
	PQclear(db->flight.result);
	db->flight.result = NULL;
	tow_arena_reset(&db->flight.arena);
}

/* The values are copied, since the call may have to be sent again. */
static bool launch(struct tow_db *db, struct tow_err *e, struct statement *s,
		   const char *const *values, size_t n)
{
	struct flight *f = &db->flight;
	f->statement = s;
	f->unprepared = db->pooled || db->meeting;
	f->step = s->ready || f->unprepared ? RUNNING : PREPARING;
	f->n = n;
	f->values = tow_alloc(&f->arena, n * sizeof *f->values);
	for (size_t i = 0; i < n; i++)
		f->values[i] = tow_strdup(&f->arena, values[i]);
	if (dispatch(db, e))
		return true;
	land(db);
	return false;
}

/* A pooler keeps the key for cancelling, which has the pid, to itself: what it calls the backend is
 * not the server's. One in session mode does so, too, and cannot be told from the others. */
bool db_meet(struct tow_db *db, struct tow_err *e)
{
	struct statement *s;
	db->meeting = true;
	return statement_call(&db->statements, &s, "pg_catalog.pg_backend_pid", 0, e) &&
	       launch(db, e, s, NULL, 0);
}

static void met(struct tow_db *db)
{
	const char *pid = PQgetvalue(db->flight.result, 0, 0);
	db->meeting = false;
	db->pooled = strtol(pid, NULL, 10) != PQbackendPID(db->pg);
}

/* The server no longer has the statement (somebody dropped it), or has it with a
 * result that has since changed. Neither has done anything; inside an open transaction, though,
 * the first failure has ended it. */
static bool must_resend(const struct tow_db *db)
{
	const PGresult *r = db->flight.result;
	const char *sqlstate = field(r, PG_DIAG_SQLSTATE);
	if (db->flight.unprepared || PQtransactionStatus(db->pg) != PQTRANS_IDLE)
		return false;
	return strcmp(sqlstate, "26000") == 0 ||
	       (strcmp(sqlstate, "0A000") == 0 &&
		strcmp(field(r, PG_DIAG_SOURCE_FUNCTION), "RevalidateCachedQuery") == 0);
}

static enum tow_db_state fail_flight(struct tow_db *db, struct tow_err *e)
{
	struct flight *f = &db->flight;
	const char *hint = NULL;
	if (!f->result) {
		fail_lost(db, e);
	} else {
		fail_result(db, f->result, e);
		if (f->step == PREPARING || (db->pooled && !*field(f->result, PG_DIAG_CONTEXT)))
			hint = sqlstate_prepare_hint(field(f->result, PG_DIAG_SQLSTATE));
	}
	if (hint)
		tow_hint(e, "%s", hint);
	land(db);
	return TOW_DB_FAILED;
}

/* The step's answer is complete: on to the next one, or to the end. */
static enum tow_db_state next_step(struct tow_db *db, struct tow_rows **rows, struct tow_err *e)
{
	struct flight *f = &db->flight;
	bool ok = succeeded(f->result);
	if (f->step == PREPARING &&
	    (ok || strcmp(field(f->result, PG_DIAG_SQLSTATE), "42P05") == 0)) {
		f->statement->ready = true;
		f->step = RUNNING;
	} else if (f->step == RUNNING && must_resend(db)) {
		statement_forget(f->statement);
		f->unprepared = true;
	} else if (ok) {
		if (db->meeting)
			met(db);
		else if (rows) {
			*rows = (struct tow_rows *)f->result;
			f->result = NULL;
		}
		land(db);
		return TOW_DB_DONE;
	} else {
		return fail_flight(db, e);
	}
	if (dispatch(db, e))
		return TOW_DB_BUSY;
	land(db);
	return TOW_DB_FAILED;
}

/* The first error is the reason; what follows it is only its consequence. */
static void keep_result(struct flight *f, PGresult *r)
{
	if (f->result && !succeeded(f->result)) {
		PQclear(r);
		return;
	}
	PQclear(f->result);
	f->result = r;
}

enum tow_db_state tow_db_take(struct tow_db *db, struct tow_rows **rows, struct tow_err *e)
{
	struct flight *f = &db->flight;
	if (f->step == IDLE) {
		tow_fail(e, TOW_BUG, "no call is under way on this connection");
		return TOW_DB_FAILED;
	}
	if (f->step == DIALING) {
		if (rows)
			*rows = NULL;
		return db_dialling(db, e);
	}
	bool lost = !PQconsumeInput(db->pg);
	flush(db);
	while (lost || !PQisBusy(db->pg)) {
		PGresult *r = PQgetResult(db->pg);
		if (r) {
			keep_result(f, r);
			continue;
		}
		enum tow_db_state state = next_step(db, rows, e);
		if (state != TOW_DB_BUSY)
			return state;
	}
	return TOW_DB_BUSY;
}

static bool is_free(const struct tow_db *db, const char *what, struct tow_err *e)
{
	return db->flight.step == IDLE ||
	       tow_fail(e, TOW_BUG, "'%s' is called while another call is under way", what);
}

bool tow_db_send(struct tow_db *db, struct tow_err *e, const char *verb, const char *const *values,
		 size_t n)
{
	struct statement *s;
	return is_free(db, verb, e) && statement_call(&db->statements, &s, verb, n, e) &&
	       launch(db, e, s, values, n);
}
/* --- a call at once */

static void wait_for_socket(const struct tow_db *db, int ms)
{
	struct pollfd socket = { tow_db_fd(db), POLLIN, 0 };
	if (db->wants_write)
		socket.events |= POLLOUT;
	poll(&socket, 1, ms); /* interrupted or not, take looks again */
}

/* What is cancelled is answered, too. Where even that does not come nobody knows what becomes of
 * the call: the connection is of no use. */
bool db_wait(struct tow_db *db, struct tow_rows **rows, struct tow_err *e)
{
	enum tow_db_state state;
	long long limit_us = db->limit_ms * 1000LL, until_us = tow_mono_us() + limit_us;
	bool cancelled = false;
	while ((state = tow_db_take(db, rows, e)) == TOW_DB_BUSY) {
		long long left_us = until_us - tow_mono_us();
		if (!limit_us || left_us > 0) {
			wait_for_socket(db, limit_us ? (int)(left_us / 1000 + 1) : -1);
		} else if (!cancelled) {
			tow_db_cancel(db);
			cancelled = true;
			until_us += limit_us;
		} else {
			db->broken = true;
			return tow_fail_class(e, TOW_RETRY, "08006",
					      "the database does not answer");
		}
	}
	return state == TOW_DB_DONE;
}

bool tow_db_call(struct tow_db *db, struct tow_rows **rows, struct tow_err *e, const char *verb,
		 const char *const *values, size_t n)
{
	return tow_db_send(db, e, verb, values, n) && db_wait(db, rows, e);
}

bool tow_db_call_named(struct tow_db *db, struct tow_rows **rows, struct tow_err *e,
		       const char *verb, const struct tow_arg *args, size_t n)
{
	TOW_AUTO_ARENA a = { 0 };
	const char **values = tow_alloc(&a, n * sizeof *values);
	struct statement *s;
	size_t given;
	return is_free(db, verb, e) &&
	       statement_named(&db->statements, &s, verb, args, n, values, &given, e) &&
	       launch(db, e, s, values, given) && db_wait(db, rows, e);
}

bool tow_db_view(struct tow_db *db, struct tow_rows **rows, struct tow_err *e, const char *view)
{
	struct statement *s;
	return is_free(db, view, e) && statement_view(&db->statements, &s, view, e) &&
	       launch(db, e, s, NULL, 0) && db_wait(db, rows, e);
}

/* --- scripts */

static void print_warning(void *arg, const PGresult *notice)
{
	(void)arg;
	if (strcmp(field(notice, PG_DIAG_SEVERITY_NONLOCALIZED), "WARNING") == 0)
		fprintf(stderr, "warning: %s\n", field(notice, PG_DIAG_MESSAGE_PRIMARY));
}

/* The server counts characters from 1. */
static long line_at(const char *sql, long position)
{
	long line = 1;
	for (long at = 1; *sql && at < position; sql++) {
		line += *sql == '\n';
		at += ((unsigned char)sql[1] & 0xc0) != 0x80;
	}
	return line;
}

bool tow_db_script(struct tow_db *db, struct tow_err *e, const char *sql)
{
	if (!is_free(db, "script", e))
		return false;
	PQnoticeReceiver before = PQsetNoticeReceiver(db->pg, print_warning, NULL);
	AUTO_RESULT *r = PQexec(db->pg, sql);
	PQsetNoticeReceiver(db->pg, before, NULL);
	if (!r)
		return fail_lost(db, e);
	if (succeeded(r) || PQresultStatus(r) == PGRES_EMPTY_QUERY)
		return true;
	fail_result(db, r, e);
	long position = strtol(field(r, PG_DIAG_STATEMENT_POSITION), NULL, 10);
	return position > 0 ? tow_wrap(e, "line %ld", line_at(sql, position)) : false;
}
