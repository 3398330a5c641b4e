/* tow policy: when a failed attempt is tried again. */
#include <sysexits.h>

#include "lib/input.h"
#include "lib/print.h"
#include "lib/sub.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "shape", "WORD", "set: fixed, linear, exponential, polynomial, list or function" },
	{ "base", "INTERVAL", "set: the first delay" },
	{ "factor", "NUMBER", "set: exponential's ratio, polynomial's exponent" },
	{ "cap", "INTERVAL", "set: the longest delay" },
	{ "jitter", "NUMBER", "set: 0 to 1, the part of a delay that is left to chance" },
	{ "max-attempts", "N", "set: how many attempts in all" },
	{ "delays", "INTERVAL,...", "set, list: the delays one after the other" },
	{ "classes", "JSON", "set: other policies by error class: '{\"http.4\": \"never\"}'" },
	{ "fn", "SIGNATURE", "set, function: 'mine(jsonb,jsonb)', which returns an interval" },
	{ "description", "TEXT", "set: what it is for" },
	{ "count", "N", "preview: how many attempts" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "name", NULL, AS_IS },
	{ "shape", NULL, AS_IS },
	{ "base", NULL, AS_DURATION },
	{ "factor", NULL, AS_IS },
	{ "cap", NULL, AS_DURATION },
	{ "jitter", NULL, AS_IS },
	{ "max_attempts", "ATTEMPTS", AS_IS },
	{ "description", NULL, AS_IS },
	COLUMN_END,
};

static int ls(struct cli *c)
{
	return print_view(c, "tow.policies", columns);
}

static int preview(struct cli *c)
{
	static const struct column delays[] = { { "attempt", "AFTER ATTEMPT", AS_IS },
						{ "delay", NULL, AS_DURATION },
						{ "cumulative", "IN ALL", AS_DURATION },
						COLUMN_END };
	struct cli_call call = { 0 };
	cli_arg(&call, "policy", cli_operand(c, 0));
	cli_arg(&call, "n", cli_option(c, "count"));
	return print_call(c, "tow.retry_preview", &call, delays);
}

static int set(struct cli *c)
{
	static const char *const same[] = { "shape",  "base", "factor",	    "cap",
					    "jitter", "fn",   "description" };
	struct cli_call call = { 0 };
	const char *classes;
	if (!input_json(c, cli_option(c, "classes"), &classes)) {
		tow_fail(&c->err, TOW_FINAL, "--classes is not JSON: '%s'",
			 cli_option(c, "classes"));
		tow_hint(&c->err, "for instance: --classes '{\"http.4\": \"never\"}'");
		return cli_failed(c);
	}
	cli_arg(&call, "name", cli_operand(c, 0));
	cli_arg(&call, "classes", classes);
	cli_arg(&call, "max_attempts", cli_option(c, "max-attempts"));
	cli_arg(&call, "delays", cli_array(&c->arena, cli_option(c, "delays")));
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		cli_arg(&call, same[i], cli_option(c, same[i]));
	return cli_call(c, NULL, "tow.set_policy", &call) ? EX_OK : cli_failed(c);
}

static int rm(struct cli *c)
{
	return sub_call(c, "tow.drop_policy");
}

static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "preview", 0, 1, preview, " count ", NULL },
	{ "set", 1, 1, set,
	  " shape base factor cap jitter max-attempts delays classes fn description ", "set" },
	{ "rm", 1, 1, rm, NULL, "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_policy = {
	.name = "policy",
	.summary = "list, preview and set retry policies",
	.usage = "tow policy ls | preview [NAME] | set NAME | rm NAME",
	.options = options,
	.help = "A job goes by the policy it names, else its queue's, else 'default'. set makes a "
		"policy, or changes\n"
		"what is given and leaves the rest; jobs that wait for their next attempt keep "
		"their instant.\n"
		"\n"
		"Examples:\n"
		"  tow policy preview\n"
		"  tow policy set gentle --shape exponential --base '30 s' --cap '6 hours'\n"
		"  tow policy set steps --shape list --delays '1 min,10 min,1 hour'\n"
		"  tow policy set gentle --classes '{\"http.4\": \"never\"}'\n",
	.run = run,
};
