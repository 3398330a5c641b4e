/* tow client: programs that download for us. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/print.h"
#include "lib/sub.h"
#include "lib/trial.h"
#include "tow/client.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "driver", "DRIVER", "test: what it is, if it is not added yet" },
	{ "url", "URL", "set, test: where it is" },
	{ "user", "NAME", "add, set, test: the name to log in with" },
	{ "secret", "secret:NAME",
	  "add, set, test: the password or key, by its name: tow secret set NAME" },
	{ "category", "NAME", "add, set, test: the category of Towpath's own transfers" },
	{ "tag", "NAME", "add, set, test: likewise" },
	{ "adopt", "[on|off]", "add, set: import what others put there, too (off)" },
	{ "path-map", "FROM=TO,...", "add, set: where its folders are on the workers' hosts" },
	{ "priority", "N", "add, set: downloads that name no client go to the smallest (100)" },
	{ "fast", "INTERVAL", "add, set: between listings while something moves (2 s)" },
	{ "slow", "INTERVAL", "add, set: and while nothing does (30 s)" },
	{ "cron", "SPEC", "add, set: listings by a schedule instead" },
	{ "tz", "ZONE", "add, set: its time zone" },
	{ "timeout", "INTERVAL", "add, set: of each request (30 s)" },
	{ "reset", "A,B", "set: take back user_name, secret, category, tag, cron, tz" },
	{ "yes", NULL, "rm: also while downloads of it are under way" },
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
		{ "transfers", NULL, AS_IS },
		{ "listed_at", "LISTED", AS_WHEN },
		{ "version", NULL, AS_IS },
		{ "url", NULL, AS_IS },
		{ "error", NULL, AS_IS },
		COLUMN_END,
	};
	return print_view(c, "haul.clients", columns);
}

/* "/a=/b,/c=/d" as an object. */
static bool path_map(struct cli *c, const char *text, const char **json)
{
	TOW_AUTO_BUF b = { 0 };

	*json = NULL;
	if (!text)
		return true;
	tow_buf_addc(&b, '{');
	while (*text) {
		size_t len = strcspn(text, ","), from = strcspn(text, "=");

		if (from == 0 || from + 1 >= len)
			return args_usage(&c->err, "--path-map takes FROM=TO, not '%.*s'", (int)len,
					  text);
		if (b.len > 1)
			tow_buf_addc(&b, ',');
		tow_json_quote(&b, text, from);
		tow_buf_addc(&b, ':');
		tow_json_quote(&b, text + from + 1, len - from - 1);
		text += len + (text[len] == ',');
	}
	tow_buf_addc(&b, '}');
	*json = tow_strdup(&c->arena, b.data);
	return true;
}

static bool gather(struct cli *c, struct cli_call *call)
{
	static const char *const same[] = { "secret", "category", "tag",  "adopt", "priority",
					    "fast",   "slow",	  "cron", "tz",	   "timeout" };
	const char *paths;

	if (!path_map(c, cli_option(c, "path-map"), &paths))
		return false;
	cli_arg(call, "name", cli_operand(c, 0));
	cli_arg(call, "user_name", cli_option(c, "user"));
	cli_arg(call, "paths", paths);
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		cli_arg(call, same[i], cli_option(c, same[i]));
	return true;
}

static int say_added(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	const char *how = "it is watched now";

	if (!tow_db_view(c->db, &rows, &c->err, "haul.clients"))
		return cli_failed(c);
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		if (strcmp(tow_rows_get(rows, i, "name"), cli_operand(c, 0)) == 0 &&
		    strcmp(tow_rows_get(rows, i, "state"), "unwatched") == 0)
			how = tow_fmt(&c->arena, "%s: %s", tow_rows_get(rows, i, "error"),
				      tow_rows_get(rows, i, "hint"));
	fprintf(stderr, "tow: note: %s; whether all is well says: tow client test %s\n", how,
		cli_operand(c, 0));
	return EX_OK;
}

