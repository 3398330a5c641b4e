/* tow approve: let jobs that wait for approval go on. */
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
	return verb_run_saying(&c, "tow.approve",
			       (const struct tow_arg[]){ { "note", cli_option(&c, "note") },
							 { NULL, NULL } },
			       "approved");
}

const struct tow_command tow_command_approve = {
	.name = "approve",
	.summary = "let jobs that wait for approval go on",
	.usage = "tow approve [--note TEXT] ID...",
	.options = options,
	.help = "A job that was enqueued with --wait-for approval, or whose handler asks for one, "
		"goes on.\n"
		"\n"
		"Examples:\n"
		"  tow approve 7\n"
		"  tow approve --note 'fine by me' 7 8\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it has finished.\n",
	.run = run,
};
