/* A connection, from its making to its end: see tow/db.h. */
#include "calling.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db_connect.h"
#include "tow/proc.h"

enum { CANCEL_MS = 2000 };

static struct tow_db *db_of(PGconn *pg)
{
	struct tow_db *db = tow_xcalloc(1, sizeof *db);
	db->pg = pg;
	db->owner = getpid();
	return db;
}

bool tow_db_open(struct tow_db **db, const char *url, const char *application, struct tow_err *e)
{
	PGconn *pg = NULL;
	if (!db_connect(&pg, url, application, e))
		return false;
	PQsetnonblocking(pg, 1);
	*db = db_of(pg);
	(*db)->limit_ms =
		db_connect_patience_ms(pg); /* a server may let us in and say nothing more */
	if (!db_meet(*db, e) || !db_wait(*db, NULL, e)) {
		tow_db_closep(db);
		return false;
	}
	(*db)->limit_ms = 0;
	return true;
}

bool tow_db_dial(struct tow_db **db, const char *url, const char *application, struct tow_err *e)
{
	PGconn *pg = NULL;
	bool named;
	if (!db_connect_begin(&pg, &named, url, application, e))
		return false;
	*db = db_of(pg);
	(*db)->flight.step = DIALING;
	(*db)->named = named;
	(*db)->wants_write = true;
	return true;
}

/* libpq may be asked to go on only when the socket is ready for what it waits for. */
enum tow_db_state db_dialling(struct tow_db *db, struct tow_err *e)
{
	struct pollfd socket = { PQsocket(db->pg), db->wants_write ? POLLOUT : POLLIN, 0 };
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
		return db_meet(db, e) ? TOW_DB_BUSY : TOW_DB_FAILED;
	}
	db->broken = true;
	db_connect_failed(db->pg, db->named, e);
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

int tow_db_fd(const struct tow_db *db)
{
	return PQsocket(db->pg);
}

bool tow_db_wants_write(const struct tow_db *db)
{
	return db->wants_write;
}

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
