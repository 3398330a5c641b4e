/* tow schedule: jobs that are enqueued by the clock. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/input.h"
#include "lib/note.h"
#include "lib/print.h"
#include "lib/sub.h"
#include "lib/when.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "tz", "ZONE", "the time zone of the line (UTC)" },
	{ "queue", "NAME", "the jobs' queue (default)" },
	{ "lane", "NAME", "their lane in it" },
	{ "priority", "N", "smaller runs first (100)" },
	{ "max-attempts", "N", "instead of the policy's" },
	{ "timeout", "INTERVAL", "how long an attempt may run" },
	{ "start-within", "INTERVAL", "the jobs' deadline after their instant" },
	{ "policy", "NAME", "how the jobs are retried" },
	{ "tags", "A,B", "words to find the jobs by" },
	{ "overlap", "WHAT",
	  "when the last job has not finished: allow, skip, queue behind it, replace it (allow)" },
	{ "missed", "WHAT",
	  "what passed while no scheduler ran: skip it, run the last, run all (last)" },
	{ "missed-within", "INTERVAL", "skip what was missed longer ago than this" },
	{ "missed-most", "N", "how many missed instants run at most, the latest (100)" },
	{ "grace", "INTERVAL", "how late is not missed yet (1 minute)" },
	{ "jitter", "INTERVAL", "start up to so much later, each instant by its own amount" },
	{ "starts", "TIME", "no instant before it" },
	{ "ends", "TIME", "no instant from it on" },
	{ "dst-gap", "WHAT", "a time that the clock leaves out: skip, or after the gap (after)" },
	{ "dst-overlap", "WHAT", "a time that the clock shows twice: once, twice (once)" },
	{ "description", "TEXT", "what it is for" },
	{ "spec", "LINE", "set: another line" },
	{ "kind", "KIND", "set: another kind" },
	{ "args", "JSON", "the jobs' arguments, - for standard input ({})" },
	{ "reset", "A,B", "set: settings that go back to their defaults" },
	{ "count", "N", "next (5), history (20): how many instants" },
	OPTION_QUIET,
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

#define SETTINGS                                                                                \
	" tz queue lane priority max-attempts timeout start-within policy tags overlap missed " \
	"missed-within missed-most grace jitter starts ends dst-gap dst-overlap description "   \
	"args quiet "

static const struct column columns[] = {
	{ "name", NULL, AS_IS },
	{ "spec", NULL, AS_IS },
	{ "next_local", "AT", AS_IS },
	{ "tz", "ZONE", AS_IS },
	{ "kind", NULL, AS_IS },
	{ "queue", NULL, AS_IS },
	{ "state", NULL, AS_STATE },
	{ "next_at", "NEXT", AS_WHEN },
	{ "last_at", "LAST", AS_WHEN },
	{ "last_job", "JOB", AS_IS },
	{ "last_state", "ENDED", AS_STATE },
	{ "description", NULL, AS_IS },
	COLUMN_END,
};

static int ls(struct cli *c)
{
	return print_view(c, "tow.schedules", columns);
}

/* By the clocks of its zone: that is what its line speaks of. */
static int say_next(struct cli *c, const struct tow_rows *rows)
{
	TOW_AUTO_ROWS *shown = NULL;
	const char *at = tow_rows_at(rows, 0, 0);
	if (cli_has(c, "json")) {
		printf("{\"next_at\": %s}\n",
		       at ? tow_fmt(&c->arena, "\"%s\"", when_iso(&c->arena, at)) : "null");
		return EX_OK;
	}
	if (!tow_call(c->db, &shown, &c->err, "tow.show_schedule", cli_operand(c, 0)))
		return cli_failed(c);
	const char *local = tow_rows_get(shown, 0, "next_local");
	if (local)
		printf("next at %s %s\n", local, tow_rows_get(shown, 0, "tz"));
	else
		printf("next at %s\n", at ? at : "never");
	return EX_OK;
}

/* What add and set have in common. Options are named as the arguments of the functions, but for
 * starts and ends. */
static void gather(struct cli *c, struct cli_call *call)
{
	static const char *const same[] = { "tz",      "queue",	 "lane",       "priority",
					    "timeout", "policy", "missed",     "grace",
					    "overlap", "jitter", "description" };
	static const char *const other[][2] = {
		{ "max_attempts", "max-attempts" },
		{ "start_within", "start-within" },
		{ "missed_within", "missed-within" },
		{ "missed_most", "missed-most" },
		{ "starts_at", "starts" },
		{ "ends_at", "ends" },
		{ "dst_gap", "dst-gap" },
		{ "dst_overlap", "dst-overlap" },
	};

	cli_arg(call, "name", cli_operand(c, 0));
	cli_arg(call, "tags", cli_array(&c->arena, cli_option(c, "tags")));
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		cli_arg(call, same[i], cli_option(c, same[i]));
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		cli_arg(call, other[i][0], cli_option(c, other[i][1]));
}

