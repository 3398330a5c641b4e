/* tow daemon: what works in turns, until somebody stops it. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/daemonlog.h"
#include "lib/input.h"
#include "lib/note.h"
#include "lib/print.h"
#include "lib/sub.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "kind", "KIND", "set: the kind of job that does its turns" },
	{ "type", "TEXT", "add, set: what sort of daemon it is (its kind)" },
	{ "every", "INTERVAL", "add, set: how long after a turn the next one comes (1 minute)" },
	{ "queue", "NAME", "add, set: its jobs' queue (default)" },
	{ "priority", "N", "add, set: smaller runs first (100)" },
	{ "timeout", "INTERVAL", "add, set: how long a turn may take" },
	{ "policy", "NAME", "add, set: how a turn that fails is tried again" },
	{ "auto-start", "on|off",
	  "add, set: start it without being asked, and again when it failed" },
	{ "description", "TEXT", "add, set: what it is for" },
	{ "reset", "A,B", "set: take back type, timeout, policy, description" },
	{ "children", NULL, "stop: the jobs that its turn made, too" },
	{ "lines", "N", "log: how many at most (200)" },
	{ "follow", NULL, "log: stay, and show what comes" },
	OPTION_QUIET,
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int ls(struct cli *c)
{
	static const struct column columns[] = {
		{ "name", NULL, AS_IS },
		{ "kind", NULL, AS_IS },
		{ "state", NULL, AS_STATE },
		{ "status", NULL, AS_IS },
		{ "status_at", "SAID", AS_WHEN },
		{ "status_job", "ABOUT", AS_IS },
		{ "next_at", "NEXT", AS_WHEN },
		{ "auto_start", "AUTO", AS_YES },
		{ "heartbeat_at", "HEARD", AS_WHEN },
		{ "error", NULL, AS_IS },
		COLUMN_END,
	};
	return print_view(c, "tow.daemons", columns);
}

static bool gather(struct cli *c, struct cli_call *call, const char *config)
{
	static const char *const same[] = { "type",    "every",	 "queue",      "priority",
					    "timeout", "policy", "description" };
	const char *json;
	if (!input_json(c, config, &json))
		return false;
	cli_arg(call, "name", cli_operand(c, 0));
	cli_arg(call, "config", json);
	cli_arg(call, "auto_start", cli_option(c, "auto-start"));
	cli_arg(call, "reset", cli_settings(&c->arena, cli_option(c, "reset")));
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		cli_arg(call, same[i], cli_option(c, same[i]));
	return true;
}

/* tow.set_daemon would change it. */
static bool is_new(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	const char *name = cli_operand(c, 0);
	if (!tow_call(c->db, &rows, &c->err, "tow.find_daemons", name))
		return false;
	if (tow_rows_count(rows) == 0)
		return true;
	tow_fail_class(&c->err, TOW_FINAL, "TW409", "there is a daemon '%s' already", name);
	return tow_hint(&c->err, "change it: tow daemon set '%s'", name);
}

static int add(struct cli *c)
{
	struct cli_call call = { 0 };
	cli_arg(&call, "kind", cli_operand(c, 1));
	if (!gather(c, &call, cli_operand(c, 2)) || !is_new(c) ||
	    !cli_call(c, NULL, "tow.set_daemon", &call))
		return cli_failed(c);
	const char *queue = cli_option(c, "queue");
	note_unserved(c, cli_operand(c, 1), queue ? queue : "default");
	return EX_OK;
}

static int set(struct cli *c)
{
	struct cli_call call = { 0 };
	cli_arg(&call, "kind", cli_option(c, "kind"));
	if (!gather(c, &call, cli_operand(c, 1)))
		return cli_failed(c);
	return cli_call(c, NULL, "tow.set_daemon", &call) ? EX_OK : cli_failed(c);
}

/* Why a daemon that was started has no job yet. */
static int say_waiting(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	const char *error;
	if (!tow_call(c->db, &rows, &c->err, "tow.find_daemons", cli_operand(c, 0)))
		return cli_failed(c);
	error = tow_rows_count(rows) ? tow_rows_get(rows, 0, "error") : NULL;
	if (error)
		printf("started: its job cannot be made yet: %s\n", error);
	else
		printf("started: it waits for the end of its last turn\n");
	return EX_OK;
}

static int start(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	const char *job;
	if (!tow_call(c->db, &rows, &c->err, "tow.start_daemon", cli_operand(c, 0)))
		return cli_failed(c);
	job = tow_rows_at(rows, 0, 0);
	if (cli_has(c, "json"))
		printf("{\"job\": %s}\n", job ? job : "null");
	else if (job)
		printf("started: job %s\n", job);
	else
		return say_waiting(c);
	return EX_OK;
}

static int stop(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };
	cli_arg(&call, "name", cli_operand(c, 0));
	cli_arg(&call, "children", cli_has(c, "children") ? "on" : NULL);
	if (!cli_call(c, &rows, "tow.stop_daemon", &call))
		return cli_failed(c);
	printf(cli_has(c, "json") ? "{\"state\": \"%s\"}\n" : "%s\n", tow_rows_at(rows, 0, 0));
	return EX_OK;
}

