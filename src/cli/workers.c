/* tow workers: who runs jobs; one of them can be asked to leave. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/print.h"
#include "tow/command.h"

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

static int drain(struct cli *c, const char *id)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!cli_number(id, "worker", "tow workers", &c->err) ||
	    !tow_call(c->db, &rows, &c->err, "tow.drain_worker", id))
		return cli_failed(c);
	const char *jobs = tow_rows_at(rows, 0, 0);
	if (cli_has(c, "json"))
		printf("{\"jobs\": %s}\n", jobs);
	else
		printf("worker %s takes no more jobs, and goes when it has ended the %s that it "
		       "has; tow up starts another in its place at once\n",
		       id, jobs);
	return EX_OK;
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_parse(&c, options, 0, 2, argc, argv))
		return cli_failed(&c);
	const char *verb = cli_operand(&c, 0), *id = cli_operand(&c, 1);
	if (verb && (strcmp(verb, "drain") != 0 || !id)) {
		args_usage(&c.err, "'tow workers' takes no other words than: drain ID");
		return cli_failed(&c);
	}
	if (!cli_open_database(&c))
		return cli_failed(&c);
	if (verb)
		return drain(&c, id);
	return print_view(&c, "tow.workers", columns);
}

const struct tow_command tow_command_workers = {
	.name = "workers",
	.summary = "the workers that live; have one leave",
	.usage = "tow workers [drain ID] [--json]",
	.options = options,
	.help = "BUSY is how many jobs it holds, of which SLOTS run at once. HEARD is its last "
		"beat.\n"
		"drain has one claim no more, end what it has, and go: what it had not started is "
		"another's at once.\n"
		"\n"
		"Examples:\n"
		"  tow workers\n"
		"  tow workers drain 3\n"
		"  tow workers --json | jq '.[].kinds'\n",
	.run = run,
};
