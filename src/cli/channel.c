/* tow channel: ways to tell people something. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/print.h"
#include "lib/sub.h"
#include "lib/wait.h"
#include "tow/channel.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "url", "URL", "set: where it is" },
	{ "user", "NAME", "add, set: the name to log in with" },
	{ "secret", "secret:NAME", "add, set: the password or token, by its name" },
	{ "topic", "WORD", "add, set: of ntfy" },
	{ "priority", "1-5", "add, set: of ntfy (3, what is wrong 4)" },
	{ "tags", "A,B", "add, set: of ntfy and Apprise" },
	{ "from", "ADDRESS", "add, set: of mail" },
	{ "to", "ADDRESS,...", "add, set: of mail" },
	{ "starttls", "on|off", "add, set: mail is not sent without (on, but to this host)" },
	{ "timeout", "INTERVAL", "add, set: of each request (30 s)" },
	{ "keep", "INTERVAL", "add, set: how long messages are shown (14 days)" },
	{ "enabled", "on|off", "set: whether it is used at all" },
	{ "reset", "A,B",
	  "set: take back user_name, secret, topic, priority, tags, from, to, starttls" },
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
		{ "sent_at", "SENT", AS_WHEN },
		{ "pending", NULL, AS_IS },
		{ "rules", NULL, AS_LIST },
		{ "url", NULL, AS_IS },
		{ "error", NULL, AS_IS },
		COLUMN_END,
	};
	return print_view(c, "haul.channels", columns);
}

static const char *details(struct cli *c)
{
	static const char *const names[] = {
		"topic", "priority", "tags", "from", "to", "starttls"
	};
	TOW_AUTO_BUF b = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = cli_option(c, names[i]);

		if (!value)
			continue;
		tow_buf_addf(&b, "%c\"%s\":", b.len ? ',' : '{', names[i]);
		tow_json_quote(&b, value, strlen(value));
	}
	if (b.len == 0)
		return NULL;
	tow_buf_addc(&b, '}');
	return tow_strdup(&c->arena, b.data);
}

static void gather(struct cli *c, struct cli_call *call)
{
	static const char *const same[] = { "secret", "timeout", "keep" };

	cli_arg(call, "name", cli_operand(c, 0));
	cli_arg(call, "user_name", cli_option(c, "user"));
	cli_arg(call, "options", details(c));
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		cli_arg(call, same[i], cli_option(c, same[i]));
}

static bool check_driver(struct cli *c, const char *name)
{
	const struct tow_channel_driver *driver = tow_channel_driver(name);

	if (!driver) {
		args_usage(&c->err, "there is no driver '%s'", name);
		return tow_hint(&c->err, "tow channel drivers lists them");
	}
	for (const char *const *need = driver->needs; need && *need; need++)
		if (!cli_has(c, *need))
			return args_usage(&c->err, "%s needs its --%s", name, *need);
	return true;
}

static int add(struct cli *c)
{
	struct cli_call call = { 0 };

	if (!check_driver(c, cli_operand(c, 1)))
		return cli_failed(c);
	cli_arg(&call, "driver", cli_operand(c, 1));
	cli_arg(&call, "url", cli_operand(c, 2));
	gather(c, &call);
	return cli_call(c, NULL, "haul.add_channel", &call) ? EX_OK : cli_failed(c);
}

static int set(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "url", cli_option(c, "url"));
	cli_arg(&call, "enabled", cli_option(c, "enabled"));
	cli_arg(&call, "reset", cli_settings(&c->arena, cli_option(c, "reset")));
	gather(c, &call);
	return cli_call(c, NULL, "haul.set_channel", &call) ? EX_OK : cli_failed(c);
}

static int rm(struct cli *c)
{
	return sub_call(c, "haul.drop_channel");
}

static int test(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;

	if (!tow_call(c->db, &rows, &c->err, "haul.test_channel", cli_operand(c, 0)))
		return cli_failed(c);
	return wait_for(c, tow_rows_at(rows, 0, 0));
}

static int drivers(struct cli *c)
{
	(void)c;
	for (const struct tow_channel_driver *const *d = tow_channel_drivers; *d; d++)
		printf("%-10s %s\n", (*d)->name, (*d)->help);
	return EX_OK;
}

#define SETTINGS " user secret topic priority tags from to starttls timeout keep "
static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "drivers", 0, 0, drivers, sub_alone, NULL },
	{ "add", 3, 3, add, SETTINGS, "added" },
	{ "set", 1, 1, set, SETTINGS " url enabled reset ", "set" },
	{ "test", 1, 1, test, NULL, NULL },
	{ "rm", 1, 1, rm, NULL, "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_channel = {
	.name = "channel",
	.summary = "ways to send messages to people",
	.usage = "tow channel ls | drivers | add NAME DRIVER URL | set NAME | test NAME | rm NAME",
	.options = options,
	.help = "Rules say what goes through which channel: tow notify. What a channel does not "
		"take is kept, and tried\n"
		"again for a day. test sends a message, and waits until a worker has done so.\n"
		"\n"
		"Examples:\n"
		"  tow channel add phone ntfy https://ntfy.sh --topic my-downloads\n"
		"  tow channel add post mail smtp://mail.example.org:587 --user me --secret "
		"secret:mail \\\n"
		"      --from tow@example.org --to me@example.org\n"
		"  tow channel add program webhook http://127.0.0.1:8080/hook --secret "
		"secret:hook\n"
		"  tow channel test phone\n"
		"\n"
		"Exit status of test: 0 it was sent, 1 it was not.\n",
	.run = run,
};
