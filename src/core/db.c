#include "tow/db.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sqlstate.h"
#include "statement.h"
#include "tow/proc.h"

enum { CANCEL_MS = 2000 };

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
	PGresult *result;
};

struct tow_db {
	PGconn *pg;
	pid_t owner;
	bool broken, wants_write;
	bool meeting; /* the call under way asks who is there */
	bool pooled, named;
	int limit_ms; /* 0: a call may take as long as it does */
	struct statements statements;
	struct flight flight;
	PGnotify *bell;
};

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

/* --- connecting */

static void drop_notice(void *arg, const PGresult *notice)
{
	(void)arg;
	(void)notice;
}

/* An unescaped @ or / in a password makes part of it look like the host or the database, which
 * messages show. */
static bool looks_torn(const PQconninfoOption *o)
{
	bool shown = strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "dbname") == 0;
	return shown && o->val && strchr(o->val + (*o->val == '@'), '@');
}

/* libpq's own message about a bad address may quote the password: ours does not. */
static bool check_address(const char *url, struct tow_err *e)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	bool good = options != NULL;
	for (PQconninfoOption *o = options; good && o->keyword; o++)
		good = !looks_torn(o);
	PQconninfoFree(options);
	if (good)
		return true;
	tow_fail_class(e, TOW_FINAL, "08001", "the database's address cannot be read");
	return tow_hint(e, "postgresql://user@host:5432/database, special characters in the "
			   "password percent-encoded; or 'host=... dbname=...'");
}

static bool find_address(struct tow_arena *a, const char **url, struct tow_err *e)
{
	return (*url || tow_db_find(a, url, e)) && (!*url || check_address(*url, e));
}

struct params {
	const char *keywords[16], *values[16];
	size_t n;
	char application[64];
	bool named; /* by an address, not by the environment alone */
};

static void param(struct params *p, const char *keyword, const char *value)
{
	p->keywords[p->n] = keyword;
	p->values[p->n++] = value;
}

/* What comes before dbname is a default: the address, expanded there, may say otherwise. A peer
 * that has vanished without a word is found within about ten seconds. */
static void fill_params(struct params *p, const char *url, const char *application)
{
	*p = (struct params){ .named = url != NULL };
	snprintf(p->application, sizeof p->application, "tow %s", application);
	param(p, "keepalives_idle", "5");
	param(p, "keepalives_interval", "2");
	param(p, "keepalives_count", "3");
	param(p, "tcp_user_timeout", "10000");
	if (!getenv("PGCONNECT_TIMEOUT"))
		param(p, "connect_timeout", "10");
	param(p, "application_name", p->application);
	if (url)
		param(p, "dbname", url);
	param(p, "client_encoding", "UTF8");
}

/* libpq tells the SQLSTATE of a refused connection only inside a verbose message. */
static PGconn *connect_verbosely(const struct params *p)
{
	enum { PATIENCE_MS = 10000 };
	PGconn *pg = PQconnectStartParams(p->keywords, p->values, 1);
	PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;
	while (PQstatus(pg) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
	       next != PGRES_POLLING_FAILED) {
		struct pollfd socket = { PQsocket(pg),
					 next == PGRES_POLLING_READING ? POLLIN : POLLOUT, 0 };
		int n = poll(&socket, 1, PATIENCE_MS);
		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		if (n > 0)
			next = PQconnectPoll(pg);
	}
	PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
	return pg;
}

static bool fail_connect(const PGconn *pg, bool named, const char *sqlstate, struct tow_err *e)
{
	char said[600];
	sqlstate_one_line(said, sizeof said, PQerrorMessage(pg));
	if (!*sqlstate && PQconnectionNeedsPassword(pg))
		sqlstate = "28P01";
	tow_fail_class(e, *sqlstate ? sqlstate_code(sqlstate, true) : TOW_RETRY,
		       *sqlstate ? sqlstate : "08001", "cannot connect to database '%s': %s",
		       PQdb(pg) ? PQdb(pg) : "", said);
	const struct meant meant = { PQuser(pg), PQdb(pg), PQhost(pg), PQport(pg), named };
	return sqlstate_hint_connect(sqlstate, said, &meant, e);
}

/* On failure *pg is NULL. A server that refused is asked again for the reason; whoever lets us in
 * then is welcome. */
