/* tow enqueue: add jobs, one or many, and perhaps wait. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/bulk.h"
#include "lib/cli.h"
#include "lib/input.h"
#include "lib/note.h"
#include "lib/wait.h"
#include "tow/command.h"
#include "tow/json.h"

static const struct tow_option options[] = {
	{ "queue", "NAME", "the queue (default)" },
	{ "priority", "N", "smaller runs first (100)" },
	{ "run-at", "TIME", "not before: '2030-01-31 18:00', tomorrow" },
	{ "in", "DELAY", "not before this delay has passed: '5 min', 90s" },
	{ "key", "TEXT", "at most one job in scope has it" },
	{ "on-conflict", "WHAT",
	  "when the key is taken: ignore, replace, reschedule, error (ignore)" },
	{ "key-scope", "SCOPE", "how long the key is held: queued, live, done (live)" },
	{ "max-attempts", "N", "instead of the policy's" },
	{ "timeout", "INTERVAL", "how long an attempt may run" },
	{ "deadline", "TIME", "after this the job is worth nothing" },
	{ "policy", "NAME", "how it is retried" },
	{ "tags", "A,B", "words to find it by" },
	{ "lane", "NAME", "jobs of a lane start in order" },
	{ "after", "IDS", "start when these jobs have completed: 7,8" },
	{ "if-failed", "WHAT", "what to do if one of them fails: cancel, fail, go, wait (cancel)" },
	{ "parent", "ID", "the job or batch that it is made for" },
	{ "wait-for", "NAME", "start after this signal; approval: after tow approve" },
	{ "wait", NULL, "wait for its end, and exit as it did" },
	{ "bulk", NULL, "each line of standard input is the arguments of a job" },
	{ "atomic", NULL, "with --bulk: all of them or none, in one transaction" },
	OPTION_QUIET,
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static bool check(struct cli *c)
{
	static const char *const single[] = { "key",   "on-conflict", "key-scope", "deadline",
					      "after", "if-failed",   "wait-for",  "wait" };
	if (cli_has(c, "run-at") && cli_has(c, "in"))
		return args_usage(&c->err, "--run-at and --in say two different things");
	if (!cli_has(c, "key") && (cli_has(c, "on-conflict") || cli_has(c, "key-scope")))
		return args_usage(&c->err, "--on-conflict and --key-scope say more of a --key");
	if (cli_has(c, "after") && !cli_option(c, "after")[strspn(cli_option(c, "after"), ",")])
		return args_usage(&c->err, "--after names no job");
	if (!cli_has(c, "bulk"))
		return !cli_has(c, "atomic") || args_usage(&c->err, "--atomic goes with --bulk");
	for (size_t i = 0; i < sizeof single / sizeof *single; i++)
		if (cli_has(c, single[i]))
			return args_usage(&c->err, "--%s does not go with --bulk", single[i]);
	return !cli_operand(c, 1) ||
	       args_usage(&c->err, "with --bulk the arguments come from standard input");
}

/* The address may give the session another name than "tow enqueue by": then the audit still has
 * that it was somebody. Not through a pooler, where the session is not ours. */
static bool come_in_person(struct cli *c)
{
	return tow_db_pooled(c->db) ||
	       tow_call(c->db, NULL, &c->err, "set_config", "tow.in_person", "on", "false");
}

/* The options that one job and many have in common. */
static bool gather(struct cli *c, struct cli_call *call)
{
	const char *run_at = cli_option(c, "run-at");
	if (cli_has(c, "in") && !cli_instant(c, &c->arena, cli_option(c, "in"), &run_at))
		return false;
	cli_arg(call, "kind", cli_operand(c, 0));
	cli_arg(call, "queue", cli_option(c, "queue"));
	cli_arg(call, "priority", cli_option(c, "priority"));
	cli_arg(call, "run_at", run_at);
	cli_arg(call, "max_attempts", cli_option(c, "max-attempts"));
	cli_arg(call, "timeout", cli_option(c, "timeout"));
	cli_arg(call, "policy", cli_option(c, "policy"));
	cli_arg(call, "lane", cli_option(c, "lane"));
	cli_arg(call, "parent", cli_option(c, "parent"));
	cli_arg(call, "tags", cli_array(&c->arena, cli_option(c, "tags")));
	return true;
}

static bool gather_single(struct cli *c, struct cli_call *call)
{
	const char *args;
	if (!input_json(c, cli_operand(c, 1), &args))
		return false;
	cli_arg(call, "args", args);
	cli_arg(call, "key", cli_option(c, "key"));
	cli_arg(call, "on_conflict", cli_option(c, "on-conflict"));
	cli_arg(call, "key_scope", cli_option(c, "key-scope"));
	cli_arg(call, "deadline", cli_option(c, "deadline"));
	cli_arg(call, "after", cli_array(&c->arena, cli_option(c, "after")));
	cli_arg(call, "if_failed", cli_option(c, "if-failed"));
	cli_arg(call, "wait_for", cli_option(c, "wait-for"));
	return true;
}

