/* tow cancel: end jobs. */
#include "lib/verb.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "reason", "TEXT", "kept with the job" },
	{ "cascade", NULL, "with its children and what was to run after it" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_connect(&c, options, 1, ANY_NUMBER, argc, argv))
		return cli_failed(&c);
	return verb_run(
		&c, "tow.cancel",
		(const struct tow_arg[]){ { "reason", cli_option(&c, "reason") },
					  { "cascade", cli_has(&c, "cascade") ? "true" : NULL },
					  { NULL, NULL } });
}

const struct tow_command tow_command_cancel = {
	.name = "cancel",
	.summary = "end jobs, waiting or running",
	.usage = "tow cancel [options] ID...",
	.options = options,
	.help = "A job that waits is cancelled at once. One that runs is cancelling until its "
		"worker has ended it,\n"
		"within a second or, when the handler does not mind TERM, after the worker's "
		"kill delay.\n"
		"\n"
		"Examples:\n"
		"  tow cancel 7\n"
		"  tow cancel --reason 'wrong customer' 7 8 9\n"
		"  tow cancel --cascade 7\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it has finished already.\n",
	.run = run,
};