static bool connect_to(PGconn **pg, const struct params *p, struct tow_err *e)
{
	char sqlstate[6] = "";
	PGconn *first = PQconnectdbParams(p->keywords, p->values, 1), *second = NULL;
	if (PQstatus(first) != CONNECTION_OK && sqlstate_server_spoke(PQerrorMessage(first))) {
		second = connect_verbosely(p);
		sqlstate_in_message(PQerrorMessage(second), sqlstate);
	}
	bool ok = PQstatus(first) == CONNECTION_OK || PQstatus(second) == CONNECTION_OK;
	if (!ok)
		fail_connect(first, p->named, sqlstate, e);
	*pg = PQstatus(first) == CONNECTION_OK ? first : ok ? second : NULL;
	if (*pg != first)
		PQfinish(first);
	if (*pg != second)
		PQfinish(second);
	return ok;
}

static bool meet(struct tow_db *db, struct tow_err *e);
static bool wait_for_answer(struct tow_db *db, struct tow_rows **rows, struct tow_err *e);

/* As long as connecting may take, as the address or we have it; 0: any time. */
static int patience_ms(PGconn *pg)
{
	PQconninfoOption *all = PQconninfo(pg);
	int seconds = 0;
	for (const PQconninfoOption *o = all; o && o->keyword; o++)
		if (strcmp(o->keyword, "connect_timeout") == 0 && o->val)
			seconds = (int)strtol(o->val, NULL, 10);
	PQconninfoFree(all);
	return seconds > 0 && seconds < 3600 ? seconds * 1000 : 0;
}

bool tow_db_open(struct tow_db **db, const char *url, const char *application, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	PGconn *pg = NULL;
	struct params p;
	if (!find_address(&a, &url, e))
		return false;
	fill_params(&p, url, application);
	if (!connect_to(&pg, &p, e))
		return false;
	PQsetNoticeReceiver(pg, drop_notice, NULL);
	PQsetnonblocking(pg, 1);
	*db = tow_xcalloc(1, sizeof **db);
	(*db)->pg = pg;
	(*db)->owner = getpid();
	(*db)->limit_ms = patience_ms(pg); /* a server may let us in and say nothing more */
	if (!meet(*db, e) || !wait_for_answer(*db, NULL, e)) {
		tow_db_closep(db);
		return false;
	}
	(*db)->limit_ms = 0;
	return true;
}

bool tow_db_dial(struct tow_db **db, const char *url, const char *application, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	struct params p;
	if (!find_address(&a, &url, e))
		return false;
	fill_params(&p, url, application);
	PGconn *pg = PQconnectStartParams(p.keywords, p.values, 1);
	if (PQstatus(pg) == CONNECTION_BAD) {
		fail_connect(pg, p.named, "", e);
		PQfinish(pg);
		return false;
	}
	PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
	PQsetNoticeReceiver(pg, drop_notice, NULL);
	*db = tow_xcalloc(1, sizeof **db);
	(*db)->pg = pg;
	(*db)->owner = getpid();
	(*db)->flight.step = DIALING;
	(*db)->named = p.named;
	(*db)->wants_write = true;
	return true;
}

/* libpq may be asked to go on only when the socket is ready for what it waits for. */
static enum tow_db_state take_dial(struct tow_db *db, struct tow_err *e)
{
	struct pollfd socket = { PQsocket(db->pg), db->wants_write ? POLLOUT : POLLIN, 0 };
	char sqlstate[6] = "";
	if (poll(&socket, 1, 0) == 0)
		return TOW_DB_BUSY;
	PostgresPollingStatusType next = PQconnectPoll(db->pg);
	db->wants_write = next == PGRES_POLLING_WRITING;
	if (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING)
		return TOW_DB_BUSY;
	db->flight.step = IDLE;
	PQsetErrorVerbosity(db->pg, PQERRORS_DEFAULT);
	if (next == PGRES_POLLING_OK) {
		PQsetnonblocking(db->pg, 1);
		return meet(db, e) ? TOW_DB_BUSY : TOW_DB_FAILED;
	}
	db->broken = true;
	sqlstate_in_message(PQerrorMessage(db->pg), sqlstate);
	fail_connect(db->pg, db->named, sqlstate, e);
	return TOW_DB_FAILED;
}

