/* tow redrive: run many failed jobs again. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/cli.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "queue", "NAME", "only of this queue" },
	{ "kind", "NAME", "only of this kind" },
	{ "class", "WORD", "only where the error's class begins so: timeout, http.5, exit.1" },
	{ "since", "INTERVAL", "only those that failed within it (7 days)" },
	{ "limit", "N", "at most so many, the oldest first (1000)" },
	{ "all", NULL, "all that failed within 7 days" },
	{ "dry-run", NULL, "only say how many it would be" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

/* Thousands of jobs that run again are more than a word typed too early shall do. */
static bool check(struct cli *c)
{
	long any;
	bool filter = cli_has(c, "queue") || cli_has(c, "kind") || cli_has(c, "class") ||
		      cli_has(c, "since");
	if (filter && cli_has(c, "all"))
		return args_usage(&c->err, "--all and a filter say two different things");
	if (filter || cli_has(c, "all") || cli_has(c, "dry-run"))
		return args_int(&c->args, "limit", 1, 10000, &any, &c->err);
	args_usage(&c->err, "which jobs? --queue, --kind, --class or --since, or --all");
	return tow_hint(&c->err, "'tow redrive --dry-run' says how many there are");
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };
	if (!cli_parse(&c, options, 0, 0, argc, argv) || !check(&c) || !cli_open_database(&c))
		return cli_failed(&c);
	bool dry = cli_has(&c, "dry-run");
	cli_arg(&call, "queue", cli_option(&c, "queue"));
	cli_arg(&call, "kind", cli_option(&c, "kind"));
	cli_arg(&call, "class", cli_option(&c, "class"));
	cli_arg(&call, "since", cli_option(&c, "since"));
	cli_arg(&call, "max_jobs", cli_option(&c, "limit"));
	cli_arg(&call, "dry_run", dry ? "true" : NULL);
	if (!cli_call(&c, &rows, "tow.redrive", &call))
		return cli_failed(&c);
	const char *count = tow_rows_at(rows, 0, 0);
	if (cli_has(&c, "json"))
		printf("{\"jobs\": %s, \"dry_run\": %s}\n", count, dry ? "true" : "false");
	else
		printf("%s %s\n", count, dry ? "would run again" : "run again");
	return EX_OK;
}

const struct tow_command tow_command_redrive = {
	.name = "redrive",
	.summary = "run many failed jobs again",
	.usage = "tow redrive [options]",
	.options = options,
	.help = "Failed jobs stay where they are until their retention ends; this puts them back, "
		"each once. At least\n"
		"one filter is needed, or --all.\n"
		"\n"
		"Examples:\n"
		"  tow redrive --dry-run\n"
		"  tow redrive --queue mail --since '2 hours'\n"
		"  tow redrive --class http.5 --limit 100\n"
		"  tow redrive --all\n"
		"\n"
		"Exit status: 0, 64 neither a filter nor --all.\n",
	.run = run,
};
