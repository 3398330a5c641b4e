/* tow schedule: jobs that are enqueued by the clock. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/input.h"
#include "lib/print.h"
#include "lib/sub.h"
#include "lib/when.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "tz", "ZONE", "add, next: the time zone of the line (UTC)" },
	{ "queue", "NAME", "add: the jobs' queue (default)" },
	{ "priority", "N", "add: smaller runs first (100)" },
	{ "max-attempts", "N", "add: instead of the policy's" },
	{ "timeout", "INTERVAL", "add: how long an attempt may run" },
	{ "policy", "NAME", "add: how the jobs are retried" },
	{ "tags", "A,B", "add: words to find the jobs by" },
	{ "missed", "WHAT",
	  "add: what passed while no scheduler lived: skip, or run the last (last)" },
	{ "grace", "INTERVAL", "add: how late is not missed yet (1 minute)" },
	{ "description", "TEXT", "add: what it is for" },
	{ "count", "N", "next: how many instants (5)" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "name", NULL, AS_IS },	{ "spec", NULL, AS_IS },
	{ "tz", "ZONE", AS_IS },	{ "kind", NULL, AS_IS },
	{ "queue", NULL, AS_IS },	{ "state", NULL, AS_STATE },
	{ "next_at", "NEXT", AS_WHEN }, { "last_at", "LAST", AS_WHEN },
	{ "last_job", "JOB", AS_IS },	{ "last_state", "ENDED", AS_STATE },
	{ "description", NULL, AS_IS }, COLUMN_END,
};

static int ls(struct cli *c)
{
	return print_view(c, "tow.schedules", columns);
}

static int say_next(struct cli *c, const struct tow_rows *rows)
{
	const char *at = tow_rows_at(rows, 0, 0);
	if (cli_has(c, "json"))
		table_json(stdout, rows);
	else
		printf("next at %s\n", at ? at : "never");
	return EX_OK;
}

static bool gather(struct cli *c, struct cli_call *call)
{
	static const char *const same[] = { "tz",     "queue",	"priority", "timeout",
					    "policy", "missed", "grace",    "description" };
	const char *args;
	if (!input_json(c, cli_operand(c, 3), &args))
		return false;
	cli_arg(call, "name", cli_operand(c, 0));
	cli_arg(call, "spec", cli_operand(c, 1));
	cli_arg(call, "kind", cli_operand(c, 2));
	cli_arg(call, "args", args);
	cli_arg(call, "max_attempts", cli_option(c, "max-attempts"));
	cli_arg(call, "tags", cli_array(&c->arena, cli_option(c, "tags")));
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		cli_arg(call, same[i], cli_option(c, same[i]));
	return true;
}

static int add(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };
	if (!gather(c, &call) || !cli_call(c, &rows, "tow.schedule", &call))
		return cli_failed(c);
	return say_next(c, rows);
}

static int next(struct cli *c)
{
	static const struct column instants[] = { { "run_at", "AT", AS_IS },
						  { "run_at", "THAT IS", AS_WHEN },
						  COLUMN_END };
	struct cli_call call = { 0 };
	cli_arg(&call, "schedule", cli_operand(c, 0));
	cli_arg(&call, "n", cli_option(c, "count"));
	cli_arg(&call, "tz", cli_option(c, "tz"));
	return print_call(c, "tow.next_runs", &call, instants);
}

static int call_by_name(struct cli *c, const char *verb, struct tow_rows **rows)
{
	return tow_call(c->db, rows, &c->err, verb, cli_operand(c, 0)) ? EX_OK : cli_failed(c);
}

static int pause_schedule(struct cli *c)
{
	return call_by_name(c, "tow.pause_schedule", NULL);
}

static int resume(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	int status = call_by_name(c, "tow.resume_schedule", &rows);
	return status ? status : say_next(c, rows);
}

static int run_now(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	int status = call_by_name(c, "tow.run_schedule", &rows);
	if (status)
		return status;
	printf(cli_has(c, "json") ? "{\"id\": %s}\n" : "%s\n", tow_rows_at(rows, 0, 0));
	return EX_OK;
}

static int rm(struct cli *c)
{
	return call_by_name(c, "tow.unschedule", NULL);
}

static const struct sub subs[] = {
	{ "ls", 0, 0, ls },	    { "add", 3, 4, add },
	{ "next", 1, 1, next },	    { "pause", 1, 1, pause_schedule },
	{ "resume", 1, 1, resume }, { "run", 1, 1, run_now },
	{ "rm", 1, 1, rm },	    { NULL, 0, 0, NULL },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_schedule = {
	.name = "schedule",
	.summary = "enqueue jobs by the clock",
	.usage = "tow schedule ls | add NAME LINE KIND [JSON | -] | next NAME|LINE | pause NAME | "
		 "resume NAME | run NAME | rm NAME",
	.options = options,
	.help = "A line is cron's, with five fields (minute hour day month weekday) or six "
		"(seconds first), or @hourly,\n"
		"@daily and so on, or '@every 90s'. Names, ranges, steps, lists, L, W and # are "
		"known. add with a name\n"
		"that exists changes it. run enqueues its job now, beside its instants.\n"
		"\n"
		"Examples:\n"
		"  tow schedule add nightly '0 3 * * *' vacuum-thumbs --tz Europe/Paris\n"
		"  tow schedule add beat '@every 10s' noop '{}' --queue beats\n"
		"  tow schedule next nightly --count 10\n"
		"  tow schedule next '0 0 L * *'\n"
		"  tow schedule pause nightly\n",
	.run = run,
};
