#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tow/near.h"

static size_t count(const struct tow_option *options)
{
	size_t n = 0;
	while (options[n].name)
		n++;
	return n;
}

bool args_usage(struct tow_err *e, const char *fmt, ...)
{
	char text[sizeof e->text];
	va_list list;
	va_start(list, fmt);
	vsnprintf(text, sizeof text, fmt, list);
	va_end(list);
	return tow_fail_class(e, TOW_FINAL, "usage", "%s", text);
}

/* getopt's table: index i + 1 answers option i, because 0 and '?' mean something else to it. */
enum { FIRST = 256 };

/* "[on|off]": the word may be left out, and is on then. */
static bool is_switch(const struct tow_option *option)
{
	return option->value && *option->value == '[';
}

static char *switched(int argc, char **argv)
{
	static char on[] = "on";

	if (optarg)
		return optarg;
	return optind < argc &&
			       (strcmp(argv[optind], "on") == 0 || strcmp(argv[optind], "off") == 0)
		       ? argv[optind++]
		       : on;
}

static struct option *long_options(struct tow_arena *a, const struct tow_option *options)
{
	size_t n = count(options);
	struct option *table = tow_alloc(a, (n + 1) * sizeof *table);
	for (size_t i = 0; i < n; i++)
		table[i] = (struct option){ .name = options[i].name,
					    .has_arg = !options[i].value	? no_argument
						       : is_switch(&options[i]) ? optional_argument
										: required_argument,
					    .val = FIRST + (int)i };
	return table;
}

static bool no_such(const struct tow_option *options, const char *word, struct tow_err *e)
{
	char name[32] = "";
	struct tow_near near = { .word = name };
	if (strncmp(word, "--", 2) == 0)
		snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (; options->name; options++)
		tow_near_offer(&near, options->name);
	args_usage(e, "there is no such option: '%s'", word);
	return near.best ? tow_hint(e, "did you mean '--%s'?", near.best) : false;
}

static bool refuse(const struct tow_option *options, int answer, char **argv, struct tow_err *e)
{
	const char *word = argv[optind - 1];
	if (answer == ':')
		return args_usage(e, "option '%s' needs a value", word);
	if (optopt >= FIRST)
		return args_usage(e, "option '%s' takes no value", word);
	return no_such(options, word, e);
}

/* strtod takes "nan", "0x1p3" and " 5", too. */
static bool is_written_so(const char *value, const char *with)
{
	return *value != '+' && !value[strspn(value, with)];
}

/* What the commands that limit queues, lanes and kinds have in common. */
static const char *range_of(const char *name)
{
	static const char *const limits[][2] = {
		{ "max-running", "1 to 1000000" },
		{ "rate", "0.00001 to 1000000 a second" },
		{ "burst", "1 to 1000000" },
		{ "lane-limit", "0 to 1000000" },
		{ "lane-rate", "0.00001 to 1000000 a second" },
		{ "lane-burst", "1 to 1000000" },
	};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		if (strcmp(limits[i][0], name) == 0)
			return limits[i][1];
	return NULL;
}

bool args_hint_limit(const struct tow_option *option, struct tow_err *e)
{
	const char *range = range_of(option->name);
	char setting[32];
	size_t i;
	if (!range)
		return false;
	for (i = 0; option->name[i] && i + 1 < sizeof setting; i++)
		setting[i] = option->name[i] == '-' ? '_' : option->name[i];
	setting[i] = '\0';
	return tow_hint(e, "use %s; --reset %s takes the limit off", range, setting);
}

/* A list of nothing is no list. */
static bool is_some(const struct tow_option *option, const char *value, struct tow_err *e)
{
	if (strcmp(option->name, "limit") != 0 || strtoll(value, NULL, 10) > 0)
		return true;
	args_usage(e, "--limit takes a whole number above zero, not '%s'", value);
	return tow_hint(e, "for instance: --limit 10");
}

static bool is_length(const struct tow_option *option)
{
	static const char *const lengths[] = { "INTERVAL", "DELAY", "INTERVAL,..." };
	for (size_t i = 0; option->value && i < sizeof lengths / sizeof *lengths; i++)
		if (strcmp(option->value, lengths[i]) == 0)
			return true;
	return false;
}

static bool ends_one(char c)
{
	return c == ',' || c == '\0';
}

/* Nothing is 0 of any unit. */
static bool is_bare(const char *length)
{
	return ends_one(length[strspn(length, "0123456789. ")]) &&
	       !ends_one(length[strspn(length, "0. ")]);
}

