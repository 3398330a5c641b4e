/* tow signal: tell a job something. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/cli.h"
#include "lib/input.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	OPTION_DATABASE,
	OPTION_END,
};

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	struct cli_call call = { 0 };
	const char *payload;
	if (!cli_connect(&c, options, 2, 3, argc, argv) || !cli_id(cli_operand(&c, 0), &c.err) ||
	    !input_json(&c, cli_operand(&c, 2), &payload))
		return cli_failed(&c);
	cli_arg(&call, "job", cli_operand(&c, 0));
	cli_arg(&call, "name", cli_operand(&c, 1));
	cli_arg(&call, "payload", payload);
	if (!cli_call(&c, NULL, "tow.signal", &call))
		return cli_failed(&c);
	printf("%s  signalled\n", cli_operand(&c, 0));
	return EX_OK;
}

const struct tow_command tow_command_signal = {
	.name = "signal",
	.summary = "send a signal to a job",
	.usage = "tow signal ID NAME [JSON | -]",
	.options = options,
	.help = "A job that waits for this name goes on; any other finds it in its memory when it "
		"runs next. The last\n"
		"one of each name counts.\n"
		"\n"
		"Examples:\n"
		"  tow signal 7 paid '{\"sum\": 12}'\n"
		"  tow signal 7 go\n"
		"\n"
		"Exit status: 0, 66 no such job, 65 it has finished.\n",
	.run = run,
};
