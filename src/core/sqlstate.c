#include "sqlstate.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "home.h"
#include "tow/db.h"

/* By how the SQLSTATE begins; the first that fits counts. */
static const struct {
	const char *start;
	enum tow_code code;
} codes[] = {
	{ "57014", TOW_CANCELLED }, /* query_canceled */
	{ "TW", TOW_FINAL },	    /* our own: the answer was no */
	{ "28", TOW_FINAL },	    /* who we are or what we know is wrong, connection or not */
	{ "08", TOW_RETRY },	    /* connection exception */
	{ "40", TOW_RETRY },	    /* transaction rollback: serialization failure, deadlock */
	{ "53", TOW_RETRY },	    /* insufficient resources */
	{ "55P03", TOW_RETRY },	    /* lock_not_available */
	{ "57", TOW_RETRY },	    /* operator intervention: shutdown, crash, not yet up */
};

enum tow_code sqlstate_code(const char *sqlstate, bool alive)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strncmp(sqlstate, codes[i].start, strlen(codes[i].start)) == 0)
			return codes[i].code;
	return alive ? TOW_FINAL : TOW_RETRY;
}

int tow_db_refusal(const struct tow_err *e)
{
	static const struct {
		const char *start;
		int status;
	} table[] = {
		{ "28", EX_NOPERM },	/* nobody knows us, or not with this password */
		{ "42501", EX_NOPERM }, /* insufficient_privilege */
		{ "08001", EX_CONFIG }, /* an address that cannot be read */
		{ "3D000", EX_CONFIG }, /* no such database */
		{ "3F000", EX_CONFIG }, /* no schema, or another version's */
		{ "42883", EX_CONFIG }, { "42P01", EX_CONFIG },
	};
	for (size_t i = 0; e->code == TOW_FINAL && i < sizeof table / sizeof *table; i++)
		if (strncmp(e->class, table[i].start, strlen(table[i].start)) == 0)
			return table[i].status;
	return 0;
}

struct hint {
	const char *start, *text;
};

static const char *find(const struct hint *hints, size_t n, const char *sqlstate)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(sqlstate, hints[i].start, strlen(hints[i].start)) == 0)
			return hints[i].text;
	return NULL;
}

/* PgBouncer has one SQLSTATE for all that it has to say. */
static const char *connect_hint(const char *sqlstate, const char *said)
{
	static const struct hint hints[] = {
		{ "28", "check the user in --database or DATABASE_URL, and the server's "
			"pg_hba.conf" },
		{ "53300", "too many sessions: raise max_connections, or run fewer processes" },
		{ "08P01", "that is what a pooler says: look into its log" },
		{ "57P03", "the server is starting or stopping: try again in a moment" },
		{ "", "look into the server's log" },
	};
	if (strstr(said, "unsupported startup parameter"))
		return "leave 'options' out of the address, and PGOPTIONS out of the environment; "
		       "or let the pooler ignore it (PgBouncer: ignore_startup_parameters)";
	return find(hints, sizeof hints / sizeof *hints, sqlstate);
}

/* What a hint can quote: a name that is odd is left to whoever reads the error. */
static const char *word(const char *text)
{
	return text && *text && !strpbrk(text, "'\"\\\n") ? text : "...";
}

static bool hint_unreachable(const struct meant *m, struct tow_err *e)
{
	if (m->named && m->host && home_has_server(m->host))
		return home_hint_down(e);
	return tow_hint(e,
			"look whether a server runs on host '%1$s' and takes connections at port "
			"%2$s (pg_isready -h %1$s -p %2$s), or mend --database or DATABASE_URL",
			word(m->host), word(m->port));
}

bool sqlstate_hint_connect(const char *sqlstate, const char *said, const struct meant *m,
			   struct tow_err *e)
{
	if (!m->named && home_is_meant())
		return home_blame(e);
	if (!*sqlstate)
		return hint_unreachable(m, e);
	if (strcmp(sqlstate, "28P01") == 0)
		return tow_hint(e,
				"mend the user or the password in --database or DATABASE_URL; or "
				"set another one: alter role \"%s\" password '...'",
				word(m->user));
	if (strcmp(sqlstate, "42501") == 0)
		return tow_hint(e, "let the user in: grant connect on database \"%s\" to \"%s\"",
				word(m->database), word(m->user));
	if (strcmp(sqlstate, "3D000") == 0)
		return tow_hint(e,
				"mend its name in --database or DATABASE_URL; or create the "
				"database \"%s\", and run tow migrate",
				word(m->database));
	return tow_hint(e, "%s", connect_hint(sqlstate, said));
}

const char *sqlstate_prepare_hint(const char *sqlstate)
{
	static const char other_version[] =
		"the schema in the database is older than this program (tow " TOW_VERSION
		"): run tow migrate; if it is newer, install that tow";
	static const struct hint hints[] = {
		{ "3F000", "there is no Towpath in this database yet: run tow migrate" },
		{ "42883", other_version },
		{ "42P01", other_version },
	};
	return find(hints, sizeof hints / sizeof *hints, sqlstate);
}

/* "... failed: FATAL:  28P01: password ...": two spaces mark what a server said. */
static const char *server_said(const char *message)
{
	const char *mark = strstr(message, ":  ");
	return mark ? mark + 3 : NULL;
}

bool sqlstate_server_spoke(const char *message)
{
	return server_said(message) != NULL;
}

void sqlstate_in_message(const char *message, char sqlstate[6])
{
	const char *said = server_said(message);
	sqlstate[0] = '\0';
	if (said && strspn(said, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5) {
		memcpy(sqlstate, said, 5);
		sqlstate[5] = '\0';
	}
}

/* "LOCATION:  ProcessStartupPacket, postmaster.c:2371" is for whoever works on PostgreSQL. */
static bool is_location(const char *line)
{
	return strncmp(line, "LOCATION:", 9) == 0;
}

void sqlstate_one_line(char *out, size_t size, const char *message)
{
	size_t n = 0;
	for (const char *line = message; *line;) {
		size_t len = strcspn(line, "\n");
		if (*line != '\t' && !is_location(line) && n < size)
			n += (size_t)snprintf(out + n, size - n, "%.*s; ", (int)len, line);
		line += len + (line[len] == '\n');
	}
	if (n >= size)
		n = size - 1;
	while (n > 0 && strchr("; ", out[n - 1]))
		n--;
	out[n] = '\0';
}