/* A forked child that closes what it inherited must not say goodbye in its parent's name. */
static void silence(PGconn *pg)
{
	TOW_AUTO_FD null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0 && PQsocket(pg) >= 0)
		dup2(null, PQsocket(pg));
}

void tow_db_close(struct tow_db *db)
{
	if (!db)
		return;
	if (db->owner != getpid())
		silence(db->pg);
	PQclear(db->flight.result);
	PQfreemem(db->bell);
	PQfinish(db->pg);
	statements_release(&db->statements);
	tow_arena_release(&db->flight.arena);
	free(db);
}

void tow_db_closep(struct tow_db **db)
{
	tow_db_close(*db);
	*db = NULL;
}

bool tow_db_alive(const struct tow_db *db)
{
	return !db->broken && PQstatus(db->pg) == CONNECTION_OK;
}

int tow_db_backend(const struct tow_db *db)
{
	return PQbackendPID(db->pg);
}

const char *tow_db_user(const struct tow_db *db)
{
	return PQuser(db->pg);
}

void tow_db_blame_login(const struct tow_db *db, const char *role, struct tow_err *e)
{
	const char *login = PQuser(db->pg);
	if (strcmp(e->class, "42501") == 0) {
		(void)tow_wrap(e, "the login '%s' may not do what %s may", login, role);
		(void)tow_hint(e, "make it a member: grant %s to \"%s\"", role, login);
	}
}

bool tow_db_pooled(const struct tow_db *db)
{
	return db->pooled;
}

static void end_in_time(pid_t child)
{
	TOW_AUTO_FD process = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd ended = { process, POLLIN, 0 };
	if (process < 0 || poll(&ended, 1, CANCEL_MS) <= 0)
		kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

/* PQcancel waits until the server hangs up: for ever where that stands still. So a child does. */
void tow_db_cancel(struct tow_db *db)
{
	char ignored[256];
	PGcancel *cancel = PQgetCancel(db->pg);
	pid_t child = cancel ? fork() : -1;
	if (child == 0)
		_exit(PQcancel(cancel, ignored, sizeof ignored) ? 0 : 1);
	if (child > 0)
		end_in_time(child);
	PQfreeCancel(cancel);
}

void tow_db_limit(struct tow_db *db, int ms)
{
	db->limit_ms = ms;
}

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
static bool meet(struct tow_db *db, struct tow_err *e)
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
		return take_dial(db, e);
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

int tow_db_fd(const struct tow_db *db)
{
	return PQsocket(db->pg);
}

bool tow_db_wants_write(const struct tow_db *db)
{
	return db->wants_write;
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
static bool wait_for_answer(struct tow_db *db, struct tow_rows **rows, struct tow_err *e)
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
	return tow_db_send(db, e, verb, values, n) && wait_for_answer(db, rows, e);
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
	       launch(db, e, s, values, given) && wait_for_answer(db, rows, e);
}

bool tow_db_view(struct tow_db *db, struct tow_rows **rows, struct tow_err *e, const char *view)
{
	struct statement *s;
	return is_free(db, view, e) && statement_view(&db->statements, &s, view, e) &&
	       launch(db, e, s, NULL, 0) && wait_for_answer(db, rows, e);
}

/* --- notifications and scripts */

bool tow_db_bell(struct tow_db *db, const char **channel, const char **payload)
{
	PQfreemem(db->bell);
	if (!PQconsumeInput(db->pg))
		db->broken = true;
	db->bell = PQnotifies(db->pg);
	if (!db->bell)
		return false;
	*channel = db->bell->relname;
	*payload = db->bell->extra;
	return true;
}

bool tow_db_lives(struct tow_db *db)
{
	const char *channel, *payload;
	for (int look = 0; look < 2; look++)
		while (tow_db_bell(db, &channel, &payload))
			;
	return tow_db_alive(db);
}

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
	PQsetNoticeReceiver(db->pg, print_warning, NULL);
	AUTO_RESULT *r = PQexec(db->pg, sql);
	PQsetNoticeReceiver(db->pg, drop_notice, NULL);
	if (!r)
		return fail_lost(db, e);
	if (succeeded(r) || PQresultStatus(r) == PGRES_EMPTY_QUERY)
		return true;
	fail_result(db, r, e);
	long position = strtol(field(r, PG_DIAG_STATEMENT_POSITION), NULL, 10);
	return position > 0 ? tow_wrap(e, "line %ld", line_at(sql, position)) : false;
}
