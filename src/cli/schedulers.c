/* tow schedulers: who minds the clock. */
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
	return print_view(&c, "tow.schedulers", columns);
}

const struct tow_command tow_command_schedulers = {
	.name = "schedulers",
	.summary = "list live schedulers",
	.usage = "tow schedulers [--json]",
	.options = options,
	.help = "Any number may run; two are harmless. A stand-by was started by a worker because "
		"there was none.\n"
		"\n"
		"Examples:\n"
		"  tow schedulers\n",
	.run = run,
};
