/* tow queue: queues and their settings. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/print.h"
#include "lib/queuepage.h"
#include "lib/sub.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "reason", "TEXT", "pause: shown to whoever asks why" },
	{ "policy", "NAME", "add, set: how its jobs are retried" },
	{ "max-attempts", "N", "add, set: instead of the policy's" },
	{ "timeout", "INTERVAL", "add, set: how long an attempt may run" },
	{ "retention", "INTERVAL", "add, set: how long finished jobs are kept" },
	{ "max-args-bytes", "N", "add, set: the largest arguments of a job" },
	{ "description", "TEXT", "add, set: what it is for" },
	{ "max-running", "N", "add, set: how many of its jobs run at once" },
	{ "rate", "RATE",
	  "add, set: how many of its jobs start, on average: 5 a second, 100/min, 3/10s" },
	{ "burst", "N", "add, set: how many may start at once after a pause" },
	{ "lane-limit", "N", "add, set: how many jobs of each lane run at once; 0: any number" },
	{ "lane-rate", "RATE", "add, set: how many jobs of each lane start" },
	{ "lane-burst", "N", "add, set: how many of them may start at once after a pause" },
	{ "expire-after", "INTERVAL",
	  "add, set: jobs that have been ready for longer are cancelled" },
	{ "may", "WHAT", "grant, revoke: enqueue (the default), or read arguments and results" },
	{ "all", NULL,
	  "pause, resume: all queues; revoke: from all roles, so that every producer may enqueue "
	  "there again" },
	{ "reset", "LIST", "set: settings that go back to the instance's: rate,timeout,..." },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "name", NULL, AS_IS },
	{ "state", NULL, AS_STATE },
	{ "ready", NULL, AS_COUNTED },
	{ "waiting", NULL, AS_COUNTED },
	{ "running", NULL, AS_IS },
	{ "max_running", "MAX", AS_IS },
	{ "rate", NULL, AS_PACE },
	{ "oldest_ready", "OLDEST", AS_WHEN },
	{ "workers", NULL, AS_IS },
	{ "slots", NULL, AS_IS },
	{ "policy", NULL, AS_IS },
	{ "timeout", NULL, AS_DURATION },
	{ "retention", NULL, AS_DURATION },
	{ "pause_reason", "REASON", AS_IS },
	{ "trouble", NULL, AS_IF_ANY },
	{ "hint", NULL, AS_IF_ANY },
	COLUMN_END,
};

static int ls(struct cli *c)
{
	return print_view(c, "tow.queues", columns);
}

static bool limits(struct cli *c, struct cli_call *call)
{
	cli_arg(call, "max_running", cli_option(c, "max-running"));
	cli_arg(call, "burst", cli_option(c, "burst"));
	cli_arg(call, "lane_limit", cli_option(c, "lane-limit"));
	cli_arg(call, "lane_burst", cli_option(c, "lane-burst"));
	return cli_rate(c, call, "rate", cli_option(c, "rate")) &&
	       cli_rate(c, call, "lane_rate", cli_option(c, "lane-rate"));
}

static int set(struct cli *c)
{
	struct cli_call call = { 0 };
	cli_arg(&call, "name", cli_operand(c, 0));
	cli_arg(&call, "policy", cli_option(c, "policy"));
	cli_arg(&call, "max_attempts", cli_option(c, "max-attempts"));
	cli_arg(&call, "timeout", cli_option(c, "timeout"));
	cli_arg(&call, "retention", cli_option(c, "retention"));
	cli_arg(&call, "max_args_bytes", cli_option(c, "max-args-bytes"));
	cli_arg(&call, "description", cli_option(c, "description"));
	cli_arg(&call, "expire_after", cli_option(c, "expire-after"));
	cli_arg(&call, "reset", cli_settings(&c->arena, cli_option(c, "reset")));
	bool done = limits(c, &call) && cli_call(c, NULL, "tow.set_queue", &call);
	return done ? EX_OK : cli_failed(c);
}

static int show(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!tow_call(c->db, &rows, &c->err, "tow.show_queue", cli_operand(c, 0)))
		return cli_failed(c);
	if (cli_has(c, "json"))
		table_json_row(stdout, rows, 0);
	else if (!queuepage_print(c, rows))
		return cli_failed(c);
	return EX_OK;
}

/* That all of them are meant has to be said. */
static bool one_or_all(struct cli *c, const char *verb)
{
	return cli_has(c, "all") != (cli_operand(c, 0) != NULL) ||
	       args_usage(&c->err, "'tow queue %s' needs a NAME, or --all, and not both", verb);
}

static int all(struct cli *c, const char *verb, const struct cli_call *call)
{
	static const struct column changed[] = {
		{ "queue", NULL, AS_IS },
		{ "state", NULL, AS_STATE },
		{ "pause_reason", "REASON", AS_IS },
		COLUMN_END,
	};
	return print_call(c, verb, call, changed);
}

