#include "statement.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '_' &&
		    *s != '.')
			return false;
	return true;
}

static bool check_name(const char *name, struct tow_err *e)
{
	return is_name(name) ||
	       tow_fail(e, TOW_BUG, "'%s' is no name of a verb, view or argument", name);
}

/* The name says the text, so that a pooler's server connection, on which somebody else has prepared
 * a statement of that name, holds the right one. */
static void name_statement(struct statement *s)
{
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a */
	for (const char *c = s->sql; *c; c++)
		h = (h ^ (unsigned char)*c) * 0x100000001b3;
	snprintf(s->name, sizeof s->name, "tow_%016llx_%u", (unsigned long long)h, s->generation);
}

/* A process calls a few dozen verbs: a walk over them is cheaper than what a table would save. */
static struct statement *find_or_add(struct statements *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->list[i]->sql, all->sql.data) == 0)
			return all->list[i];
	struct statement *s = tow_xcalloc(1, sizeof *s);
	s->sql = tow_xstrdup(all->sql.data);
	name_statement(s);
	all->list = tow_xrealloc(all->list, (all->n + 1) * sizeof *all->list);
	return all->list[all->n++] = s;
}

bool statement_call(struct statements *all, struct statement **s, const char *verb, size_t n_values,
		    struct tow_err *e)
{
	if (!check_name(verb, e))
		return false;
	tow_buf_reset(&all->sql);
	tow_buf_addf(&all->sql, "select * from %s(", verb);
	for (size_t i = 0; i < n_values; i++)
		tow_buf_addf(&all->sql, "%s$%zu", i ? ", " : "", i + 1);
	tow_buf_addc(&all->sql, ')');
	*s = find_or_add(all);
	return true;
}

bool statement_view(struct statements *all, struct statement **s, const char *view,
		    struct tow_err *e)
{
	if (!check_name(view, e))
		return false;
	tow_buf_reset(&all->sql);
	tow_buf_addf(&all->sql, "select * from %s", view);
	*s = find_or_add(all);
	return true;
}

bool statement_named(struct statements *all, struct statement **s, const char *verb,
		     const struct tow_arg *args, size_t n_args, const char **values, size_t *n,
		     struct tow_err *e)
{
	size_t given = 0;
	if (!check_name(verb, e))
		return false;
	tow_buf_reset(&all->sql);
	tow_buf_addf(&all->sql, "select * from %s(", verb);
	for (size_t i = 0; i < n_args; i++) {
		if (!args[i].value)
			continue;
		if (!check_name(args[i].name, e))
			return false;
		values[given++] = args[i].value;
		tow_buf_addf(&all->sql, "%s%s => $%zu", given > 1 ? ", " : "", args[i].name, given);
	}
	tow_buf_addc(&all->sql, ')');
	*s = find_or_add(all);
	*n = given;
	return true;
}

void statement_forget(struct statement *s)
{
	s->ready = false;
	s->generation++;
	name_statement(s);
}

void statements_release(struct statements *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->list[i]->sql);
		free(all->list[i]);
	}
	free(all->list);
	tow_buf_release(&all->sql);
	*all = (struct statements){ 0 };
}
