/* tow graph: what a job belongs to. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/cli.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "dot", NULL, "for Graphviz instead of text" },
	OPTION_DATABASE,
	OPTION_END,
};

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };
	if (!cli_connect(&c, options, 1, 1, argc, argv) || !cli_id(cli_operand(&c, 0), &c.err))
		return cli_failed(&c);
	cli_arg(&call, "id", cli_operand(&c, 0));
	cli_arg(&call, "format", cli_has(&c, "dot") ? "dot" : "text");
	if (!cli_call(&c, &rows, "tow.graph", &call))
		return cli_failed(&c);
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		printf("%s\n", tow_rows_at(rows, i, 0));
	return EX_OK;
}

const struct tow_command tow_command_graph = {
	.name = "graph",
	.summary = "draw the jobs that belong together",
	.usage = "tow graph [--dot] ID",
	.options = options,
	.help = "Predecessors, successors, parent and children of a job, and theirs, with their "
		"states; * is the job\n"
		"itself. Of more than 500 the nearest are shown.\n"
		"\n"
		"Examples:\n"
		"  tow graph 7\n"
		"  tow graph --dot 7 | dot -Tsvg >7.svg\n"
		"\n"
		"Exit status: 0, 66 no such job.\n",
	.run = run,
};
