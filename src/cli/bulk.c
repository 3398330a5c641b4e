/* tow bulk: one verb on all jobs that match. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/print.h"
#include "tow/command.h"

#define USUAL_LIMIT "1000"

static const struct tow_option options[] = {
	{ "state", "STATE",
	  "only jobs in this state; retry: failed (the default), cancelled, completed" },
	{ "queue", "NAME", "only of this queue" },
	{ "kind", "NAME", "only of this kind" },
	{ "lane", "NAME", "only of this lane" },
	{ "tag", "WORD", "only with this tag" },
	{ "class", "WORD", "retry: only where the error's class begins so" },
	{ "priority", "N", "only of this priority" },
	{ "older-than", "INTERVAL", "only those made (retry: finished) longer ago" },
	{ "newer-than", "INTERVAL", "only those made (retry: finished) since" },
	{ "ids", "A,B", "only these" },
	{ "delay", "INTERVAL", "snooze: for how long" },
	{ "to-priority", "N", "reprioritise: the new one" },
	{ "to-queue", "NAME", "move: where to" },
	{ "reason", "TEXT", "cancel: why" },
	{ "limit", "N", "at most so many (" USUAL_LIMIT ", 10000 at most)" },
	{ "yes", NULL, "do it; without it, only say which jobs it would be" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "job", NULL, AS_IS },
	{ "done", NULL, AS_IS },
	COLUMN_END,
};

/* older-than is the argument older_than, run-now the verb run_now. */
static const char *underscored(struct tow_arena *a, const char *word)
{
	char *name = tow_strdup(a, word);

	for (char *s = name; *s; s++)
		if (*s == '-')
			*s = '_';
	return name;
}

static const char *limit(const struct cli *c)
{
	return cli_has(c, "limit") ? cli_option(c, "limit") : USUAL_LIMIT;
}

/* What was done once need not be all that matches: whoever is silent about it says that it is. */
static void say_what_was_not(const struct cli *c, size_t n)
{
	bool full = !cli_has(c, "ids") && n == strtoul(limit(c), NULL, 10);
	bool dry = !cli_has(c, "yes");

	if (dry)
		fprintf(stderr, "%zu job%s; nothing was done: --yes does it\n", n,
			n == 1 ? "" : "s");
	if (full)
		fprintf(stderr,
			"there may be more that match: these are the first %zu, which --limit "
			"sets%s\n",
			n, dry ? "" : "; call again for the others");
}

static void gather(struct cli *c, struct cli_call *call)
{
	cli_arg(call, "verb", underscored(&c->arena, cli_operand(c, 0)));
	for (const struct tow_option *o = options; strcmp(o->name, "limit") != 0; o++) {
		const char *value = cli_option(c, o->name);
		if (strcmp(o->name, "ids") == 0)
			value = cli_array(&c->arena, value);
		cli_arg(call, underscored(&c->arena, o->name), value);
	}
	cli_arg(call, "max_jobs", limit(c));
	cli_arg(call, "dry_run", cli_has(c, "yes") ? "false" : "true");
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };
	long any;

	if (!cli_parse(&c, options, 1, 1, argc, argv) ||
	    !args_int(&c.args, "limit", 1, 10000, &any, &c.err) || !cli_open_database(&c))
		return cli_failed(&c);
	gather(&c, &call);
	if (!cli_call(&c, &rows, "tow.bulk", &call) || !print_rows(&c, rows, columns))
		return cli_failed(&c);
	say_what_was_not(&c, tow_rows_count(rows));
	return EX_OK;
}

const struct tow_command tow_command_bulk = {
	.name = "bulk",
	.summary = "apply a command to all jobs that match, first as a dry run",
	.usage = "tow bulk VERB [options] [--yes]",
	.options = options,
	.help = "Verbs: cancel, retry, forget, run-now, snooze (--delay), reprioritise "
		"(--to-priority), move (--to-queue). At\n"
		"least one filter is needed. A job that the verb no longer fits is named, and "
		"stops no other. One\n"
		"call does 1,000 at most unless --limit says otherwise, and says when "
		"there "
		"may be more.\n"
		"\n"
		"Examples:\n"
		"  tow bulk cancel --queue mail --older-than '1 day'\n"
		"  tow bulk cancel --queue mail --older-than '1 day' --reason 'too late' --yes\n"
		"  tow bulk move --kind resize --to-queue slow --yes\n"
		"  tow bulk retry --class http.5 --newer-than '2 hours' --yes\n",
	.run = run,
};