/* PostgreSQL takes 14 for fourteen seconds, whoever meant days. */
static bool has_unit(const struct tow_option *option, const char *value, struct tow_err *e)
{
	const char *one = is_length(option) ? value : NULL;
	while (one && !is_bare(one)) {
		one = strchr(one, ',');
		one += one != NULL;
	}
	if (!one)
		return true;
	int n = (int)strcspn(one, ",");
	args_usage(e, "--%s takes a length of time with its unit, not '%.*s'", option->name, n,
		   one);
	return tow_hint(e, "for instance: --%s '%.*s days', or '%.*s s'", option->name, n, one, n,
			one);
}

/* "N" is a whole number, "NUMBER" any. Whether it is a fitting one, its owner knows. */
static bool fits(const struct tow_option *option, const char *value, struct tow_err *e)
{
	bool whole = option->value && strcmp(option->value, "N") == 0;
	char *end = NULL;
	errno = 0;
	if (whole)
		(void)strtoll(value, &end, 10);
	else if (option->value && strcmp(option->value, "NUMBER") == 0)
		(void)strtod(value, &end);
	if (!end || (errno == 0 && end != value && !*end &&
		     is_written_so(value, whole ? "-0123456789" : "-+.0123456789eE")))
		return whole ? is_some(option, value, e) : has_unit(option, value, e);
	args_usage(e, "--%s takes a %snumber, not '%s'", option->name, whole ? "whole " : "",
		   value);
	args_hint_limit(option, e);
	return e->hint[0]
		       ? false
		       : tow_hint(e, "for instance: --%s %s", option->name, whole ? "10" : "1.5");
}

/* Who gives a list twice means both. */
static const char *listed(struct tow_arena *a, const struct tow_option *option, const char *before,
			  const char *value)
{
	return before && strstr(option->value, ",...") ? tow_fmt(a, "%s,%s", before, value) : value;
}

/* No option begins with a digit. */
static bool is_negative(const char *word)
{
	return word[0] == '-' && isdigit((unsigned char)word[1]);
}

/* The next option, as getopt_long answers, or -1. What stands before it are operands. */
static int next_option(struct args *args, const struct option *table, int argc, char **argv)
{
	for (;;) {
		int answer = 1;
		if (optind < argc && is_negative(argv[optind]))
			optarg = argv[optind++];
		else
			answer = getopt_long(argc, argv, "-:", table, NULL);
		if (answer != 1)
			return answer;
		args->operands[args->n++] = optarg;
	}
}

/* optind 0 has getopt start afresh, which it does in a call: `tow up` and tests parse more than
 * once. */
static void start_afresh(const struct option *table, char **argv)
{
	opterr = 0;
	optind = 0;
	(void)getopt_long(1, argv, "-:", table, NULL);
}

bool args_parse(struct args *args, struct tow_arena *a, const struct tow_option *options, int argc,
		char **argv, struct tow_err *e)
{
	const struct option *table = long_options(a, options);
	*args = (struct args){ .options = options };
	args->values = tow_alloc(a, (count(options) + 1) * sizeof *args->values);
	args->operands = tow_alloc(a, ((size_t)argc + 1) * sizeof *args->operands);
	start_afresh(table, argv);
	int answer;
	while ((answer = next_option(args, table, argc, argv)) != -1) {
		if (answer < FIRST)
			return refuse(options, answer, argv, e);
		const struct tow_option *option = &options[answer - FIRST];
		const char *before = args->values[answer - FIRST];
		args->values[answer - FIRST] = is_switch(option) ? switched(argc, argv)
					       : option->value	 ? listed(a, option, before, optarg)
								 : option->name;
		if (!fits(option, args->values[answer - FIRST], e))
			return false;
	}
	while (optind < argc)
		args->operands[args->n++] = argv[optind++];
	return true;
}

const char *args_get(const struct args *args, const char *name)
{
	for (size_t i = 0; args->options[i].name; i++)
		if (strcmp(args->options[i].name, name) == 0)
			return args->values[i];
	abort();
}

bool args_has(const struct args *args, const char *name)
{
	return args_get(args, name) != NULL;
}

bool args_int(const struct args *args, const char *name, long low, long high, long *value,
	      struct tow_err *e)
{
	const char *text = args_get(args, name);
	if (!text)
		return true;
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < low || n > high)
		return args_usage(e, "--%s '%s' is not a whole number from %ld to %ld", name, text,
				  low, high);
	*value = n;
	return true;
}