/* tow.schedule sets one that there is anew, for programs that say at each start what they want;
 * who types a name that is taken has mostly not thought of the other. */
static bool is_new(struct cli *c)
{
	const char *name = cli_operand(c, 0);

	if (!tow_call(c->db, NULL, &c->err, "tow.show_schedule", name))
		return strcmp(c->err.class, "TW404") == 0;
	tow_fail_class(&c->err, TOW_FINAL, "TW409", "there is a schedule '%s' already", name);
	return tow_hint(&c->err, "change it: tow schedule set %s", name);
}

static int add(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };
	const char *last = cli_operand(c, 3), *args;

	if (last && cli_has(c, "args")) {
		args_usage(&c->err, "the arguments are given twice: '%s' and --args", last);
		return cli_failed(c);
	}
	if (!input_json(c, last ? last : cli_option(c, "args"), &args) || !is_new(c))
		return cli_failed(c);
	gather(c, &call);
	cli_arg(&call, "spec", cli_operand(c, 1));
	cli_arg(&call, "kind", cli_operand(c, 2));
	cli_arg(&call, "args", args);
	if (!cli_call(c, &rows, "tow.schedule", &call))
		return cli_failed(c);
	const char *queue = cli_option(c, "queue");
	note_unserved(c, cli_operand(c, 2), queue ? queue : "default");
	return say_next(c, rows);
}

static int set(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };
	const char *args;

	if (!input_json(c, cli_option(c, "args"), &args))
		return cli_failed(c);
	gather(c, &call);
	cli_arg(&call, "spec", cli_option(c, "spec"));
	cli_arg(&call, "kind", cli_option(c, "kind"));
	cli_arg(&call, "args", args);
	cli_arg(&call, "reset", cli_settings(&c->arena, cli_option(c, "reset")));
	if (!cli_call(c, &rows, "tow.set_schedule", &call))
		return cli_failed(c);
	note_unserved(c, cli_option(c, "kind"), cli_option(c, "queue"));
	return say_next(c, rows);
}

static const struct column instants[] = { { "local", "AT", AS_IS },
					  { "zone", NULL, AS_IS },
					  { "run_at", "THAT IS", AS_WHEN },
					  COLUMN_END };

static int next(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };

	cli_arg(&call, "schedule", cli_operand(c, 0));
	cli_arg(&call, "n", cli_option(c, "count"));
	cli_arg(&call, "tz", cli_option(c, "tz"));
	cli_arg(&call, "dst_gap", cli_option(c, "dst-gap"));
	cli_arg(&call, "dst_overlap", cli_option(c, "dst-overlap"));
	if (!cli_call(c, &rows, "tow.next_runs", &call) || !print_rows(c, rows, instants))
		return cli_failed(c);
	if (tow_rows_count(rows) == 0 && !cli_has(c, "json"))
		fprintf(stderr, "tow: note: it never comes\n");
	return EX_OK;
}

static const struct column fires[] = {
	{ "local", "AT", AS_IS },    { "how", NULL, AS_IS },	{ "job", NULL, AS_IS },
	{ "state", NULL, AS_STATE }, { "reason", NULL, AS_IS }, COLUMN_END,
};

static int history(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "schedule", cli_operand(c, 0));
	cli_arg(&call, "n", cli_option(c, "count"));
	return print_call(c, "tow.schedule_history", &call, fires);
}

/*--- show: all settings that are set, the line in words, what is next and what was last */

static const struct column facts[] = {
	{ "spec", "line", AS_IS },
	{ "tz", "zone", AS_IS },
	{ "kind", "kind", AS_IS },
	{ "args", "args", AS_IS },
	{ "queue", "queue", AS_IS },
	{ "lane", "lane", AS_IS },
	{ "priority", "priority", AS_IS },
	{ "policy", "policy", AS_IS },
	{ "max_attempts", "max attempts", AS_IS },
	{ "timeout", "timeout", AS_DURATION },
	{ "start_within", "start within", AS_DURATION },
	{ "tags", "tags", AS_LIST },
	{ "overlap", "overlap", AS_IS },
	{ "missed", "missed", AS_IS },
	{ "missed_within", "missed within", AS_DURATION },
	{ "missed_most", "missed most", AS_IS },
	{ "grace", "grace", AS_DURATION },
	{ "jitter", "jitter", AS_DURATION },
	{ "starts_at", "starts", AS_IS },
	{ "ends_at", "ends", AS_IS },
	{ "dst_gap", "dst gap", AS_IS },
	{ "dst_overlap", "dst overlap", AS_IS },
	{ "state", "state", AS_IS },
	{ "paused_at", "paused", AS_WHEN },
	{ "description", "description", AS_IS },
	COLUMN_END,
};

