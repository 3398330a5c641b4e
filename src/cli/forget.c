/* tow forget: deletes what has finished. */
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
	return verb_run(&c, "tow.forget", NULL);
}

const struct tow_command tow_command_forget = {
	.name = "forget",
	.summary = "delete finished jobs, with their runs, log and result",
	.usage = "tow forget [options] ID...",
	.options = options,
	.help = "Examples:\n"
		"  tow forget 7\n"
		"  tow forget 7 8 9\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it has not finished, or a live job needs it.\n",
	.run = run,
};
