/* tow notify: what is told to whom. */
#include <sysexits.h>

#include "lib/print.h"
#include "lib/sub.h"
#include "lib/wait.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "channel", "NAME", "set: by which channel" },
	{ "events", "A,B", "set: of what" },
	{ "library", "A,B", "add, set: only what is of these libraries" },
	{ "category", "A,B", "add, set: only what is of these categories" },
	{ "below", "SIZE", "add, set: a disk with less free is low: 10 GB" },
	{ "delay", "INTERVAL", "add, set: what comes together within it is one message (10 s)" },
	{ "title", "TEMPLATE", "add, set: in words of your own" },
	{ "body", "TEMPLATE", "add, set: likewise, a line for each thing that happened" },
	{ "enabled", "on|off", "set: whether it is told at all" },
	{ "reset", "A,B", "set: take back libraries, categories, below, title, body" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int ls(struct cli *c)
{
	static const struct column columns[] = {
		{ "name", NULL, AS_IS },	 { "channel", NULL, AS_IS },
		{ "events", NULL, AS_LIST },	 { "libraries", NULL, AS_LIST },
		{ "categories", NULL, AS_LIST }, { "below", NULL, AS_IS },
		{ "delay", NULL, AS_DURATION },	 { "enabled", NULL, AS_YES },
		{ "gathered", NULL, AS_IS },	 COLUMN_END,
	};
	return print_view(c, "haul.rules", columns);
}

static int events(struct cli *c)
{
	static const struct column columns[] = {
		{ "event", NULL, AS_IS },
		{ "means", NULL, AS_IS },
		{ "title", NULL, AS_IS },
		COLUMN_END,
	};
	return print_view(c, "haul.occasions", columns);
}

static int messages(struct cli *c)
{
	static const struct column columns[] = {
		{ "made_at", "AT", AS_WHEN },
		{ "channel", NULL, AS_IS },
		{ "rule", NULL, AS_IS },
		{ "state", NULL, AS_STATE },
		{ "title", NULL, AS_IS },
		{ "error", NULL, AS_IS },
		COLUMN_END,
	};
	return print_view(c, "haul.messages", columns);
}

static void gather(struct cli *c, struct cli_call *call)
{
	static const char *const same[] = { "below", "delay", "title", "body" };

	cli_arg(call, "name", cli_operand(c, 0));
	cli_arg(call, "libraries", cli_array(&c->arena, cli_option(c, "library")));
	cli_arg(call, "categories", cli_array(&c->arena, cli_option(c, "category")));
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		cli_arg(call, same[i], cli_option(c, same[i]));
}

static int add(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "channel", cli_operand(c, 1));
	cli_arg(&call, "events", cli_array(&c->arena, cli_operand(c, 2)));
	gather(c, &call);
	return cli_call(c, NULL, "haul.add_rule", &call) ? EX_OK : cli_failed(c);
}

static int set(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "channel", cli_option(c, "channel"));
	cli_arg(&call, "events", cli_array(&c->arena, cli_option(c, "events")));
	cli_arg(&call, "enabled", cli_option(c, "enabled"));
	cli_arg(&call, "reset", cli_settings(&c->arena, cli_option(c, "reset")));
	gather(c, &call);
	return cli_call(c, NULL, "haul.set_rule", &call) ? EX_OK : cli_failed(c);
}

static int rm(struct cli *c)
{
	return sub_call(c, "haul.drop_rule");
}

static int test(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;

	if (!tow_call(c->db, &rows, &c->err, "haul.test_rule", cli_operand(c, 0)))
		return cli_failed(c);
	return wait_for(c, tow_rows_at(rows, 0, 0));
}

#define SETTINGS " library category below delay title body "
static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "events", 0, 0, events, NULL, NULL },
	{ "messages", 0, 0, messages, NULL, NULL },
	{ "add", 3, 3, add, SETTINGS, "added" },
	{ "set", 1, 1, set, SETTINGS " channel events enabled reset ", "set" },
	{ "test", 1, 1, test, NULL, NULL },
	{ "rm", 1, 1, rm, NULL, "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_notify = {
	.name = "notify",
	.summary = "rules: what people are told, and through which channel",
	.usage = "tow notify ls | events | messages | add NAME CHANNEL EVENT,... | set NAME | test "
		 "NAME | rm "
		 "NAME",
	.options = options,
	.help = "events lists what can be told; * stands for anything in a name. messages shows "
		"what was said, and what\n"
		"waits. Templates have fields such as {title} {error} {hint} {client} {library} "
		"{count}; { (|hint|)} is left\n"
		"out as a whole where there is no hint.\n"
		"An event may be narrowed by kind, queue, class, worker, host, schedule, client, "
		"target, library or\n"
		"category. test sends what the rule would say, with made-up names.\n"
		"\n"
		"Examples:\n"
		"  tow notify add trouble phone 'download.failed,client.*,target.*' --delay '1 "
		"min'\n"
		"  tow notify add jobs phone 'job.failed queue=mail class=http.*,worker.lost'\n"
		"  tow notify add disks phone '*.disk_low' --below '20 GB'\n"
		"  tow notify add films post download.completed --library films --delay '10 min'\n",
	.run = run,
};