static bool show_facts(struct cli *c, const struct tow_rows *rows, long long now)
{
	TOW_AUTO_ROWS *words = NULL;
	const char *const spec = tow_rows_get(rows, 0, "spec");

	for (const struct column *k = facts; k->name; k++) {
		const char *value = table_cell(&c->arena, rows, 0, k, now);

		if (*value)
			printf("%-14s %s\n", k->title, value);
	}
	if (!tow_call(c->db, &words, &c->err, "tow.cron_describe", spec))
		return false;
	printf("%-14s %s\n", "in words", tow_rows_at(words, 0, 0));
	return true;
}

static bool show_instants(struct cli *c, const char *verb, const char *count,
			  const struct column *as, long long now)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };

	cli_arg(&call, "schedule", cli_operand(c, 0));
	cli_arg(&call, "n", count);
	if (!cli_call(c, &rows, verb, &call))
		return false;
	if (tow_rows_count(rows) > 0) {
		printf("\n");
		table_print(stdout, rows, as, now);
	}
	return true;
}

static int show(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	long long now;

	if (!tow_call(c->db, &rows, &c->err, "tow.show_schedule", cli_operand(c, 0)))
		return cli_failed(c);
	if (cli_has(c, "json")) {
		table_json_row(stdout, rows, 0);
		return EX_OK;
	}
	if (!when_now(c->db, &now, &c->err) || !show_facts(c, rows, now) ||
	    !show_instants(c, "tow.next_runs", "3", instants, now) ||
	    !show_instants(c, "tow.schedule_history", "5", fires, now))
		return cli_failed(c);
	return EX_OK;
}

/*--- by name */

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

static int seen(struct cli *c)
{
	return call_by_name(c, "tow.seen_schedule", NULL);
}

static int run_now(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	int status = call_by_name(c, "tow.run_schedule", &rows);
	if (status)
		return status;
	const char *id = tow_rows_at(rows, 0, 0);
	if (cli_has(c, "json"))
		printf("{\"id\": %s}\n", id);
	else if (isatty(STDOUT_FILENO))
		printf("job %s: tow job %s\n", id, id);
	else
		puts(id);
	return EX_OK;
}

static int rm(struct cli *c)
{
	return call_by_name(c, "tow.unschedule", NULL);
}

static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "add", 3, 4, add, SETTINGS, NULL },
	{ "set", 1, 1, set, SETTINGS " spec kind reset ", NULL },
	{ "show", 1, 1, show, NULL, NULL },
	{ "next", 1, 1, next, " count tz dst-gap dst-overlap ", NULL },
	{ "history", 1, 1, history, " count ", NULL },
	{ "pause", 1, 1, pause_schedule, NULL, "paused" },
	{ "resume", 1, 1, resume, NULL, NULL },
	{ "run", 1, 1, run_now, NULL, NULL },
	{ "seen", 1, 1, seen, NULL, "seen" },
	{ "rm", 1, 1, rm, NULL, "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_schedule = {
	.name = "schedule",
	.summary = "enqueue jobs by the clock",
	.usage = "tow schedule ls | add NAME LINE KIND [JSON | -] | set NAME | show NAME | next "
		 "NAME|LINE | "
		 "history NAME | pause NAME | resume NAME | run NAME | seen NAME | rm NAME",
	.options = options,
	.help = "A line is cron's, with five fields (minute hour day month weekday) or six "
		"(seconds first), or @hourly,\n"
		"@daily and so on, or '@every 90s'. Names, ranges, steps, lists, L, W and # are "
		"known. set changes\n"
		"what is given of a schedule that is there; no instant fires again or is lost by "
		"it.\n"
		"history says what became of each instant, with its job or the reason; run "
		"enqueues "
		"the job now, beside the\n"
		"instants. What a schedule missed is a warning of tow status for a day, or until "
		"somebody has run it or\n"
		"acknowledged it with seen.\n"
		"\n"
		"Examples:\n"
		"  tow schedule add nightly '0 3 * * *' vacuum-thumbs --tz Europe/Paris --overlap "
		"skip\n"
		"  tow schedule add beat '@every 10s' noop '{}' --queue beats\n"
		"  tow schedule add bills '0 6 LW * *' bill --missed all --missed-within '3 days'\n"
		"  tow schedule set nightly --jitter '10 min' --reset overlap\n"
		"  tow schedule next nightly --count 10\n"
		"  tow schedule next '0 0 L * *'\n"
		"  tow schedule history nightly\n"
		"  tow schedule pause nightly\n",
	.run = run,
};
