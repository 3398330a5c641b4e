/* tow workers: who runs jobs; one of them can be asked to leave. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/health.h"
#include "lib/print.h"
#include "lib/text.h"
#include "tow/command.h"
#include "tow/near.h"

static const struct tow_option options[] = {
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "id", NULL, AS_IS },
	{ "name", NULL, AS_IS },
	{ "host", NULL, AS_IS },
	{ "pid", NULL, AS_IS },
	{ "state", NULL, AS_STATE },
	{ "busy", NULL, AS_IS },
	{ "slots", NULL, AS_IS },
	{ "queues", NULL, AS_IS },
	{ "memory", NULL, AS_BYTES },
	{ "attached_at", "SINCE", AS_WHEN },
	{ "seen_at", "HEARD", AS_WHEN },
	{ "version", NULL, AS_IS },
	COLUMN_END,
};

static bool is_called(const struct tow_rows *rows, size_t row, const char *name)
{
	return strcmp(tow_rows_get(rows, row, "name"), name) == 0 ||
	       strcmp(tow_rows_get(rows, row, "id"), name) == 0;
}

static bool none(struct cli *c, const struct tow_rows *rows, const char *name)
{
	struct tow_near near = { .word = name };
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		tow_near_offer(&near, tow_rows_get(rows, i, "name"));
	tow_fail_class(&c->err, TOW_FINAL, "TW404", "no worker '%s' lives", name);
	return near.best ? tow_hint(&c->err, "did you mean '%s'?", near.best)
			 : tow_hint(&c->err, "'tow workers' lists those that do");
}

static bool drain_one(struct cli *c, const char *id)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!tow_call(c->db, &rows, &c->err, "tow.drain_worker", id))
		return false;
	const char *jobs = tow_rows_at(rows, 0, 0);
	if (cli_has(c, "json"))
		printf("{\"worker\": %s, \"jobs\": %s}\n", id, jobs);
	else
		printf("worker %s takes no more jobs, and goes when it has ended the %s that it "
		       "has. tow up starts another in its place at once, a systemd unit with "
		       "Restart=always once it has gone, else nobody does\n",
		       id, jobs);
	return true;
}

/* Workers on several hosts may have one name. */
static bool drain(struct cli *c, const char *name)
{
	TOW_AUTO_ROWS *rows = NULL;
	size_t found = 0;
	if (!tow_db_view(c->db, &rows, &c->err, "tow.workers"))
		return false;
	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		if (!is_called(rows, i, name))
			continue;
		if (!drain_one(c, tow_rows_get(rows, i, "id")))
			return false;
		found++;
	}
	return found > 0 || none(c, rows, name);
}

/* Below the table stands what it has no room for: why one is not as it should be. That is asked
 * first, as it reads all that the table does and is not kept by somebody's lock for ever. */
static int list(struct cli *c)
{
	TOW_AUTO_ROWS *troubles = NULL;
	struct health h = { .c = c };
	if (!health_call(&h, &troubles, "tow.worker_troubles"))
		return cli_failed(c);
	if (h.blocked)
		return health_print(&h);
	int status = print_view(c, "tow.workers", columns);
	for (size_t i = 0; status == EX_OK && i < tow_rows_count(troubles); i++)
		printf("worker %s: %s\n", tow_rows_get(troubles, i, "worker"),
		       text_clean(&c->arena, tow_rows_get(troubles, i, "detail")));
	return status;
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_parse(&c, options, 0, 2, argc, argv))
		return cli_failed(&c);
	const char *verb = cli_operand(&c, 0), *name = cli_operand(&c, 1);
	if (verb && (strcmp(verb, "drain") != 0 || !name)) {
		args_usage(&c.err, "'tow workers' takes no other words than: drain NAME");
		return cli_failed(&c);
	}
	if (!cli_open_database(&c))
		return cli_failed(&c);
	if (verb)
		return drain(&c, name) ? EX_OK : cli_failed(&c);
	return cli_has(&c, "json") ? print_view(&c, "tow.workers", columns) : list(&c);
}

const struct tow_command tow_command_workers = {
	.name = "workers",
	.summary = "list live workers; have one leave",
	.usage = "tow workers [--json]\n       tow workers drain NAME",
	.options = options,
	.help = "BUSY is how many jobs it holds, of which SLOTS run at once. HEARD is its last "
		"beat. Below the table stands what is wrong\n"
		"with any of them, or whose lock prevents an answer.\n"
		"drain has one claim nothing more, finish what it runs, and exit; what it had not "
		"started goes to others at once.\n"
		"NAME is a worker's name or its number; all that have the name are meant.\n"
		"\n"
		"Examples:\n"
		"  tow workers\n"
		"  tow workers drain shed\n"
		"  tow workers --json | jq '.[].kinds'\n",
	.run = run,
};
