/* tow setting: what goes for the whole instance. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/print.h"
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

/* Other commands have a word set. */
static bool parse(struct cli *c, int argc, char **argv)
{
	bool good = cli_parse(c, options, 0, 2, argc, argv);
	const char *first = cli_operand(c, 0);
	if (!first || strcmp(first, "set") != 0)
		return good;
	args_usage(&c->err, "there is no 'tow setting set'");
	return tow_hint(&c->err, "tow setting NAME VALUE");
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!parse(&c, argc, argv))
		return cli_failed(&c);
	const char *name = cli_operand(&c, 0), *reset = cli_option(&c, "reset");
	if (reset && name) {
		args_usage(&c.err, "--reset takes back one setting, and '%s' is another word",
			   name);
		return cli_failed(&c);
	}
	if (!cli_open_database(&c))
		return cli_failed(&c);
	const char *value = cli_operand(&c, 1);
	if (reset || value) {
		bool done = reset ? tow_call(c.db, NULL, &c.err, "tow.reset", reset)
				  : tow_call(c.db, NULL, &c.err, "tow.set", name, value);
		if (!done)
			return cli_failed(&c);
		printf(cli_has(&c, "json") ? "{\"name\": \"%s\", \"done\": \"%s\"}\n" : "%s  %s\n",
		       reset ? reset : name, reset ? "reset" : "set");
		return EX_OK;
	}
	return name && strcmp(name, "ls") != 0 ? show(&c, name)
					       : print_view(&c, "tow.settings", columns);
}

const struct tow_command tow_command_setting = {
	.name = "setting",
	.summary = "list and change what goes for the whole instance",
	.usage = "tow setting [ls]\n       tow setting NAME [VALUE]\n       tow setting --reset "
		 "NAME",
	.options = options,
	.help = "With a name alone it prints the value. A change counts at once.\n"
		"\n"
		"Examples:\n"
		"  tow setting\n"
		"  tow setting retention '30 days'\n"
		"  tow setting --reset retention\n",
	.run = run,
};
