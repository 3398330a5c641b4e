/* tow job: everything about one job, on a page. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/cli.h"
#include "lib/joblog.h"
#include "lib/jobpage.h"
#include "lib/table.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "log", NULL, "only its log" },
	{ "follow", NULL, "with --log: stay until it has ended" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static bool check(struct cli *c)
{
	if (cli_has(c, "follow") && !cli_has(c, "log"))
		return args_usage(&c->err, "--follow goes with --log; 'tow jobs --follow' shows "
					   "changes of state");
	return cli_id(cli_operand(c, 0), &c->err);
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	TOW_AUTO_ROWS *rows = NULL;
	if (!cli_parse(&c, options, 1, 1, argc, argv) || !check(&c) || !cli_open_database(&c))
		return cli_failed(&c);
	if (cli_has(&c, "log"))
		return joblog_print(&c, cli_operand(&c, 0), cli_has(&c, "follow"));
	if (!tow_call(c.db, &rows, &c.err, "tow.job", cli_operand(&c, 0)))
		return cli_failed(&c);
	if (cli_has(&c, "json"))
		table_json_row(stdout, rows, 0);
	else if (!jobpage_print(&c, rows))
		return cli_failed(&c);
	return EX_OK;
}

const struct tow_command tow_command_job = {
	.name = "job",
	.summary = "show everything about one job",
	.usage = "tow job [--json] ID\n       tow job --log [--follow] ID",
	.options = options,
	.help = "Its facts and state, progress, every attempt with its error, result, log, and "
		"what people did to it. Of\n"
		"long arguments, results and lines the beginning is shown; --json has all.\n"
		"\n"
		"Examples:\n"
		"  tow job 7\n"
		"  tow job 7 --json | jq .attempts\n"
		"  tow job 7 --log --follow\n"
		"\n"
		"Exit status: 0, 66 no such job.\n",
	.run = run,
};
