/* tow redrive: run many failed jobs again. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "lib/cli.h"
#include "tow/command.h"

enum { USUAL = 1000, ROUND = 10000, COUNTED = 100000, MOST = 1000000 };

static const struct tow_option options[] = {
	{ "queue", "NAME", "only of this queue" },
	{ "kind", "NAME", "only of this kind" },
	{ "class", "WORD", "only where the error's class begins so: timeout, http.5, exit.1" },
	{ "since", "INTERVAL", "only those that failed within it (7 days)" },
	{ "limit", "N", "at most so many, the oldest first (1000; with --all 1000000)" },
	{ "all", NULL, "all that failed within 7 days" },
	{ "dry-run", NULL, "only say how many it would be" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

/* Thousands of jobs that run again are more than a word typed too early shall do. */
static bool check(struct cli *c, long *limit)
{
	*limit = cli_has(c, "all") ? MOST : USUAL;
	bool filter = cli_has(c, "queue") || cli_has(c, "kind") || cli_has(c, "class") ||
		      cli_has(c, "since");
	if (filter && cli_has(c, "all"))
		return args_usage(&c->err, "--all and a filter say two different things");
	if (filter || cli_has(c, "all") || cli_has(c, "dry-run"))
		return args_int(&c->args, "limit", 1, MOST, limit, &c->err);
	args_usage(&c->err, "which jobs? --queue, --kind, --class or --since, or --all");
	return tow_hint(&c->err, "'tow redrive --dry-run' says how many there are");
}

static long ask(struct cli *c, const struct cli_call *filter, long most)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = *filter;
	cli_arg(&call, "max_jobs", tow_fmt(&c->arena, "%ld", most));
	return cli_call(c, &rows, "tow.redrive", &call) ? strtol(tow_rows_at(rows, 0, 0), NULL, 10)
							: -1;
}

/* Those that match and could not run again. */
static long passed_over(struct cli *c, const struct cli_call *filter)
{
	struct cli_call call = *filter;
	cli_arg(&call, "dry_run", "true");
	cli_arg(&call, "refused", "true");
	return ask(c, &call, COUNTED);
}

static void say_passed(long passed)
{
	if (passed > 0)
		printf("%ld%s could not: other jobs have their keys, or a daemon goes on by "
		       "itself\n",
		       passed, passed == COUNTED ? " or more" : "");
}

static int count(struct cli *c, struct cli_call *call, long limit)
{
	long passed = passed_over(c, call);
	cli_arg(call, "dry_run", "true");
	long of = ask(c, call, COUNTED), jobs = of < limit ? of : limit;
	bool more = of == COUNTED;
	if (of < 0 || passed < 0)
		return cli_failed(c);
	if (cli_has(c, "json")) {
		printf("{\"jobs\": %ld, \"of\": %ld, \"more\": %s, \"refused\": %ld, \"dry_run\": "
		       "true}\n",
		       jobs, of, more ? "true" : "false", passed);
		return EX_OK;
	}
	if (jobs == of && !more)
		printf("%ld would run again\n", of);
	else
		printf("%ld of %ld%s would run again: --limit says how many, or call again for the "
		       "others\n",
		       jobs, of, more ? " or more" : "");
	say_passed(passed);
	return EX_OK;
}

/* passed: -1 when nobody knows, as there may be more that would run. */
static void say(const struct cli *c, long done, long passed, bool more)
{
	if (cli_has(c, "json")) {
		printf("{\"jobs\": %ld, ", done);
		if (passed >= 0)
			printf("\"refused\": %ld, ", passed);
		puts("\"dry_run\": false}");
		return;
	}
	printf("%ld run again\n", done);
	say_passed(passed);
	if (more)
		fprintf(stderr,
			"there may be more: these are the first %ld, which --limit sets; "
			"call again for the others\n",
			done);
}

/* A round is a transaction; what fails again meanwhile is not of it. */
static int redrive(struct cli *c, struct cli_call *call, long limit)
{
	TOW_AUTO_ROWS *now = NULL;
	long done = 0, n = 1;
	if (!tow_call(c->db, &now, &c->err, "tow.now"))
		return cli_failed(c);
	cli_arg(call, "before", tow_rows_at(now, 0, 0));
	while (n > 0 && done < limit) {
		n = ask(c, call, limit - done < ROUND ? limit - done : ROUND);
		if (n >= 0)
			done += n;
	}
	long passed = n == 0 ? passed_over(c, call) : -1;
	say(c, done, passed, n > 0);
	return n < 0 || (n == 0 && passed < 0) ? cli_failed(c) : EX_OK;
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	struct cli_call call = { 0 };
	long limit = 0;
	if (!cli_parse(&c, options, 0, 0, argc, argv) || !check(&c, &limit) ||
	    !cli_open_database(&c))
		return cli_failed(&c);
	cli_arg(&call, "queue", cli_option(&c, "queue"));
	cli_arg(&call, "kind", cli_option(&c, "kind"));
	cli_arg(&call, "class", cli_option(&c, "class"));
	cli_arg(&call, "since", cli_option(&c, "since"));
	return cli_has(&c, "dry-run") ? count(&c, &call, limit) : redrive(&c, &call, limit);
}

const struct tow_command tow_command_redrive = {
	.name = "redrive",
	.summary = "run many failed jobs again",
	.usage = "tow redrive [options]",
	.options = options,
	.help = "Failed jobs stay where they are until their retention ends; this puts them back, "
		"each once. At least\n"
		"one filter is needed, or --all. More than 10,000 are put back in rounds, each a "
		"transaction of its own.\n"
		"Those whose keys other jobs have by now, and turns of daemons, are passed over; "
		"it says how "
		"many.\n"
		"\n"
		"Examples:\n"
		"  tow redrive --dry-run\n"
		"  tow redrive --queue mail --since '2 hours'\n"
		"  tow redrive --class http.5 --limit 100\n"
		"  tow redrive --all\n"
		"\n"
		"Exit status: 0, 64 neither a filter nor --all.\n",
	.run = run,
};
