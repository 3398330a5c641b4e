/* tow target: media servers, and whoever else is told of new files. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/print.h"
#include "lib/sub.h"
#include "lib/trial.h"
#include "tow/command.h"
#include "tow/target.h"

static const struct tow_option options[] = {
	{ "driver", "DRIVER", "test: what it is, if it is not added yet" },
	{ "url", "URL", "set, test: where it is" },
	{ "user", "NAME", "add, set, test: the name to log in with" },
	{ "secret", "secret:NAME", "add, set, test: the password or key, by its name" },
	{ "section", "NAME",
	  "add, set, test: the server's own name of its library, where it needs one" },
	{ "delay", "INTERVAL", "add, set: how long changes are gathered (10 s)" },
	{ "timeout", "INTERVAL", "add, set: of each request (30 s)" },
	{ "enabled", "on|off", "set: whether it is told at all" },
	{ "reset", "A,B", "set: take back user_name, secret, section" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int ls(struct cli *c)
{
	static const struct column columns[] = {
		{ "name", NULL, AS_IS },
		{ "driver", NULL, AS_IS },
		{ "state", NULL, AS_STATE },
		{ "scanned_at", "SCANNED", AS_WHEN },
		{ "pending", NULL, AS_IS },
		{ "libraries", NULL, AS_LIST },
		{ "url", NULL, AS_IS },
		{ "error", NULL, AS_IS },
		COLUMN_END,
	};
	return print_view(c, "haul.targets", columns);
}

static void gather(struct cli *c, struct cli_call *call)
{
	static const char *const same[] = { "secret", "section", "delay", "timeout" };

	cli_arg(call, "name", cli_operand(c, 0));
	cli_arg(call, "user_name", cli_option(c, "user"));
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		cli_arg(call, same[i], cli_option(c, same[i]));
}

static int add(struct cli *c)
{
	struct cli_call call = { 0 };

	if (!tow_target_driver(cli_operand(c, 1))) {
		args_usage(&c->err, "there is no driver '%s'", cli_operand(c, 1));
		tow_hint(&c->err, "tow target drivers lists them");
		return cli_failed(c);
	}
	cli_arg(&call, "driver", cli_operand(c, 1));
	cli_arg(&call, "url", cli_operand(c, 2));
	gather(c, &call);
	return cli_call(c, NULL, "haul.add_target", &call) ? EX_OK : cli_failed(c);
}

static int set(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "url", cli_option(c, "url"));
	cli_arg(&call, "enabled", cli_option(c, "enabled"));
	cli_arg(&call, "reset", cli_settings(&c->arena, cli_option(c, "reset")));
	gather(c, &call);
	return cli_call(c, NULL, "haul.set_target", &call) ? EX_OK : cli_failed(c);
}

static int rm(struct cli *c)
{
	return sub_call(c, "haul.drop_target");
}

static int scan(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;

	if (!tow_call(c->db, &rows, &c->err, "haul.scan", cli_operand(c, 0)))
		return cli_failed(c);
	printf(cli_has(c, "json") ? "{\"job\": %s}\n" : "job %s\n", tow_rows_at(rows, 0, 0));
	return EX_OK;
}

static int drivers(struct cli *c)
{
	(void)c;
	for (const struct tow_target_driver *const *d = tow_target_drivers; *d; d++)
		printf("%-14s %s\n", (*d)->name, (*d)->help);
	return EX_OK;
}

#define SETTINGS " user secret section delay timeout "
static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "drivers", 0, 0, drivers, sub_alone, NULL },
	{ "add", 3, 3, add, SETTINGS, "added" },
	{ "set", 1, 1, set, SETTINGS " url enabled reset ", "set" },
	{ "test", 1, 1, target_trial, " driver url user secret section ", NULL },
	{ "scan", 1, 1, scan, NULL, NULL },
	{ "rm", 1, 1, rm, NULL, "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_target = {
	.name = "target",
	.summary = "media servers and others that are told of new files",
	.usage = "tow target ls | drivers | add NAME DRIVER URL | set NAME | test NAME | scan NAME "
		 "| rm "
		 "NAME",
	.options = options,
	.help = "Changes are gathered for a while and told all at once. 'tow library announce' "
		"says "
		"of which libraries.\n"
		"\n"
		"Examples:\n"
		"  tow target add music mpd mpd://127.0.0.1:6600\n"
		"  tow target add stash stash http://127.0.0.1:9999 --secret secret:stash\n"
		"  tow target test stash\n"
		"  tow target scan music\n"
		"\n"
		"test speaks to it from this host, as this user: what is wrong on the way, and "
		"whether it knows the folders\n"
		"of the libraries that are announced to it. Exit status: 0 all is well, 1 "
		"something is bad.\n",
	.run = run,
};
