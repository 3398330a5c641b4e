/* tow lane: lanes of queues and their limits. */
#include <sysexits.h>

#include "lib/print.h"
#include "lib/sub.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "max-running", "N", "set: how many of its jobs run at once" },
	{ "rate", "RATE",
	  "set: how many of its jobs start, on average: 5 a second, 100/min, 3/10s" },
	{ "burst", "N", "set: how many may start at once after a pause" },
	{ "weight", "NUMBER", "set: its share among the lanes of its queue; 1 is usual" },
	{ "reset", "LIST", "set: settings that go back to the queue's: max_running,rate,..." },
	{ "reason", "TEXT", "pause: shown to whoever asks why" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "queue", NULL, AS_IS },
	{ "lane", NULL, AS_IS },
	{ "state", NULL, AS_STATE },
	{ "waiting", NULL, AS_COUNTED },
	{ "running", NULL, AS_IS },
	{ "max_running", "MAX", AS_IS },
	{ "rate", NULL, AS_PACE },
	{ "tokens", NULL, AS_IS },
	{ "weight", NULL, AS_IS },
	{ "next_job", "NEXT", AS_IS },
	{ "pause_reason", "REASON", AS_IS },
	COLUMN_END,
};

static int ls(struct cli *c)
{
	return print_view(c, "tow.lanes", columns);
}

static void name_lane(struct cli *c, struct cli_call *call)
{
	cli_arg(call, "queue", cli_operand(c, 0));
	cli_arg(call, "lane", cli_operand(c, 1));
}

static int set(struct cli *c)
{
	struct cli_call call = { 0 };
	name_lane(c, &call);
	cli_arg(&call, "max_running", cli_option(c, "max-running"));
	cli_arg(&call, "burst", cli_option(c, "burst"));
	cli_arg(&call, "weight", cli_option(c, "weight"));
	cli_arg(&call, "reset", cli_settings(&c->arena, cli_option(c, "reset")));
	bool done = cli_rate(c, &call, "rate", cli_option(c, "rate")) &&
		    cli_call(c, NULL, "tow.set_lane", &call);
	return done ? EX_OK : cli_failed(c);
}

static int pause_lane(struct cli *c)
{
	struct cli_call call = { 0 };
	name_lane(c, &call);
	cli_arg(&call, "reason", cli_option(c, "reason"));
	return cli_call(c, NULL, "tow.pause_lane", &call) ? EX_OK : cli_failed(c);
}

static int resume(struct cli *c)
{
	struct cli_call call = { 0 };
	name_lane(c, &call);
	return cli_call(c, NULL, "tow.resume_lane", &call) ? EX_OK : cli_failed(c);
}

static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "set", 2, 2, set, " max-running rate burst weight reset ", "set" },
	{ "pause", 2, 2, pause_lane, " reason ", "paused" },
	{ "resume", 2, 2, resume, NULL, "resumed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_lane = {
	.name = "lane",
	.summary = "list, limit, pause and resume lanes of queues",
	.usage = "tow lane ls | set QUEUE LANE | pause QUEUE LANE | resume QUEUE LANE",
	.options = options,
	.help = "Jobs that were enqueued with a lane start in order, one at a time unless told "
		"otherwise, and the\n"
		"lanes of a queue share it by weight. 'tow queue set --lane-limit' is for all "
		"lanes of a queue at once.\n"
		"A change counts at once, also for jobs that run already.\n"
		"\n"
		"Examples:\n"
		"  tow lane ls\n"
		"  tow lane set mail customer:12 --max-running 3 --weight 2\n"
		"  tow lane set mail customer:12 --reset max_running\n"
		"  tow lane pause mail customer:12 --reason 'has not paid'\n",
	.run = run,
};
