/* tow fsck: is what must be true of the tables true, and if not, put it right. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/print.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "repair", NULL, "put right what is found; without it nothing is changed" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "problem", NULL, AS_IS }, { "job", NULL, AS_IS },  { "detail", NULL, AS_IS },
	{ "remedy", NULL, AS_IS },  { "done", NULL, AS_IS }, COLUMN_END,
};

/* Problems that are still there. */
static size_t left(const struct tow_rows *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		const char *done = tow_rows_get(rows, i, "done");
		n += !done || strcmp(done, "t") != 0;
	}
	return n;
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };

	if (!cli_connect(&c, options, 0, 0, argc, argv))
		return cli_failed(&c);
	cli_arg(&call, "repair", cli_has(&c, "repair") ? "true" : "false");
	if (!cli_call(&c, &rows, "tow.fsck", &call))
		return cli_failed(&c);
	if (tow_rows_count(rows) == 0 && !cli_has(&c, "json"))
		puts("nothing is wrong");
	else if (!print_rows(&c, rows, columns))
		return cli_failed(&c);
	return left(rows) > 0 ? 1 : EX_OK;
}

const struct tow_command tow_command_fsck = {
	.name = "fsck",
	.summary = "check that the queue's tables are consistent, and repair them",
	.usage = "tow fsck [--repair]",
	.options = options,
	.help = "Jobs in two tables or in none, runs without a worker, keys and limits of jobs "
		"that "
		"have ended, lanes\n"
		"that would never have their turn, sequences and partitions. Safe beside running "
		"workers. Reads\n"
		"everything: it takes its time where millions of jobs are kept.\n"
		"\n"
		"Examples:\n"
		"  tow fsck\n"
		"  tow fsck --repair\n"
		"\n"
		"Exit status: 0 nothing is wrong, or it was put right; 1 something is wrong.\n",
	.run = run,
};
