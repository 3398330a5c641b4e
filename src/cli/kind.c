/* tow kind: limits of a kind of jobs, over all queues. */
#include <sysexits.h>

#include "lib/kinds.h"
#include "lib/note.h"
#include "lib/sub.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "max-running", "N", "set: how many of its jobs run at once, over all queues" },
	{ "reset", "LIST", "set: lift it again: max_running" },
	{ "reason", "TEXT", "pause: shown to whoever asks why" },
	OPTION_QUIET,
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int set(struct cli *c)
{
	struct cli_call call = { 0 };
	cli_arg(&call, "kind", cli_operand(c, 0));
	cli_arg(&call, "max_running", cli_option(c, "max-running"));
	cli_arg(&call, "reset", cli_settings(&c->arena, cli_option(c, "reset")));
	if (!cli_call(c, NULL, "tow.set_kind", &call))
		return cli_failed(c);
	note_unserved(c, cli_operand(c, 0), NULL);
	return EX_OK;
}

static int pause_kind(struct cli *c)
{
	struct cli_call call = { 0 };
	cli_arg(&call, "kind", cli_operand(c, 0));
	cli_arg(&call, "reason", cli_option(c, "reason"));
	if (!cli_call(c, NULL, "tow.pause_kind", &call))
		return cli_failed(c);
	note_unserved(c, cli_operand(c, 0), NULL);
	return EX_OK;
}

static int resume(struct cli *c)
{
	struct cli_call call = { 0 };
	cli_arg(&call, "kind", cli_operand(c, 0));
	return cli_call(c, NULL, "tow.resume_kind", &call) ? EX_OK : cli_failed(c);
}

static const struct sub subs[] = {
	{ "ls", 0, 0, kinds_ls, NULL, NULL },
	{ "set", 1, 1, set, " max-running reset quiet ", "set" },
	{ "pause", 1, 1, pause_kind, " reason quiet ", "paused" },
	{ "resume", 1, 1, resume, NULL, "resumed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_kind = {
	.name = "kind",
	.summary = "limit, pause and resume a kind of jobs",
	.usage = "tow kind ls | set KIND | pause KIND | resume KIND",
	.options = options,
	.help = "While a kind is paused none of its jobs is started, in any queue; those that run "
		"go on. 'tow limits' shows\n"
		"what is set, 'tow kind ls' the kinds that live workers know, and those with a "
		"rule that "
		"none knows (yet).\n"
		"\n"
		"Examples:\n"
		"  tow kind set transcode --max-running 2\n"
		"  tow kind set transcode --reset max_running\n"
		"  tow kind pause mail --reason 'the relay is down'\n"
		"  tow kind resume mail\n",
	.run = run,
};
