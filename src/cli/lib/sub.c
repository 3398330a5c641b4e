#include "sub.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "tow/json.h"
#include "tow/near.h"
#include "usage.h"

const char sub_alone[] = "";

static const char *names(struct tow_arena *a, const struct sub *subs)
{
	const char *list = "";
	for (const struct sub *s = subs; s->name; s++)
		list = tow_fmt(a, "%s %s", list, s->name);
	return list;
}

static const struct sub *find(const struct sub *subs, const char *name)
{
	for (const struct sub *s = subs; name && s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

/* An option that is not for this word is refused rather than ignored. */
static bool takes(struct cli *c, const struct sub *s)
{
	const char *list = tow_fmt(&c->arena, "%s json database ", s->options ? s->options : "");
	for (const struct tow_option *o = c->args.options; o->name; o++)
		if (cli_has(c, o->name) && !strstr(list, tow_fmt(&c->arena, " %s ", o->name)))
			return args_usage(&c->err, "--%s is not for 'tow %s %s'", o->name,
					  c->command, s->name);
	return true;
}

static bool no_such(struct cli *c, const struct sub *subs, const char *name)
{
	struct tow_near near = { .word = name };
	for (const struct sub *s = subs; s->name; s++)
		tow_near_offer(&near, s->name);
	args_usage(&c->err, "there is no 'tow %s %s'", c->command, name);
	return near.best ? tow_hint(&c->err, "did you mean 'tow %s %s'?", c->command, near.best)
			 : false;
}

static bool count_words(struct cli *c, const struct sub *s)
{
	size_t n = c->args.n - 1;
	const char *word = usage_word(&c->arena, c->command, s->name, n);
	if (n < s->min)
		return args_usage(&c->err, "'tow %s %s' needs a word more%s%s", c->command, s->name,
				  word ? ": " : "", word ? word : "");
	if (n > s->max)
		return args_usage(&c->err, "'tow %s %s' does not know what to do with '%s'",
				  c->command, s->name, cli_operand(c, s->max + 1));
	return true;
}

static const struct sub *choose(struct cli *c, const struct sub *subs)
{
	const char *name = cli_operand(c, 0);
	const struct sub *s = find(subs, name);
	if (!name)
		args_usage(&c->err, "'tow %s' needs one of:%s", c->command, names(&c->arena, subs));
	else if (!s)
		no_such(c, subs, name);
	else if (count_words(c, s) && takes(c, s))
		return s;
	if (!c->err.hint[0])
		tow_hint(&c->err, "see 'tow %s --help'", c->command);
	return NULL;
}

/* What is named by several words has all of them (a lane, and its queue); behind the name of what
 * is added come its settings. */
static const char *named(struct cli *c, const struct sub *s)
{
	size_t n = strcmp(s->name, "add") == 0 ? 1 : s->min;
	const char *name = n > 0 ? cli_operand(c, 0) : c->command;
	for (size_t i = 1; i < n; i++)
		name = tow_fmt(&c->arena, "%s %s", name, cli_operand(c, i));
	return name;
}

static bool asked_for(const struct cli *c, const char *option)
{
	for (const struct tow_option *o = c->args.options; o->name; o++)
		if (strcmp(o->name, option) == 0)
			return cli_has(c, option);
	return false;
}

void sub_say_done(struct cli *c, const char *name, const char *done)
{
	TOW_AUTO_BUF json = { 0 };
	if (asked_for(c, "json")) {
		tow_json_quote(&json, name, strlen(name));
		printf("{\"name\": %s, \"done\": \"%s\"}\n", json.data, done);
	} else if (!asked_for(c, "quiet")) {
		printf("%s  %s\n", name, done);
	}
}

int sub_call(struct cli *c, const char *verb)
{
	return tow_call(c->db, NULL, &c->err, verb, cli_operand(c, 0)) ? EX_OK : cli_failed(c);
}

int sub_run(const struct sub *subs, const struct tow_option *options, int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_parse(&c, options, 0, ANY_NUMBER, argc, argv))
		return cli_failed(&c);
	const struct sub *s = choose(&c, subs);
	if (!s)
		return cli_failed(&c);
	c.args.operands++;
	c.args.n--;
	if (s->options != sub_alone && !cli_open_database(&c))
		return cli_failed(&c);
	int status = s->run(&c);
	if (status == EX_OK && s->done)
		sub_say_done(&c, named(&c, s), s->done);
	return status;
}
