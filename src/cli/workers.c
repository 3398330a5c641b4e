/* tow workers: who runs jobs. */
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

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_connect(&c, options, 0, 0, argc, argv))
		return cli_failed(&c);
	return print_view(&c, "tow.workers", columns);
}

const struct tow_command tow_command_workers = {
	.name = "workers",
	.summary = "list the workers that live",
	.usage = "tow workers [--json]",
	.options = options,
	.help = "BUSY is how many jobs it holds, of which SLOTS run at once. HEARD is its last "
		"beat.\n"
		"\n"
		"Examples:\n"
		"  tow workers\n"
		"  tow workers --json | jq '.[].kinds'\n",
	.run = run,
};