static int pause_queue(struct cli *c)
{
	struct cli_call call = { 0 };
	cli_arg(&call, "reason", cli_option(c, "reason"));
	if (!one_or_all(c, "pause"))
		return cli_failed(c);
	if (cli_has(c, "all"))
		return all(c, "tow.pause_queues", &call);
	cli_arg(&call, "queue", cli_operand(c, 0));
	if (!cli_call(c, NULL, "tow.pause", &call))
		return cli_failed(c);
	sub_say_done(c, cli_operand(c, 0), "paused");
	return EX_OK;
}

static int resume(struct cli *c)
{
	static const struct cli_call none = { 0 };
	if (!one_or_all(c, "resume"))
		return cli_failed(c);
	if (cli_has(c, "all"))
		return all(c, "tow.resume_queues", &none);
	if (!tow_call(c->db, NULL, &c->err, "tow.resume", cli_operand(c, 0)))
		return cli_failed(c);
	sub_say_done(c, cli_operand(c, 0), "resumed");
	return EX_OK;
}

static int rm(struct cli *c)
{
	return sub_call(c, "tow.drop_queue");
}

static int grants(struct cli *c)
{
	static const struct column granted[] = {
		{ "queue", NULL, AS_IS }, { "role", NULL, AS_IS },
		{ "may", NULL, AS_IS },	  { "granted_at", "GRANTED", AS_WHEN },
		{ "who", "BY", AS_IS },	  COLUMN_END,
	};
	return print_view(c, "tow.grants", granted);
}

static int call_grant(struct cli *c, const char *verb)
{
	struct cli_call call = { 0 };
	cli_arg(&call, "queue", cli_operand(c, 0));
	cli_arg(&call, "role", cli_operand(c, 1));
	cli_arg(&call, "may", cli_option(c, "may"));
	return cli_call(c, NULL, verb, &call) ? EX_OK : cli_failed(c);
}

static int grant(struct cli *c)
{
	return call_grant(c, "tow.grant_queue");
}

/* That a queue is open to everybody again has to be asked for by name. */
static int revoke(struct cli *c)
{
	if (cli_has(c, "all") != (cli_operand(c, 1) != NULL))
		return call_grant(c, "tow.revoke_queue");
	args_usage(&c->err, "'tow queue revoke' needs a ROLE, or --all, and not both");
	return cli_failed(c);
}

#define SETTINGS                                                                              \
	" policy max-attempts timeout retention max-args-bytes description max-running rate " \
	"burst lane-limit lane-rate lane-burst expire-after "

static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "show", 1, 1, show, NULL, NULL },
	{ "add", 1, 1, set, SETTINGS, "set" },
	{ "set", 1, 1, set, SETTINGS " reset ", "set" },
	{ "pause", 0, 1, pause_queue, " reason all ", NULL },
	{ "resume", 0, 1, resume, " all ", NULL },
	{ "rm", 1, 1, rm, NULL, "removed" },
	{ "grant", 2, 2, grant, " may ", "granted" },
	{ "revoke", 1, 2, revoke, " may all ", "revoked" },
	{ "grants", 0, 0, grants, NULL, NULL },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_queue = {
	.name = "queue",
	.summary = "list, set, pause and resume queues, and say who may use them",
	.usage = "tow queue ls | show NAME | add NAME | set NAME | pause [NAME] | resume [NAME] | "
		 "rm NAME |\n"
		 "       grant QUEUE ROLE | revoke QUEUE [ROLE] | grants",
	.options = options,
	.help = "A queue comes into being when it is first used; add makes it before, set changes "
		"what is given and\n"
		"leaves the rest. While a queue is paused none of its jobs is started; those that "
		"run go on. pause --all\n"
		"pauses all that are not paused, and resume --all resumes those: what was paused "
		"by its name stays so, which\n"
		"they say. show has all about one. rm removes an empty queue that no worker "
		"serves.\n"
		"From the first grant on only the roles that have one, operators and admins "
		"enqueue in a queue, and that\n"
		"stays so when the last one is revoked; revoke --all opens it again. grants lists "
		"them.\n"
		"\n"
		"Examples:\n"
		"  tow queue ls\n"
		"  tow queue set mail --policy patient --retention '30 days'\n"
		"  tow queue set mail --max-running 10 --rate 5 --burst 20\n"
		"  tow queue set mail --lane-limit 2 --reset rate,burst\n"
		"  tow queue pause mail --reason 'the relay is down'\n"
		"  tow queue resume mail\n"
		"  tow queue pause --all --reason 'the disk is exchanged'\n"
		"  tow queue resume --all\n"
		"  tow queue show mail\n"
		"  tow queue grant orders shop\n"
		"  tow queue revoke orders --all\n",
	.run = run,
};
