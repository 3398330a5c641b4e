/* tow profile: what is done about downloads in trouble, and how many may be under way. */
#include <sysexits.h>

#include "lib/input.h"
#include "lib/print.h"
#include "lib/sub.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "stalled", "STEPS", "add, set: what is done about one that gets nothing" },
	{ "metadata", "STEPS", "add, set: about a magnet that finds nothing" },
	{ "error", "STEPS", "add, set: about one that its client gave up" },
	{ "local", "STEPS", "add, set: about one that it gave up for its own disk" },
	{ "missing-files", "STEPS", "add, set: or because its files are gone" },
	{ "missing", "STEPS", "add, set: about one that its client no longer has" },
	{ "retries", "N", "add, set: of each stage, before it fails for good (2)" },
	{ "min-free", "BYTES", "add, set: a client with less is given nothing new (0)" },
	{ "max-active", "N", "add, set: how many at once in one client" },
	{ "reset", "A,B", "set: take back max_active" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int ls(struct cli *c)
{
	static const struct column columns[] = {
		{ "name", NULL, AS_IS },	   { "stalled", NULL, AS_IS },
		{ "metadata", NULL, AS_IS },	   { "error", NULL, AS_IS },
		{ "local", NULL, AS_IS },	   { "missing_files", NULL, AS_IS },
		{ "missing", NULL, AS_IS },	   { "retries", NULL, AS_IS },
		{ "min_free", "MIN FREE", AS_IS }, { "max_active", "AT ONCE", AS_IS },
		{ "libraries", NULL, AS_LIST },	   COLUMN_END,
	};
	return print_view(c, "haul.profiles", columns);
}

static int write_it(struct cli *c, const char *verb)
{
	static const char *const same[] = { "stalled", "metadata", "error",
					    "local",   "missing",  "retries" };
	struct cli_call call = { 0 };

	cli_arg(&call, "name", cli_operand(c, 0));
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		cli_arg(&call, same[i], cli_option(c, same[i]));
	cli_arg(&call, "missing_files", cli_option(c, "missing-files"));
	cli_arg(&call, "min_free", cli_option(c, "min-free"));
	cli_arg(&call, "max_active", cli_option(c, "max-active"));
	cli_arg(&call, "reset", cli_settings(&c->arena, cli_option(c, "reset")));
	return cli_call(c, NULL, verb, &call) ? EX_OK : cli_failed(c);
}

static int add(struct cli *c)
{
	return write_it(c, "haul.add_profile");
}

static int set(struct cli *c)
{
	return write_it(c, "haul.set_profile");
}

static int rm(struct cli *c)
{
	return sub_call(c, "haul.drop_profile");
}

#define SETTINGS " stalled metadata error local missing-files missing retries min-free max-active "
static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "add", 1, 1, add, SETTINGS, "added" },
	{ "set", 1, 1, set, SETTINGS "reset ", "set" },
	{ "rm", 1, 1, rm, NULL, "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_profile = {
	.name = "profile",
	.summary = "what is done about downloads in trouble",
	.usage = "tow profile ls | add NAME | set NAME | rm NAME",
	.options = options,
	.help = "STEPS are taken in order, each once, until something moves: a JSON list of after "
		"(by a clock that goes\n"
		"while we look) and do: reannounce, recheck, resume, retry (removed from its "
		"client, and given to it\n"
		"anew), fail, swap (fails for the release's sake), nothing. 'tow library set' and "
		"'tow haul add' name\n"
		"a profile; what names none goes by 'default'.\n"
		"\n"
		"Examples:\n"
		"  tow profile set default --stalled '[{\"after\": \"1 h\", \"do\": "
		"\"reannounce\"}, {\"after\": \"1 day\", \"do\": \"fail\"}]'\n"
		"  tow profile add nightly --max-active 2 --min-free 50000000000\n",
	.run = run,
};
