/* tow setting: what goes for the whole instance. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/print.h"
#include "lib/sub.h"
#include "tow/command.h"
#include "tow/near.h"

static const struct tow_option options[] = {
	{ "reset", "NAME", "give it the value again that a new instance starts with" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "name", NULL, AS_IS },
	{ "value", NULL, AS_IS },
	{ "standard", NULL, AS_IS },
	{ "description", NULL, AS_IS },
	COLUMN_END,
};

static bool find(struct cli *c, const struct tow_rows *rows, const char *name, size_t *row)
{
	struct tow_near near = { .word = name };
	for (*row = 0; *row < tow_rows_count(rows); ++*row) {
		if (strcmp(tow_rows_get(rows, *row, "name"), name) == 0)
			return true;
		tow_near_offer(&near, tow_rows_get(rows, *row, "name"));
	}
	tow_fail_class(&c->err, TOW_FINAL, "TW404", "no such setting '%s'", name);
	return near.best ? tow_hint(&c->err, "did you mean '%s'?", near.best)
			 : tow_hint(&c->err, "'tow setting ls' lists them");
}

/* The bare value, for scripts. */
static int show(struct cli *c, const char *name)
{
	TOW_AUTO_ROWS *rows = NULL;
	size_t row;
	if (!tow_db_view(c->db, &rows, &c->err, "tow.settings") || !find(c, rows, name, &row))
		return cli_failed(c);
	if (cli_has(c, "json"))
		table_json_row(stdout, rows, row);
	else
		puts(tow_rows_get(rows, row, "value"));
	return EX_OK;
}

/* Without a value it is the standard's again. */
static int change(struct cli *c, const char *name, const char *value)
{
	bool done = value ? tow_call(c->db, NULL, &c->err, "tow.set", name, value)
			  : tow_call(c->db, NULL, &c->err, "tow.reset", name);
	if (!done)
		return cli_failed(c);
	printf(cli_has(c, "json") ? "{\"name\": \"%s\", \"done\": \"%s\"}\n" : "%s  %s\n", name,
	       value ? "set" : "reset");
	return EX_OK;
}

static int ls(struct cli *c)
{
	return print_view(c, "tow.settings", columns);
}

static int set(struct cli *c)
{
	return change(c, cli_operand(c, 0), cli_operand(c, 1));
}

static int reset(struct cli *c)
{
	return change(c, cli_operand(c, 0), NULL);
}

static const struct sub words[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "set", 2, 2, set, NULL, NULL },
	{ "reset", 1, 1, reset, NULL, NULL },
	{ 0 },
};

/* The words that other commands have, too, may be left out here: no setting is called so. */
static bool begins_with_word(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_parse(&c, options, 0, ANY_NUMBER, argc, argv) || c.args.n == 0)
		return false;
	for (const struct sub *s = words; s->name; s++)
		if (strcmp(s->name, cli_operand(&c, 0)) == 0)
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (begins_with_word(argc, argv))
		return sub_run(words, options, argc, argv);
	if (!cli_parse(&c, options, 0, 2, argc, argv))
		return cli_failed(&c);
	const char *name = cli_operand(&c, 0), *value = cli_operand(&c, 1),
		   *standard = cli_option(&c, "reset");
	if (standard && name) {
		args_usage(&c.err, "--reset takes back one setting, and '%s' is another word",
			   name);
		return cli_failed(&c);
	}
	if (!cli_open_database(&c))
		return cli_failed(&c);
	if (standard)
		return change(&c, standard, NULL);
	if (value)
		return change(&c, name, value);
	return name ? show(&c, name) : ls(&c);
}

const struct tow_command tow_command_setting = {
	.name = "setting",
	.summary = "list and change settings of the whole instance",
	.usage = "tow setting [ls] | set NAME VALUE | reset NAME\n       tow setting NAME [VALUE]\n"
		 "       tow setting --reset NAME",
	.options = options,
	.help = "With a name alone it prints the value. A change counts at once. set may be left "
		"out.\n"
		"\n"
		"Examples:\n"
		"  tow setting\n"
		"  tow setting retention\n"
		"  tow setting set retention '30 days'\n"
		"  tow setting reset retention\n",
	.run = run,
};
