/* tow migrate: bring the database to this program's schema. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/cli.h"
#include "lib/migration.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "dry-run", NULL, "say what would be done, change nothing" },
	{ "check", NULL, "exit status 0 if the database is up to date, 1 if not" },
	{ "test", NULL, "mark a new instance for tests: its clock may be faked with tow.fake_now" },
	{ "quiet", NULL, "say nothing but errors" },
	{ "from", "DIR", "take the files of DIR/sql instead of those built in" },
	{ "direct", "URL", "the database's address past a pooler (TOW_DIRECT_URL)" },
	OPTION_DATABASE,
	OPTION_END,
};

static void say(const char *what)
{
	puts(what);
}

static void say_nothing(const char *what)
{
	(void)what;
}

static int look(struct cli *c, struct migration *m)
{
	if (!migration_look(m, &c->err))
		return cli_failed(c);
	if (m->changes == 0 && !cli_has(c, "quiet"))
		puts("up to date");
	return cli_has(c, "check") && m->changes > 0 ? 1 : EX_OK;
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_parse(&c, options, 0, 0, argc, argv) || !cli_open_direct(&c))
		return cli_failed(&c);
	struct migration m = { .arena = &c.arena,
			       .db = c.db,
			       .from = cli_option(&c, "from"),
			       .say = cli_has(&c, "quiet") ? say_nothing : say };
	if (cli_has(&c, "dry-run") || cli_has(&c, "check"))
		return look(&c, &m);
	if (!migration_run(&m, &c.err) ||
	    (cli_has(&c, "test") && !tow_call(c.db, NULL, &c.err, "tow_store.migrate_mark_test")))
		return cli_failed(&c);
	if (cli_has(&c, "quiet"))
		return EX_OK;
	if (m.changes == 0)
		puts("up to date");
	else if (strcmp(m.owner, "tow_owner") != 0)
		printf("note: everything belongs to '%s'; where there are no roles (tow_producer, "
		       "tow_viewer...), nobody else\n"
		       "can be let in, nor does tow serve let anybody in, until a superuser runs "
		       "tow migrate\n",
		       m.owner);
	return EX_OK;
}

const struct tow_command tow_command_migrate = {
	.name = "migrate",
	.summary = "install the schema, or bring it up to date",
	.usage = "tow migrate [--dry-run] [--check]",
	.options = options,
	.help = "Safe beside running workers and beside another migration: tables change in short "
		"transactions that\n"
		"give up and come again rather than make others wait; functions and views are "
		"replaced together.\n"
		"A superuser or a role with createrole also gets the roles tow_owner (everything "
		"belongs to it),\n"
		"tow_admin, tow_operator, tow_producer, tow_worker and tow_viewer, to be granted "
		"to people,\n"
		"and tow_server for tow serve.\n"
		"\n"
		"A database that was restored into another cluster has lost them: it gets them "
		"again, with what is\n"
		"granted to them, and what a superuser has restored is given to tow_owner.\n"
		"\n"
		"Schemas tow, tow_store, haul and haul_store are Towpath's: what no file defines "
		"any more is dropped\n"
		"there. A view of yours that depends on something which must go is named, and "
		"nothing is changed.\n"
		"\n"
		"Examples:\n"
		"  tow migrate --dry-run\n"
		"  tow migrate --check || tow migrate\n"
		"\n"
		"Exit status: 0, 1 with --check when something is to be done, 69 no database, "
		"75 it was too busy\n"
		"(try again), 77 the role may not do it.\n",
	.run = run,
};
