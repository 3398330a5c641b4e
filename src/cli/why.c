/* tow why: why a job is not running now. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/cli.h"
#include "lib/shell.h"
#include "lib/table.h"
#include "lib/text.h"
#include "lib/when.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

/* "3 s ago", "in 5 min"; and who holds it. */
static const char *holders(struct cli *c, const struct tow_rows *rows, size_t i, long long now)
{
	static const struct column ids = { "ids", NULL, AS_LIST };
	static const struct column until = { "until", NULL, AS_WHEN };
	struct tow_arena *a = &c->arena;
	const char *who = table_cell(a, rows, i, &ids, now);
	const char *when = table_cell(a, rows, i, &until, now);

	return tow_fmt(a, "%s%s%s%s%s", *who ? " [" : "", who, *who ? "]" : "",
		       *when ? ", until then: " : "", when);
}

static void print_reason(struct cli *c, const struct tow_rows *rows, size_t i, int width,
			 long long now)
{
	struct look look = text_look(stdout);
	const char *reason = tow_rows_get(rows, i, "reason"), *hint = tow_rows_get(rows, i, "hint");

	printf("  %s%-*s%s  %s%s\n", text_on(&look, BOLD), width, reason, text_off(&look, BOLD),
	       text_clean(&c->arena, tow_rows_get(rows, i, "detail")), holders(c, rows, i, now));
	if (hint)
		printf("  %*s  -> %s\n", width, "",
		       text_clean(&c->arena, shell_hint(&c->arena, hint)));
}

static void print_people(struct cli *c, const struct tow_rows *rows, const char *state,
			 long long now)
{
	int width = 0;

	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		int this = text_width(tow_rows_get(rows, i, "reason"));
		width = this > width ? this : width;
	}
	printf("job %s is %s\n", cli_operand(c, 0), state);
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		print_reason(c, rows, i, width, now);
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	TOW_AUTO_ROWS *rows = NULL, *state = NULL;
	long long now;

	if (!cli_connect(&c, options, 1, 1, argc, argv) || !cli_id(cli_operand(&c, 0), &c.err) ||
	    !tow_call(c.db, &rows, &c.err, "tow.why", cli_operand(&c, 0)) ||
	    !tow_call(c.db, &state, &c.err, "tow.state", cli_operand(&c, 0)) ||
	    !when_now(c.db, &now, &c.err))
		return cli_failed(&c);
	if (cli_has(&c, "json"))
		table_json(stdout, rows);
	else
		print_people(&c, rows, tow_rows_at(state, 0, 0), now);
	return EX_OK;
}

const struct tow_command tow_command_why = {
	.name = "why",
	.summary = "every reason that a job is not running now",
	.usage = "tow why [--json] ID",
	.options = options,
	.help = "The weightiest reason first: what somebody has to do, what the job waits for, "
		"limits and who is\n"
		"before it. In brackets the jobs that hold it (workers, where the reason is about "
		"workers).\n"
		"\n"
		"Examples:\n"
		"  tow why 7\n"
		"\n"
		"Exit status: 0, 66 no such job.\n",
	.run = run,
};