static int enable(struct cli *c)
{
	return sub_call(c, "tow.enable_daemon");
}

static int disable(struct cli *c)
{
	return sub_call(c, "tow.disable_daemon");
}

static int rm(struct cli *c)
{
	return sub_call(c, "tow.drop_daemon");
}

/* One daemon, a line for each thing that there is to say. */
static int status(struct cli *c)
{
	static const struct column columns[] = {
		{ "name", NULL, AS_IS },
		{ "type", NULL, AS_IS },
		{ "kind", NULL, AS_IS },
		{ "state", NULL, AS_IS },
		{ "status", NULL, AS_IS },
		{ "status_at", "said", AS_IS },
		{ "status_job", "about", AS_IS },
		{ "status_kind", "about kind", AS_IS },
		{ "error", NULL, AS_IS },
		{ "failures", NULL, AS_IS },
		{ "job", NULL, AS_IS },
		{ "next_at", "next", AS_IS },
		{ "heartbeat_at", "heard", AS_IS },
		{ "since", NULL, AS_IS },
		{ "enabled", NULL, AS_YES },
		{ "auto_start", "auto start", AS_YES },
		{ "every", NULL, AS_DURATION },
		{ "config", NULL, AS_IS },
		{ "queue", NULL, AS_IS },
		{ "policy", NULL, AS_IS },
		{ "timeout", NULL, AS_DURATION },
		{ "description", NULL, AS_IS },
		COLUMN_END,
	};
	TOW_AUTO_ROWS *rows = NULL;
	if (!tow_call(c->db, &rows, &c->err, "tow.show_daemon", cli_operand(c, 0)))
		return cli_failed(c);
	if (cli_has(c, "json")) {
		table_json_row(stdout, rows, 0);
		return EX_OK;
	}
	for (const struct column *k = columns; k->name; k++) {
		const char *cell = table_cell(&c->arena, rows, 0, k, 0);
		if (*cell)
			printf("%-11s %s\n", k->title ? k->title : k->name, cell);
	}
	return EX_OK;
}

static int say_log(struct cli *c)
{
	static const struct column columns[] = {
		{ "at", NULL, AS_WHEN },
		{ "job", NULL, AS_IS },
		{ "what", NULL, AS_IS },
		{ "line", NULL, AS_IS },
		COLUMN_END,
	};
	struct cli_call call = { 0 };
	if (cli_has(c, "follow"))
		return daemonlog_follow(c, cli_operand(c, 0), cli_option(c, "lines"));
	cli_arg(&call, "name", cli_operand(c, 0));
	cli_arg(&call, "max_lines", cli_option(c, "lines"));
	return print_call(c, "tow.daemon_log", &call, columns);
}

#define SETTINGS " type every queue priority timeout policy auto-start description "

static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "add", 2, 3, add, SETTINGS " quiet ", "added" },
	{ "set", 1, 2, set, SETTINGS " kind reset ", "set" },
	{ "start", 1, 1, start, NULL, NULL },
	{ "stop", 1, 1, stop, " children ", NULL },
	{ "enable", 1, 1, enable, NULL, "enabled" },
	{ "disable", 1, 1, disable, NULL, "disabled" },
	{ "status", 1, 1, status, NULL, NULL },
	{ "show", 1, 1, status, NULL, NULL },
	{ "log", 1, 1, say_log, " lines follow ", NULL },
	{ "rm", 1, 1, rm, NULL, "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_daemon = {
	.name = "daemon",
	.summary = "jobs that work in turns until somebody stops them",
	.usage =
		"tow daemon ls | add NAME KIND [JSON | -] | set NAME [JSON | -] | start NAME | "
		"stop NAME | "
		"enable NAME |\n       disable NAME | status NAME | show NAME | log NAME | rm NAME",
	.options = options,
	.help = "A daemon does one bounded turn of work as a job of its kind, then sleeps: so long "
		"as "
		"its handler says\n"
		"(snooze), or --every after a turn that completed. The JSON is its config: its "
		"handler's arguments, at\n"
		"each turn as they are then. At most one turn happens at once, on whatever worker. "
		"stop clears its status\n"
		"at once and cancels its turn; a disabled one cannot be started. One with "
		"--auto-start on is started by\n"
		"the scheduler, unless somebody stopped it, and again after it failed for good. "
		"log "
		"shows what it did\n"
		"(in capitals), and what its turns said. show is status. Keys that begin with "
		"daemon: are theirs.\n"
		"\n"
		"Examples:\n"
		"  tow daemon add inbox scan-folder '{\"folder\": \"/srv/in\"}' --every 30s "
		"--auto-start on\n"
		"  tow daemon start inbox\n"
		"  tow daemon status inbox\n"
		"  tow daemon set inbox '{\"folder\": \"/srv/other\"}'\n"
		"  tow daemon log inbox --follow\n"
		"  tow daemon stop inbox --children\n",
	.run = run,
};
