/* tow log: what a job said. */
#include "lib/joblog.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "follow", NULL, "stay until the job has ended" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_connect(&c, options, 1, 1, argc, argv))
		return cli_failed(&c);
	return joblog_print(&c, cli_operand(&c, 0), cli_has(&c, "follow"));
}

const struct tow_command tow_command_log = {
	.name = "log",
	.summary = "print a job's log",
	.usage = "tow log [--follow] [--json] ID",
	.options = options,
	.help = "Lines of all its attempts: what the handler logged, and its standard output and "
		"error. With --json an\n"
		"object a line.\n"
		"\n"
		"Examples:\n"
		"  tow log 7\n"
		"  tow log --follow 7\n"
		"\n"
		"Exit status: 0, 66 no such job.\n",
	.run = run,
};