static void note(struct cli *c, const char *which)
{
	const char *queue = cli_option(c, "queue");
	if (note_unserved(c, cli_operand(c, 0), queue ? queue : "default"))
		fprintf(stderr, "hint: %s until there is one\n", which);
}

/* "true" or "false", whether the job is new; NULL: without a key it is, and a pooler may have given
 * the question to another session, which does not know. */
static const char *made(struct cli *c, const char *id)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err ignored = { 0 };
	if (!cli_has(c, "key") || tow_db_pooled(c->db) ||
	    !tow_call(c->db, &rows, &ignored, "tow.made", id))
		return NULL;
	return strcmp(tow_rows_at(rows, 0, 0), "t") == 0 ? "true" : "false";
}

static void print_id(struct cli *c, const char *id, const char *new)
{
	if (!cli_has(c, "json"))
		printf("%s\n", id);
	else if (new)
		printf("{\"id\": %s, \"made\": %s}\n", id, new);
	else
		printf("{\"id\": %s}\n", id);
	fflush(stdout);
}

static void note_other(struct cli *c, const char *id)
{
	const char *conflict = cli_option(c, "on-conflict");
	if (cli_has(c, "quiet") || (cli_has(c, "json") && !cli_has(c, "wait")))
		return;
	bool moved = conflict && strcmp(conflict, "reschedule") == 0;
	fprintf(stderr, "not enqueued: job %s has the key%s\n", id, moved ? ", and was moved" : "");
}

static int one(struct cli *c, struct cli_call *call)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!gather_single(c, call) || !cli_call(c, &rows, "tow.enqueue", call))
		return cli_failed(c);
	const char *id = tow_rows_at(rows, 0, 0), *new = made(c, id);
	if (!cli_has(c, "wait"))
		print_id(c, id, new);
	if (new &&strcmp(new, "false") == 0)
		note_other(c, id);
	if (cli_has(c, "wait")) {
		note(c, "the job waits");
		return wait_for(c, id);
	}
	note(c, "the job waits");
	return EX_OK;
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	struct cli_call call = { 0 };
	if (!cli_parse(&c, options, 1, 2, argc, argv) || !check(&c) || !cli_open_database(&c) ||
	    !come_in_person(&c) || !gather(&c, &call))
		return cli_failed(&c);
	if (!cli_has(&c, "bulk"))
		return one(&c, &call);
	int status = bulk_enqueue(&c, &call);
	if (status == EX_OK)
		note(&c, "these jobs wait");
	return status;
}

const struct tow_command tow_command_enqueue = {
	.name = "enqueue",
	.summary = "add a job, or many",
	.usage = "tow enqueue [options] KIND [JSON | -]",
	.options = options,
	.help = "The arguments are any JSON value, {} if there is none; - reads them from standard "
		"input. Prints the\n"
		"job's number; if another job has the key, that one's, with a note (with --json: "
		"\"made\": false).\n"
		"Kinds that every worker has, to try things with: noop, stamp, echo, "
		"sleep, "
		"fail, crash, spin.\n"
		"Delays and times are as PostgreSQL reads them. A warning on standard error tells "
		"when no live worker knows the\n"
		"kind or serves the queue: the job waits for one.\n"
		"\n"
		"Examples:\n"
		"  tow enqueue echo '{\"hello\": \"world\"}' --wait\n"
		"  tow enqueue mail - --queue bulk --in '5 min' --key mail:7 --on-conflict "
		"replace\n"
		"  tow enqueue sleep '{\"s\": 5}' --wait --timeout 2s\n"
		"  tow enqueue report --after 7,8 --if-failed go\n"
		"  tow enqueue deploy --wait-for approval\n"
		"  seq 1000 | sed 's/.*/{\"n\": &}/' | tow enqueue noop --bulk\n"
		"\n"
		"--bulk enqueues a thousand lines at a time. At a line that is refused it stops; "
		"what came before is enqueued,\n"
		"and the error says how many jobs that is and with which line to go on. With "
		"--atomic it is all or nothing.\n"
		"\n"
		"With --wait standard output has the job's result alone, as JSON; its number is on "
		"standard error, with a\n"
		"progress bar on a terminal. --json has both in one object. An interrupt ends the "
		"waiting, not the job.\n"
		"\n"
		"Exit status: 0; with --wait 0 completed, 1 failed, 2 cancelled, 75 still under "
		"way "
		"when interrupted; 65 bad\n"
		"arguments or a key that is taken.\n",
	.run = run,
};
