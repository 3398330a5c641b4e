/* tow audit: who did what. */
#include "lib/print.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "job", "ID", "only what was done to this job, however long ago" },
	{ "what", "WORD", "only actions whose name begins so: job.cancelled, queue, schedule" },
	{ "since", "INTERVAL", "how far back (1 day)" },
	{ "limit", "N", "at most so many, the latest first (50)" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "at", "WHEN", AS_WHEN },
	{ "who", NULL, AS_IS },
	{ "what", NULL, AS_IS },
	{ "subject", NULL, AS_IS },
	{ "job", NULL, AS_IS },
	{ "detail", NULL, AS_IS },
	COLUMN_END,
};

static int run(int argc, char **argv)
{
	static const char *const same[] = { "job", "what", "since" };
	CLI_AUTO c = { 0 };
	struct cli_call call = { 0 };
	if (!cli_connect(&c, options, 0, 0, argc, argv))
		return cli_failed(&c);
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		cli_arg(&call, same[i], cli_option(&c, same[i]));
	cli_arg(&call, "max_rows", cli_option(&c, "limit"));
	return print_call(&c, "tow.find_audit", &call, columns);
}

const struct tow_command tow_command_audit = {
	.name = "audit",
	.summary = "who did what",
	.usage = "tow audit [options]",
	.options = options,
	.help = "What people did to jobs, queues, schedules and policies, and what the system did "
		"about trouble.\n"
		"\n"
		"Examples:\n"
		"  tow audit\n"
		"  tow audit --job 7\n"
		"  tow audit --what queue --since '30 days'\n",
	.run = run,
};
