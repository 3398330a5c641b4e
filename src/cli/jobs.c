/* tow jobs: what has not finished, by filters; with --follow, each change of state as it happens.
 * Three functions say it: the live ones and the finished ones have columns of their own, and
 * tow.list_jobs has both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/follow.h"
#include "lib/note.h"
#include "lib/print.h"
#include "lib/wait.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "state", "STATE",
	  "scheduled ready running retrying waiting; completed failed cancelled; or several, with "
	  "commas" },
	{ "queue", "NAME", "only of this queue" },
	{ "kind", "NAME", "only of this kind" },
	{ "lane", "NAME", "only of this lane" },
	{ "tag", "WORD", "only with this tag" },
	{ "key", "TEXT", "only with this key" },
	{ "worker", "WORKER", "only what this worker runs or ended, by its name or id" },
	{ "since", "INTERVAL", "how far back (of one state that is finished: 1 day)" },
	{ "until", "INTERVAL", "up to how long ago (now)" },
	{ "limit", "N", "at most so many, the newest first (50)" },
	{ "before", "ID", "of live jobs: only older ones, for the next page" },
	{ "after", "CURSOR",
	  "with --worker, --until or several states: the cursor (--json) of the last job of the "
	  "page before" },
	{ "follow", NULL, "stay, and print jobs as their state changes" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column live[] = {
	{ "id", NULL, AS_IS },
	{ "state", NULL, AS_STATE },
	{ "kind", NULL, AS_IS },
	{ "queue", NULL, AS_IS },
	{ "lane", NULL, AS_IF_ANY },
	{ "priority", "PRIO", AS_IS },
	{ "attempt", "TRY", AS_IS },
	{ "created_at", "CREATED", AS_WHEN },
	{ "run_at", "DUE", AS_WHEN },
	{ "worker", NULL, AS_IS },
	{ "pct", "DONE", AS_PERCENT },
	{ "note", NULL, AS_IS },
	{ "waits_for", "WAITS FOR", AS_IS },
	{ "args", NULL, AS_IS },
	COLUMN_END,
};

static const struct column finished[] = {
	{ "id", NULL, AS_IS },
	{ "state", NULL, AS_STATE },
	{ "kind", NULL, AS_IS },
	{ "queue", NULL, AS_IS },
	{ "lane", NULL, AS_IF_ANY },
	{ "attempt", "TRY", AS_IS },
	{ "finished_at", "FINISHED", AS_WHEN },
	{ "took", NULL, AS_DURATION },
	{ "error", NULL, AS_IS },
	{ "args", NULL, AS_IS },
	COLUMN_END,
};

static const struct column both[] = {
	{ "id", NULL, AS_IS },
	{ "state", NULL, AS_STATE },
	{ "kind", NULL, AS_IS },
	{ "queue", NULL, AS_IS },
	{ "lane", NULL, AS_IF_ANY },
	{ "attempt", "TRY", AS_IS },
	{ "created_at", "CREATED", AS_WHEN },
	{ "run_at", "DUE", AS_WHEN },
	{ "started_at", "STARTED", AS_WHEN },
	{ "finished_at", "FINISHED", AS_WHEN },
	{ "worker", NULL, AS_IS },
	{ "pct", "DONE", AS_PERCENT },
	{ "waits_for", "WAITS FOR", AS_IS },
	{ "error", NULL, AS_IS },
	{ "args_start", "ARGS", AS_IS },
	COLUMN_END,
};

static bool is_finished(const char *state)
{
	return state && job_is_over(state);
}

static bool is_of_both(const struct cli *c)
{
	const char *state = cli_option(c, "state");
	return cli_has(c, "worker") || cli_has(c, "until") || (state && strchr(state, ','));
}

static void gather(const struct cli *c, struct cli_call *call)
{
	static const char *const same[] = { "state", "queue", "kind", "lane", "tag", "key" };
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		cli_arg(call, same[i], cli_option(c, same[i]));
	cli_arg(call, "max_rows", cli_option(c, "limit"));
}

/* Whoever has just seen a job end shall not wonder where it is. */
static int list_live(struct cli *c, struct cli_call *call)
{
	TOW_AUTO_ROWS *rows = NULL;

	cli_arg(call, "before", cli_option(c, "before"));
	if (!cli_call(c, &rows, "tow.find_jobs", call) || !print_rows(c, rows, live))
		return cli_failed(c);
	if (tow_rows_count(rows) == 0 && !cli_has(c, "json") && isatty(STDOUT_FILENO))
		fprintf(stderr, "tow: note: no such job is live; 'tow history' has those that have "
				"ended\n");
	if (tow_rows_count(rows) == 0)
		note_unheard(c);
	return EX_OK;
}

