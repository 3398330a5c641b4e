/* tow retry: run finished jobs again. */
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
	return verb_run(&c, "tow.retry", NULL);
}

const struct tow_command tow_command_retry = {
	.name = "retry",
	.summary = "run finished jobs again, with all their attempts",
	.usage = "tow retry [options] ID...",
	.options = options,
	.help = "Failed, cancelled and completed jobs become ready again under the same number. A "
		"job that waits\n"
		"for its next attempt is started at once. For many failed jobs: 'tow redrive'.\n"
		"\n"
		"Examples:\n"
		"  tow retry 7\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it has not finished, or its key is taken.\n",
	.run = run,
};
