/* tow reprioritise: let jobs run earlier or later than others. */
#include "lib/verb.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "to", "N", "the new priority; smaller runs first, 100 is usual" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static bool check(struct cli *c)
{
	long n;
	if (cli_has(c, "to"))
		return args_int(&c->args, "to", 0, 1000000, &n, &c->err);
	args_usage(&c->err, "to which priority?");
	return tow_hint(&c->err, "tow reprioritise --to 10 %s", cli_operand(c, 0));
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_parse(&c, options, 1, ANY_NUMBER, argc, argv) || !check(&c) ||
	    !cli_open_database(&c))
		return cli_failed(&c);
	return verb_run(&c, "tow.reprioritise",
			(const struct tow_arg[]){ { "priority", cli_option(&c, "to") },
						  { NULL, NULL } });
}

const struct tow_command tow_command_reprioritise = {
	.name = "reprioritise",
	.summary = "give jobs that have not started another priority",
	.usage = "tow reprioritise --to N [options] ID...",
	.options = options,
	.help = "Examples:\n"
		"  tow reprioritise --to 1 7\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it has started.\n",
	.run = run,
};