static int add(struct cli *c)
{
	struct cli_call call = { 0 };

	if (!tow_client_driver(cli_operand(c, 1))) {
		args_usage(&c->err, "there is no driver '%s'", cli_operand(c, 1));
		tow_hint(&c->err, "tow client drivers lists them");
		return cli_failed(c);
	}
	cli_arg(&call, "driver", cli_operand(c, 1));
	cli_arg(&call, "url", cli_operand(c, 2));
	if (!gather(c, &call) || !cli_call(c, NULL, "haul.add_client", &call))
		return cli_failed(c);
	return cli_has(c, "json") ? EX_OK : say_added(c);
}

static int set(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "url", cli_option(c, "url"));
	cli_arg(&call, "reset", cli_settings(&c->arena, cli_option(c, "reset")));
	if (!gather(c, &call) || !cli_call(c, NULL, "haul.set_client", &call))
		return cli_failed(c);
	return EX_OK;
}

static int enable(struct cli *c)
{
	return sub_call(c, "haul.enable_client");
}

static int disable(struct cli *c)
{
	return sub_call(c, "haul.disable_client");
}

static int retry(struct cli *c)
{
	return sub_call(c, "haul.retry_client");
}

static int rm(struct cli *c)
{
	return tow_call(c->db, NULL, &c->err, "haul.drop_client", cli_operand(c, 0),
			cli_has(c, "yes") ? "t" : "f")
		       ? EX_OK
		       : cli_failed(c);
}

static int drivers(struct cli *c)
{
	(void)c;
	for (const struct tow_client_driver *const *d = tow_client_drivers; *d; d++)
		printf("%-14s %s\n", (*d)->name, (*d)->help);
	return EX_OK;
}

#define SETTINGS " user secret category tag adopt path-map priority fast slow cron tz timeout "
static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "drivers", 0, 0, drivers, sub_alone, NULL },
	{ "add", 2, 3, add, SETTINGS, "added" },
	{ "set", 1, 1, set, SETTINGS " url reset ", "set" },
	{ "test", 1, 1, client_trial, " driver url user secret category tag ", NULL },
	{ "enable", 1, 1, enable, NULL, "enabled" },
	{ "disable", 1, 1, disable, NULL, "disabled" },
	{ "retry", 1, 1, retry, NULL, "asked again" },
	{ "rm", 1, 1, rm, " yes ", "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_client = {
	.name = "client",
	.summary = "programs that download for Towpath",
	.usage = "tow client ls | drivers | add NAME DRIVER [URL] | set NAME | test NAME | enable "
		 "NAME |\n"
		 "       disable NAME | retry NAME | rm NAME [--yes]",
	.options = options,
	.help = "A client is watched from the moment it is added: tow client ls shows how it is, "
		"tow haul ls what\n"
		"it holds. Nothing in it is changed but what Towpath has put there, or may adopt. "
		"web\n"
		"is always there: Towpath's own workers, for plain links, into downloads in their "
		"$TOW_HOME unless its\n"
		"address is another folder.\n"
		"\n"
		"test speaks to it from this host, as this user: what is wrong on the way, what "
		"it holds, whether its\n"
		"folders are here and how files get from them into the libraries. Nothing is "
		"changed.\n"
		"\n"
		"Examples:\n"
		"  tow secret set qb <password.txt\n"
		"  tow client add qb qbittorrent http://127.0.0.1:8080 --user admin --secret "
		"secret:qb --category tow\n"
		"  tow client set qb --path-map /downloads=/srv/downloads\n"
		"  tow client set web --url file:///srv/downloads\n"
		"  tow client test qb\n"
		"  tow client test new --driver transmission --url http://127.0.0.1:9091\n"
		"  tow client retry qb\n"
		"\n"
		"Exit status of test: 0 all is well or there are only warnings, 1 something is "
		"bad.\n",
	.run = run,
};
