/* tow move: take a job to another queue. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/cli.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	TOW_AUTO_ROWS *answer = NULL;
	struct cli_call call = { 0 };

	if (!cli_connect(&c, options, 2, 2, argc, argv) || !cli_id(cli_operand(&c, 0), &c.err))
		return cli_failed(&c);
	cli_arg(&call, "job", cli_operand(&c, 0));
	cli_arg(&call, "queue", cli_operand(&c, 1));
	if (!cli_call(&c, &answer, "tow.move", &call))
		return cli_failed(&c);
	printf(cli_has(&c, "json") ? "{\"id\": %s, \"state\": \"%s\"}\n" : "%s  %s\n",
	       cli_operand(&c, 0), tow_rows_at(answer, 0, 0));
	return EX_OK;
}

const struct tow_command tow_command_move = {
	.name = "move",
	.summary = "take a job that has not started to another queue",
	.usage = "tow move [--json] ID QUEUE",
	.options = options,
	.help = "Its priority, instant, lane and whatever it waits for stay as they are. For many "
		"jobs: 'tow bulk move'.\n"
		"\n"
		"Examples:\n"
		"  tow move 7 bulk\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it has started or finished.\n",
	.run = run,
};
