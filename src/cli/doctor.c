/* tow doctor: from the connection upwards, what is wrong and what to do about it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "lib/health.h"
#include "lib/migration.h"
#include "lib/when.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

enum { OLDEST_SERVER = 150000, CLOCKS_MAY_DIFFER_S = 5 };

/* Workers and schedulers need a way past a pooler to hear bells and to be missed at once. */
static void check_connection(struct health *h)
{
	TOW_AUTO_DB *direct = NULL;
	struct cli *c = h->c;
	const char *url = tow_db_direct_url(&c->arena, NULL, cli_option(c, "database"));
	health_add(
		h, "connection", "ok",
		tow_fmt(&c->arena, "%s%s",
			c->url ? "the address is --database, DATABASE_URL or the private cluster's"
			       : "the address is that of the PG* variables",
			tow_db_pooled(c->db) ? "; a pooler stands before it" : ""),
		tow_db_pooled(c->db) && !url ? "set TOW_DIRECT_URL to the address past the pooler "
					       "for workers, schedulers and tow migrate"
					     : NULL);
	if (!url)
		return;
	if (!tow_db_open(&direct, url, c->command, &c->err))
		health_add(h, "direct", "bad", tow_strdup(&c->arena, c->err.text),
			   "TOW_DIRECT_URL is the address of the database itself");
	else if (tow_db_pooled(direct))
		health_add(h, "direct", "warn", "TOW_DIRECT_URL leads to a pooler, too",
			   "let it be the address of the database itself");
	else
		health_add(h, "direct", "ok", "TOW_DIRECT_URL leads to the database itself", NULL);
}

static const char *setting(struct cli *c, const char *name)
{
	TOW_AUTO_ROWS *r = NULL;
	if (!tow_call(c->db, &r, &c->err, "pg_catalog.current_setting", name))
		return "unknown";
	return tow_strdup(&c->arena, tow_rows_at(r, 0, 0));
}

static void check_server(struct health *h)
{
	const char *version = setting(h->c, "server_version");
	bool old = strtol(setting(h->c, "server_version_num"), NULL, 10) < OLDEST_SERVER;
	health_add(h, "server", old ? "bad" : "ok", tow_fmt(&h->c->arena, "PostgreSQL %s", version),
		   old ? "version 15 or later is needed" : NULL);
}

/* Without these a crash of the machine loses or tears what was committed. */
static void check_durability(struct health *h)
{
	static const char *const needed[] = { "fsync", "full_page_writes", "synchronous_commit" };
	size_t off = 0;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		if (strcmp(setting(h->c, needed[i]), "off") != 0)
			continue;
		off++;
		health_add(h, needed[i], i == 2 ? "warn" : "bad",
			   i == 2 ? "the last moments before a crash may be lost"
				  : "a crash of the machine may destroy the database",
			   tow_fmt(&h->c->arena,
				   "alter system set %s = on; select pg_reload_conf()", needed[i]));
	}
	if (off == 0)
		health_add(h, "durability", "ok", "what is committed stays", NULL);
}

static void check_schema(struct health *h)
{
	struct migration m = { .arena = &h->c->arena, .db = h->c->db };
	bool looked = migration_look(&m, &h->c->err);
	if (!looked && strcmp(h->c->err.class, "42501") == 0)
		health_add(h, "schema", "warn", "this user may not compare it with the program",
			   "ask again as whoever runs tow migrate");
	else if (!looked && strcmp(h->c->err.class, "55P03") == 0)
		health_add(h, "schema", "warn", "not compared: somebody has a table locked", NULL);
	else if (!looked)
		health_add(h, "schema", "bad", tow_strdup(&h->c->arena, h->c->err.text),
			   tow_strdup(&h->c->arena, h->c->err.hint));
	else if (m.changes > 0)
		health_add(h, "schema", "bad",
			   tow_fmt(&h->c->arena, "%zu files differ from this program, tow %s",
				   m.changes, TOW_VERSION),
			   "tow migrate");
	else
		health_add(h, "schema", "ok", "as this program, tow " TOW_VERSION, NULL);
}

/* Nothing depends on this machine's clock; a wrong one only makes logs hard to compare. */
static void check_clock(struct health *h)
{
	long long there;
	if (!when_now(h->c->db, &there, &h->c->err))
		return;
	long long s = there / 1000000 - (long long)time(NULL);
	bool off = s > CLOCKS_MAY_DIFFER_S || s < -CLOCKS_MAY_DIFFER_S;
	health_add(h, "clock", off ? "warn" : "ok",
		   off ? tow_fmt(&h->c->arena,
				 "the database's clock differs by %lld s from this machine's", s)
		       : "the database's clock and this machine's agree",
		   off ? "run an NTP client on both; only logs are affected" : NULL);
}

/* What a worker's login may not see may be well. */
static void add_unseen(struct health *h)
{
	const struct tow_err *e = &h->c->err;
	if (strcmp(e->class, "42501") == 0)
		health_add(h, "status", "warn", "this user may not look at queues and workers",
			   "ask again as a member of tow_viewer, tow_operator or tow_admin");
	else
		health_add(h, "status", "bad", e->text, e->hint);
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	struct health h = { .c = &c };
	if (!cli_connect(&c, options, 0, 0, argc, argv))
		return cli_failed(&c);
	check_connection(&h);
	check_server(&h);
	check_durability(&h);
	check_schema(&h);
	check_clock(&h);
	if (!health_add_status(&h, "tow.status") || !health_add_status(&h, "haul.status"))
		add_unseen(&h);
	return health_print(&h);
}

const struct tow_command tow_command_doctor = {
	.name = "doctor",
	.summary = "look for what is wrong, from the connection upwards",
	.usage = "tow doctor [--json]",
	.options = options,
	.help = "The connection, the server's version and durability, whether the schema is this "
		"program's, clocks; then\n"
		"all that 'tow status' looks at. Each finding says what to do.\n"
		"\n"
		"Examples:\n"
		"  tow doctor || mail -s 'tow is ill' root\n"
		"\n"
		"Exit status: 0 all is well or there are only warnings, 1 something is bad, 69 no "
		"connection.\n",
	.run = run,
};