/* "2 hours" is so long ago. */
static bool add_instant(struct cli *c, struct cli_call *call, const char *option)
{
	const char *given = cli_option(c, option), *at;
	if (!given)
		return true;
	if (!cli_ago(c, &c->arena, given, &at))
		return false;
	cli_arg(call, option, at);
	return true;
}

static int list_both(struct cli *c, struct cli_call *call)
{
	cli_arg(call, "worker", cli_option(c, "worker"));
	cli_arg(call, "after", cli_option(c, "after"));
	cli_arg(call, "sort", is_finished(cli_option(c, "state")) ? "-finished_at" : NULL);
	if (!add_instant(c, call, "since") || !add_instant(c, call, "until"))
		return cli_failed(c);
	return print_search(c, "tow.list_jobs", call, both);
}

static int list(struct cli *c)
{
	struct cli_call call = { 0 };
	gather(c, &call);
	if (is_of_both(c))
		return list_both(c, &call);
	if (is_finished(cli_option(c, "state"))) {
		cli_arg(&call, "since", cli_option(c, "since"));
		cli_arg(&call, "revived", "false"); /* what was put back is in another state now */
		return print_search(c, "tow.find_history", &call, finished);
	}
	return list_live(c, &call);
}

static int follow(struct cli *c)
{
	struct cli_call call = { 0 };
	gather(c, &call);
	return follow_jobs(c, &call, live);
}

static bool check_both(struct cli *c)
{
	long any;
	if (cli_has(c, "follow"))
		return args_usage(&c->err, "--follow shows live jobs, of one state or of all, and "
					   "knows no --worker and no --until");
	if (cli_has(c, "before"))
		return args_usage(&c->err, "here --after says where the next page begins");
	return args_int(&c->args, "limit", 1, 1000, &any, &c->err);
}

static bool check(struct cli *c)
{
	if (is_of_both(c))
		return check_both(c);
	if (cli_has(c, "after"))
		return args_usage(&c->err, "--after goes with --worker, --until or several states");
	if (cli_has(c, "follow") && is_finished(cli_option(c, "state")))
		return args_usage(&c->err, "--follow shows live jobs and what becomes of them; "
					   "leave out --state, or name a live one");
	if (cli_has(c, "since") && !is_finished(cli_option(c, "state")))
		return args_usage(&c->err, "--since goes with a --state that is finished");
	if (cli_has(c, "before") && (cli_has(c, "follow") || is_finished(cli_option(c, "state"))))
		return args_usage(&c->err, "--before is for a list of live jobs");
	return true;
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_parse(&c, options, 0, 0, argc, argv) || !check(&c) || !cli_open_database(&c))
		return cli_failed(&c);
	return cli_has(&c, "follow") ? follow(&c) : list(&c);
}

const struct tow_command tow_command_jobs = {
	.name = "jobs",
	.summary = "list jobs",
	.usage = "tow jobs [options]",
	.options = options,
	.help = "Live jobs, unless --state names a finished one; see also 'tow history'. Of "
		"several "
		"states, or of a\n"
		"worker, both; --since and --until then say when they ended, or, if some of those "
		"states are not running\n"
		"and not ended, when they were made. With --json every column is printed, times in "
		"full.\n"
		"\n"
		"Examples:\n"
		"  tow jobs --state running\n"
		"  tow jobs --queue mail --kind welcome --limit 10\n"
		"  tow jobs --state failed --since '7 days' --json | jq '.[].error'\n"
		"  tow jobs --state failed,retrying\n"
		"  tow jobs --worker 7 --since '2 hours'\n"
		"  tow jobs --follow\n",
	.run = run,
};
