/* tow snooze: put jobs off. */
#include "lib/verb.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "for", "DELAY", "how long, as PostgreSQL reads it: '1 hour', 90s, '2 days 4 hours'" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static bool check(struct cli *c)
{
	if (cli_has(c, "for"))
		return true;
	args_usage(&c->err, "for how long?");
	return tow_hint(&c->err, "tow snooze --for '1 hour' %s", cli_operand(c, 0));
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_parse(&c, options, 1, ANY_NUMBER, argc, argv) || !check(&c) ||
	    !cli_open_database(&c))
		return cli_failed(&c);
	return verb_run(&c, "tow.snooze",
			(const struct tow_arg[]){ { "delay", cli_option(&c, "for") },
						  { NULL, NULL } });
}

const struct tow_command tow_command_snooze = {
	.name = "snooze",
	.summary = "put off jobs that have not started",
	.usage = "tow snooze --for DELAY [options] ID...",
	.options = options,
	.help = "The delay counts from the job's instant, or from now if that has passed. No "
		"attempt is spent.\n"
		"\n"
		"Examples:\n"
		"  tow snooze --for '1 hour' 7\n"
		"  tow snooze --for 90s 7 8 9\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it has started, or the delay is not valid.\n",
	.run = run,
};
