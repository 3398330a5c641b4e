/* tow limits: what is limited, and how far it is used. */
#include "lib/print.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "what", NULL, AS_IS },
	{ "queue", NULL, AS_IS },
	{ "name", NULL, AS_IS },
	{ "running", NULL, AS_IS },
	{ "max_running", "MAX", AS_IS },
	{ "rate", NULL, AS_PACE },
	{ "burst", NULL, AS_IS },
	{ "tokens", NULL, AS_IS },
	{ "weight", NULL, AS_IS },
	{ "paused_at", "PAUSED", AS_WHEN },
	{ "pause_reason", "REASON", AS_IS },
	COLUMN_END,
};

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_connect(&c, options, 0, 0, argc, argv))
		return cli_failed(&c);
	return print_view(&c, "tow.limits", columns);
}

const struct tow_command tow_command_limits = {
	.name = "limits",
	.summary = "list limits of queues, kinds and lanes",
	.usage = "tow limits [--json]",
	.options = options,
	.help = "What somebody set by 'tow queue set', 'tow kind set' and 'tow lane set', how many "
		"runs hold it now, and how\n"
		"many jobs may start at once by its rate (tokens). 'lanes' is what goes for each "
		"lane of a queue; without MAX\n"
		"it is any number.\n"
		"\n"
		"Examples:\n"
		"  tow limits\n",
	.run = run,
};
