/* tow goal: how long what is placed seeds. */
#include <sysexits.h>

#include "lib/print.h"
#include "lib/sub.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "tracker", "HOST", "set, rm: of a tracker: its host, or the end of it (any)" },
	{ "library", "NAME", "set, rm: in a library (any)" },
	{ "ratio", "NUMBER", "set: to this ratio" },
	{ "seed-time", "INTERVAL", "set: for this long" },
	{ "need", "either|both", "set: which of the two (either)" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int ls(struct cli *c)
{
	static const struct column columns[] = {
		{ "tracker", NULL, AS_IS }, { "library", NULL, AS_IS },
		{ "ratio", NULL, AS_IS },   { "seed_time", "TIME", AS_DURATION },
		{ "need", NULL, AS_IS },    COLUMN_END,
	};
	return print_view(c, "haul.goals", columns);
}

static void whose(struct cli *c, struct cli_call *call)
{
	cli_arg(call, "tracker", cli_option(c, "tracker"));
	cli_arg(call, "library", cli_option(c, "library"));
}

static int set(struct cli *c)
{
	struct cli_call call = { 0 };

	whose(c, &call);
	cli_arg(&call, "ratio", cli_option(c, "ratio"));
	cli_arg(&call, "seed_time", cli_option(c, "seed-time"));
	cli_arg(&call, "need", cli_option(c, "need"));
	return cli_call(c, NULL, "haul.set_goal", &call) ? EX_OK : cli_failed(c);
}

static int rm(struct cli *c)
{
	struct cli_call call = { 0 };

	whose(c, &call);
	return cli_call(c, NULL, "haul.drop_goal", &call) ? EX_OK : cli_failed(c);
}

static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "set", 0, 0, set, " tracker library ratio seed-time need ", "set" },
	{ "rm", 0, 0, rm, " tracker library ", "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_goal = {
	.name = "goal",
	.summary = "how long placed downloads go on seeding",
	.usage = "tow goal ls | set | rm",
	.options = options,
	.help = "A library may have placed transfers removed ('tow library set NAME --done-remove "
		"data'). That is done\n"
		"when the goal is met: of the goals that fit, the one with the longest tracker "
		"counts, then the library's\n"
		"own. Without a goal a torrent goes when its client has stopped it.\n"
		"\n"
		"Examples:\n"
		"  tow goal set --ratio 1 --seed-time '7 days'\n"
		"  tow goal set --tracker example.org --seed-time '14 days' --ratio 2 --need "
		"both\n",
	.run = run,
};
