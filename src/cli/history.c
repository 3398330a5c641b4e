/* tow history: jobs that finished, each time that they did. */
#include "lib/print.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "since", "INTERVAL", "how far back (1 day)" },
	{ "failed", NULL, "only what failed" },
	{ "state", "STATE", "only completed, failed or cancelled" },
	{ "class", "WORD", "only where the error's class begins so: timeout, http.5" },
	{ "queue", "NAME", "only of this queue" },
	{ "kind", "NAME", "only of this kind" },
	{ "tag", "WORD", "only with this tag" },
	{ "key", "TEXT", "only with this key" },
	{ "limit", "N", "at most so many, the latest first (50)" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "id", NULL, AS_IS },
	{ "state", NULL, AS_STATE },
	{ "kind", NULL, AS_IS },
	{ "queue", NULL, AS_IS },
	{ "attempt", "TRY", AS_IS },
	{ "finished_at", "FINISHED", AS_WHEN },
	{ "took", NULL, AS_DURATION },
	{ "worker", NULL, AS_IS },
	{ "revived", "PUT BACK", AS_YES },
	{ "class", NULL, AS_IS },
	{ "error", NULL, AS_IS },
	COLUMN_END,
};

static bool check(struct cli *c)
{
	return !cli_has(c, "failed") || !cli_has(c, "state") ||
	       args_usage(&c->err, "--failed and --state say two different things");
}

static int run(int argc, char **argv)
{
	static const char *const same[] = { "queue", "kind", "tag", "key", "class", "since" };
	CLI_AUTO c = { 0 };
	struct cli_call call = { 0 };
	if (!cli_parse(&c, options, 0, 0, argc, argv) || !check(&c) || !cli_open_database(&c))
		return cli_failed(&c);
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		cli_arg(&call, same[i], cli_option(&c, same[i]));
	cli_arg(&call, "state", cli_has(&c, "failed") ? "failed" : cli_option(&c, "state"));
	cli_arg(&call, "max_rows", cli_option(&c, "limit"));
	return print_search(&c, "tow.find_history", &call, columns);
}

const struct tow_command tow_command_history = {
	.name = "history",
	.summary = "list finished jobs, each time that they finished",
	.usage = "tow history [options]",
	.options = options,
	.help = "A row each time that a job finished: one that was put back since (PUT BACK: tow "
		"retry, tow "
		"redrive) may\n"
		"finish again, and then has another. 'tow jobs --state failed' lists what is "
		"failed "
		"now, each job once.\n"
		"\n"
		"Examples:\n"
		"  tow history --since '2 hours' --failed\n"
		"  tow history --class timeout --since '7 days' --json\n",
	.run = run,
};
