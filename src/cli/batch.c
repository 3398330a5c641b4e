/* tow batch: many jobs, and one that runs when all of them have ended. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/input.h"
#include "lib/print.h"
#include "lib/sub.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "name", "TEXT", "open: to tell it from others" },
	{ "queue", "NAME", "open: the queue of its job (default)" },
	{ "priority", "N", "open: smaller runs first (100)" },
	{ "lane", "NAME", "open: the lane of its job" },
	{ "parent", "ID", "open: the job or batch that it is part of" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "id", NULL, AS_IS },	      { "name", NULL, AS_IS },	     { "kind", NULL, AS_IS },
	{ "queue", NULL, AS_IS },     { "state", NULL, AS_STATE },   { "total", NULL, AS_IS },
	{ "completed", NULL, AS_IS }, { "failed", NULL, AS_IS },     { "cancelled", NULL, AS_IS },
	{ "pending", NULL, AS_IS },   { "pct", "DONE", AS_PERCENT }, COLUMN_END,
};

static int ls(struct cli *c)
{
	return print_view(c, "tow.batches", columns);
}

static bool has_members(struct cli *c, const struct tow_rows *rows, const char *id)
{
	if (tow_rows_int(rows, 0, "total") > 0 || *tow_rows_get(rows, 0, "batch") == 't')
		return true;
	tow_fail_class(&c->err, TOW_FINAL, "TW409", "job %s is not a batch and has no children",
		       id);
	return tow_hint(&c->err, "'tow batch ls' lists batches; see 'tow job %s'", id);
}

static int show(struct cli *c)
{
	static const struct column progress[] = {
		{ "total", NULL, AS_IS },
		{ "completed", NULL, AS_IS },
		{ "failed", NULL, AS_IS },
		{ "cancelled", NULL, AS_IS },
		{ "pending", NULL, AS_IS },
		{ "pct", "DONE", AS_PERCENT },
		COLUMN_END,
	};
	TOW_AUTO_ROWS *rows = NULL;
	const char *id = cli_operand(c, 0);
	if (!cli_id(id, &c->err) || !tow_call(c->db, &rows, &c->err, "tow.progress_of", id) ||
	    !has_members(c, rows, id) || !print_rows(c, rows, progress))
		return cli_failed(c);
	return EX_OK;
}

static int open_batch(struct cli *c)
{
	static const char *const same[] = { "name", "queue", "priority", "lane", "parent" };
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };
	const char *args;
	if (!input_json(c, cli_operand(c, 1), &args))
		return cli_failed(c);
	cli_arg(&call, "kind", cli_operand(c, 0));
	cli_arg(&call, "args", args);
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		cli_arg(&call, same[i], cli_option(c, same[i]));
	if (!cli_call(c, &rows, "tow.batch", &call))
		return cli_failed(c);
	printf(cli_has(c, "json") ? "{\"id\": %s}\n" : "%s\n", tow_rows_at(rows, 0, 0));
	return EX_OK;
}

static int seal(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!cli_id(cli_operand(c, 0), &c->err) ||
	    !tow_call(c->db, &rows, &c->err, "tow.seal", cli_operand(c, 0)))
		return cli_failed(c);
	const char *n = tow_rows_at(rows, 0, 0);
	if (cli_has(c, "json"))
		printf("{\"members\": %s}\n", n);
	else
		printf("%s member%s\n", n, strcmp(n, "1") == 0 ? "" : "s");
	return EX_OK;
}

static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "open", 1, 2, open_batch, " name queue priority lane parent ", NULL },
	{ "seal", 1, 1, seal, NULL, NULL },
	{ "show", 1, 1, show, NULL, NULL },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_batch = {
	.name = "batch",
	.summary = "group jobs, and run one more when all of them have ended",
	.usage = "tow batch ls | open KIND [JSON | -] | seal ID | show ID",
	.options = options,
	.help = "open prints the number of the job that runs last; add members to it with tow "
		"enqueue "
		"--parent, then\n"
		"seal it. show says how far the members are, or the children of any job.\n"
		"\n"
		"Examples:\n"
		"  id=$(tow batch open mail-report --name newsletter)\n"
		"  tow enqueue mail --bulk --parent $id <addresses.jsonl\n"
		"  tow batch seal $id\n"
		"  tow batch show $id\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it is no batch, or seal: no open one.\n",
	.run = run,
};
