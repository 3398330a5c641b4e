/* tow kinds: what can be run. */
#include "lib/kinds.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_connect(&c, options, 0, 0, argc, argv))
		return cli_failed(&c);
	return kinds_ls(&c);
}

const struct tow_command tow_command_kinds = {
	.name = "kinds",
	.summary = "list the kinds that live workers know",
	.usage = "tow kinds [--json]",
	.options = options,
	.help = "A job of a kind that is not here waits safely until a worker knows it; 'tow "
		"status' names such kinds.\n"
		"\n"
		"Examples:\n"
		"  tow kinds\n",
	.run = run,
};
