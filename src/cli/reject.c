/* tow reject: refuse jobs that wait for approval. */
#include "lib/verb.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "note", "TEXT", "kept with the job, and told to it" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_connect(&c, options, 1, ANY_NUMBER, argc, argv))
		return cli_failed(&c);
	return verb_run_saying(&c, "tow.reject",
			       (const struct tow_arg[]){ { "note", cli_option(&c, "note") },
							 { NULL, NULL } },
			       "rejected");
}

const struct tow_command tow_command_reject = {
	.name = "reject",
	.summary = "refuse jobs that wait for approval",
	.usage = "tow reject [--note TEXT] ID...",
	.options = options,
	.help = "One that was enqueued with --wait-for approval is cancelled; one whose handler "
		"asks goes on, and is told.\n"
		"\n"
		"Examples:\n"
		"  tow reject 7\n"
		"  tow reject --note 'too dear' 7 8\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it has finished.\n",
	.run = run,
};
