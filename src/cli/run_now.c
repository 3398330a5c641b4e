/* tow run-now: do not wait for the instant. */
#include "lib/verb.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_connect(&c, options, 1, ANY_NUMBER, argc, argv))
		return cli_failed(&c);
	return verb_run(&c, "tow.run_now", NULL);
}

const struct tow_command tow_command_run_now = {
	.name = "run-now",
	.summary = "make scheduled or retrying jobs ready at once",
	.usage = "tow run-now [options] ID...",
	.options = options,
	.help = "Examples:\n"
		"  tow run-now 7\n"
		"  tow run-now 7 8 9\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it does not wait for an instant.\n",
	.run = run,
};
