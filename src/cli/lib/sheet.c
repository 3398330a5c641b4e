#include "sheet.h"

#include <stdio.h>
#include <string.h>

#include "when.h"

enum { LABEL = 10 };

bool sheet_open(struct sheet *p, struct cli *c, const struct tow_rows *rows)
{
	*p = (struct sheet){ .a = &c->arena, .rows = rows, .look = text_look(stdout) };
	return when_now(c->db, &p->now, &c->err);
}

const char *sheet_get(const struct sheet *p, const char *name)
{
	return tow_rows_get(p->rows, 0, name);
}

void sheet_title(const struct sheet *p, const char *thing, const char *name, const char *state)
{
	enum colour colour = text_colour_of(state);
	printf("%s%s%s%s%s  %s%s%s\n", text_on(&p->look, BOLD), thing, name ? "  " : "",
	       name ? text_excerpt(p->a, name) : "", text_off(&p->look, BOLD),
	       text_on(&p->look, colour), state, text_off(&p->look, colour));
}

void sheet_fact(const struct sheet *p, const char *label, const char *value)
{
	if (value && *value)
		printf("%s%-*s%s %s\n", text_on(&p->look, DIM), LABEL, label,
		       text_off(&p->look, DIM), value);
}

void sheet_fact_text(const struct sheet *p, const char *label, const char *name)
{
	if (sheet_get(p, name))
		sheet_fact(p, label, text_excerpt(p->a, sheet_get(p, name)));
}

/* "2026-11-21 02:42:18.5+00 (3 s ago)" */
const char *sheet_instant(const struct sheet *p, const char *text)
{
	long long at;
	if (!text || !when_parse(text, &at))
		return text;
	return tow_fmt(p->a, "%s (%s)", text, when_relative(p->a, at, p->now));
}

const struct tow_json *sheet_json(const struct sheet *p, const char *name, struct tow_json **doc)
{
	const char *text = sheet_get(p, name);
	if (!text || !tow_json_parse(doc, text, strlen(text), NULL))
		return NULL;
	return *doc;
}

void sheet_section(const struct sheet *p, const char *name)
{
	printf("\n%s%s%s\n", text_on(&p->look, BOLD), name, text_off(&p->look, BOLD));
}

static const char *length_of(const struct sheet *p, const struct tow_json *attempt)
{
	long long us;
	const char *took = tow_json_str(attempt, "took", NULL);
	return took && when_interval(took, &us) ? when_duration(p->a, us) : "";
}

/* JSON's times have a T, which is as well. */
const char *sheet_clock(const struct sheet *p, const struct tow_json *o, const char *member)
{
	char *text = tow_strdup(p->a, tow_json_str(o, member, ""));
	if (strlen(text) > 10 && text[10] == 'T')
		text[10] = ' ';
	return *text ? when_clock(p->a, text, p->now) : "";
}

void sheet_attempt(const struct sheet *p, const struct tow_json *o)
{
	const char *outcome = tow_json_str(o, "outcome", ""), *class = tow_json_str(o, "class", "");
	const char *error = tow_json_str(o, "error", ""), *detail = tow_json_str(o, "detail", "");
	enum colour colour = text_colour_of(outcome);
	printf("  %lld  %s  %s%s%s  %s%s%s%s%s\n", tow_json_int(o, "attempt", 0),
	       sheet_clock(p, o, "finished_at"), text_on(&p->look, colour), outcome,
	       text_off(&p->look, colour), length_of(p, o), *class ? "  " : "",
	       text_clean(p->a, class), *error ? ": " : "", text_excerpt(p->a, error));
	if (*detail)
		printf("     %s\n", text_excerpt(p->a, detail));
}

void sheet_list(const struct sheet *p, const char *name, const char *column,
		void (*print)(const struct sheet *, const struct tow_json *))
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *items = sheet_json(p, column, &doc);
	size_t n = items ? tow_json_len(items) : 0;
	if (n > 0)
		sheet_section(p, name);
	for (size_t i = 0; i < n; i++)
		print(p, tow_json_at(items, i));
}
