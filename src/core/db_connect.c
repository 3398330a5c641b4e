#include "db_connect.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlstate.h"
#include "tow/db.h"

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
	bool named;		/* by an address, not by the environment alone */
	struct tow_arena arena; /* of an address that was found */
};

static void drop_params(struct params *p)
{
	tow_arena_release(&p->arena);
}

#define AUTO_PARAMS __attribute__((cleanup(drop_params))) struct params

static void param(struct params *p, const char *keyword, const char *value)
{
	p->keywords[p->n] = keyword;
	p->values[p->n++] = value;
}

/* What comes before dbname is a default: the address, expanded there, may say otherwise. A peer
 * that has vanished without a word is found within about ten seconds. */
static bool params_of(struct params *p, const char *url, const char *application, struct tow_err *e)
{
	if (!find_address(&p->arena, &url, e))
		return false;
	p->named = url != NULL;
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
	return true;
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

bool db_connect(struct pg_conn **pg, const char *url, const char *application, struct tow_err *e)
{
	AUTO_PARAMS p = { 0 };
	if (!params_of(&p, url, application, e) || !connect_to(pg, &p, e))
		return false;
	PQsetNoticeReceiver(*pg, drop_notice, NULL);
	return true;
}

bool db_connect_begin(struct pg_conn **pg, bool *named, const char *url, const char *application,
		      struct tow_err *e)
{
	AUTO_PARAMS p = { 0 };
	if (!params_of(&p, url, application, e))
		return false;
	PGconn *begun = PQconnectStartParams(p.keywords, p.values, 1);
	if (PQstatus(begun) == CONNECTION_BAD) {
		fail_connect(begun, p.named, "", e);
		PQfinish(begun);
		return false;
	}
	PQsetErrorVerbosity(begun, PQERRORS_VERBOSE);
	PQsetNoticeReceiver(begun, drop_notice, NULL);
	*pg = begun;
	*named = p.named;
	return true;
}

bool db_connect_failed(const struct pg_conn *pg, bool named, struct tow_err *e)
{
	char sqlstate[6];
	sqlstate_in_message(PQerrorMessage(pg), sqlstate);
	return fail_connect(pg, named, sqlstate, e);
}

int db_connect_patience_ms(struct pg_conn *pg)
{
	PQconninfoOption *all = PQconninfo(pg);
	int seconds = 0;
	for (const PQconninfoOption *o = all; o && o->keyword; o++)
		if (strcmp(o->keyword, "connect_timeout") == 0 && o->val)
			seconds = (int)strtol(o->val, NULL, 10);
	PQconninfoFree(all);
	return seconds > 0 && seconds < 3600 ? seconds * 1000 : 0;
}
