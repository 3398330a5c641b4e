#include "table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "tow/json.h"
#include "when.h"

enum { MOST_COLUMNS = 24, NARROWEST = 8, GAP = 2 };

struct table {
	struct tow_arena arena;
	const struct tow_rows *rows;
	struct column columns[MOST_COLUMNS];
	size_t n;
	struct look look;
	long long now;
	int widths[MOST_COLUMNS];
	bool right[MOST_COLUMNS];
};

static size_t column_number(const struct tow_rows *rows, const char *name)
{
	size_t i = 0, n = tow_rows_width(rows);
	while (i < n && strcmp(tow_rows_name(rows, i), name) != 0)
		i++;
	return i;
}

static const char *as_when(struct tow_arena *a, const char *value, long long now)
{
	long long at;
	if (strcmp(value, "infinity") == 0 || strcmp(value, "-infinity") == 0)
		return value;
	return when_parse(value, &at) ? when_relative(a, at, now) : value;
}

static const char *as_duration(struct tow_arena *a, const char *value)
{
	long long us;
	return when_interval(value, &us) ? when_duration(a, us) : value;
}

static const char *as_list(struct tow_arena *a, const char *value)
{
	size_t n = strlen(value);
	return n >= 2 && *value == '{' ? tow_strndup(a, value + 1, n - 2) : value;
}

/* The column more lists those that were counted so far and no further. */
static const char *as_counted(struct tow_arena *a, const struct tow_rows *rows, size_t row,
			      const char *name, const char *value)
{
	const char *more = tow_rows_get(rows, row, "more");
	return more && strstr(more, name) ? tow_fmt(a, "%s+", value) : value;
}

const char *table_cell(struct tow_arena *a, const struct tow_rows *rows, size_t row,
		       const struct column *c, long long now)
{
	const char *value = tow_rows_get(rows, row, c->name);
	if (!value)
		return "";
	switch (c->as) {
	case AS_WHEN:
		return as_when(a, value, now);
	case AS_DURATION:
		return as_duration(a, value);
	case AS_PERCENT:
		return tow_fmt(a, "%.0f %%", strtod(value, NULL));
	case AS_BYTES:
		return tow_bytes(a, strtoll(value, NULL, 10));
	case AS_RATE:
		return tow_fmt(a, "%s/s", tow_bytes(a, strtoll(value, NULL, 10)));
	case AS_PACE:
		return when_pace(a, strtod(value, NULL));
	case AS_LIST:
		return text_clean(a, as_list(a, value));
	case AS_COUNTED:
		return as_counted(a, rows, row, c->name, value);
	case AS_YES:
		return *value == 't' ? "yes" : "no";
	case AS_IS:
	case AS_STATE:
	case AS_IF_ANY:
		break;
	}
	return text_clean(a, value);
}

static const char *title(struct tow_arena *a, const struct column *c)
{
	if (c->title)
		return c->title;
	char *word = tow_strdup(a, c->name);
	for (char *p = word; *p; p++)
		*p = *p == '_' ? ' ' : (char)toupper((unsigned char)*p);
	return word;
}

static void measure(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->columns[i];
		size_t number = column_number(t->rows, c->name);
		t->right[i] =
			(number < tow_rows_width(t->rows) && tow_rows_is_number(t->rows, number)) ||
			c->as == AS_DURATION || c->as == AS_PERCENT || c->as == AS_BYTES ||
			c->as == AS_RATE || c->as == AS_PACE;
		t->widths[i] = text_width(title(&t->arena, c));
		for (size_t row = 0; row < tow_rows_count(t->rows); row++) {
			int width = text_width(table_cell(&t->arena, t->rows, row, c, t->now));
			t->widths[i] = width > t->widths[i] ? width : t->widths[i];
		}
	}
}

static int total_width(const struct table *t)
{
	int sum = 0;
	for (size_t i = 0; i < t->n; i++)
		sum += t->widths[i] + (i ? GAP : 0);
	return sum;
}

/* The widest column gives, again and again, until all fit; numbers are never cut. When none can
 * give any more, the last ones are left out. */
static void shrink(struct table *t)
{
	while (t->look.width > 0 && total_width(t) > t->look.width && t->n > 1) {
		size_t widest = t->n;
		for (size_t i = 0; i < t->n; i++)
			if (!t->right[i] && t->widths[i] > NARROWEST &&
			    (widest == t->n || t->widths[i] >= t->widths[widest]))
				widest = i;
		if (widest == t->n)
			t->n--;
		else
			t->widths[widest]--;
	}
}

static void put_cell(FILE *f, struct table *t, size_t i, const char *cell, enum colour colour)
{
	cell = text_cut(&t->arena, cell, t->widths[i]);
	int pad = t->widths[i] - text_width(cell);
	bool last = i + 1 == t->n;
	if (i > 0)
		fprintf(f, "%*s", GAP, "");
	if (t->right[i])
		fprintf(f, "%*s", pad, "");
	fprintf(f, "%s%s%s", text_on(&t->look, colour), cell, text_off(&t->look, colour));
	if (!t->right[i] && !last)
		fprintf(f, "%*s", pad, "");
}

static void put_titles(FILE *f, struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		put_cell(f, t, i, title(&t->arena, &t->columns[i]), BOLD);
	fputc('\n', f);
}

static void put_rows(FILE *f, struct table *t)
{
	for (size_t row = 0; row < tow_rows_count(t->rows); row++) {
		for (size_t i = 0; i < t->n; i++) {
			const struct column *c = &t->columns[i];
			const char *cell = table_cell(&t->arena, t->rows, row, c, t->now);
			put_cell(f, t, i, cell, c->as == AS_STATE ? text_colour_of(cell) : PLAIN);
		}
		fputc('\n', f);
	}
}

static bool any(const struct tow_rows *rows, const char *name)
{
	for (size_t row = 0; row < tow_rows_count(rows); row++)
		if (tow_rows_get(rows, row, name))
			return true;
	return false;
}

void table_print(FILE *f, const struct tow_rows *rows, const struct column *columns, long long now)
{
	struct table t = { .rows = rows, .look = text_look(f), .now = now };
	for (; columns->name && t.n < MOST_COLUMNS; columns++)
		if (columns->as != AS_IF_ANY || any(rows, columns->name))
			t.columns[t.n++] = *columns;
	measure(&t);
	shrink(&t);
	put_titles(f, &t);
	put_rows(f, &t);
	tow_arena_release(&t.arena);
}

/* --- JSON */

/* One element of an array as PostgreSQL writes it: bare, or in double quotes with backslashes.
 * Returns what follows. */
static const char *list_element(struct tow_buf *out, const char *text)
{
	TOW_AUTO_BUF word = { 0 };
	bool quoted = *text == '"';
	tow_buf_adds(&word, "");
	for (text += quoted; *text && (quoted ? *text != '"' : *text != ',' && *text != '}');
	     text++) {
		text += *text == '\\' && text[1];
		tow_buf_addc(&word, *text);
	}
	if (!quoted && strcmp(word.data, "NULL") == 0)
		tow_buf_adds(out, "null");
	else
		tow_json_quote(out, word.data, word.len);
	return text + (quoted && *text);
}

static void json_list(struct tow_buf *out, const char *text)
{
	tow_buf_addc(out, '[');
	for (text++; *text && *text != '}'; text += *text == ',') {
		if (out->data[out->len - 1] != '[')
			tow_buf_adds(out, ", ");
		text = list_element(out, text);
	}
	tow_buf_addc(out, ']');
}

/* "{1,2}" */
static void json_numbers(struct tow_buf *out, const char *text)
{
	size_t n = strlen(text);
	tow_buf_addf(out, "[%.*s]", n > 2 ? (int)n - 2 : 0, text + 1);
}

static void quote(struct tow_buf *out, const char *text)
{
	tow_json_quote(out, text, strlen(text));
}

static void json_value(struct tow_buf *out, struct tow_arena *a, const struct tow_rows *rows,
		       size_t row, size_t column)
{
	const char *value = tow_rows_at(rows, row, column);
	bool special = value && (strcmp(value, "NaN") == 0 || strstr(value, "Infinity"));
	if (!value)
		tow_buf_adds(out, "null");
	else if (tow_rows_is_bool(rows, column))
		tow_buf_adds(out, *value == 't' ? "true" : "false");
	else if (tow_rows_is_list(rows, column))
		json_list(out, value);
	else if (tow_rows_is_numbers(rows, column))
		json_numbers(out, value);
	else if (tow_rows_is_json(rows, column) || (tow_rows_is_number(rows, column) && !special))
		tow_buf_adds(out, value);
	else if (tow_rows_is_instant(rows, column))
		quote(out, when_iso(a, value));
	else /* as it is: a log line may begin with a time of its own */
		quote(out, value);
}

static void json_object(struct tow_buf *out, struct tow_arena *a, const struct tow_rows *rows,
			size_t row)
{
	tow_buf_addc(out, '{');
	for (size_t i = 0; i < tow_rows_width(rows); i++) {
		const char *name = tow_rows_name(rows, i);
		if (i > 0)
			tow_buf_adds(out, ", ");
		quote(out, name);
		tow_buf_adds(out, ": ");
		json_value(out, a, rows, row, i);
	}
	tow_buf_addc(out, '}');
}

void table_json_row(FILE *f, const struct tow_rows *rows, size_t row)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_BUF out = { 0 };
	json_object(&out, &a, rows, row);
	fprintf(f, "%s\n", out.data);
}

void table_json_row_of(FILE *f, const char *name, const char *id, const struct tow_rows *rows,
		       size_t row)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_BUF out = { 0 };
	json_object(&out, &a, rows, row);
	fprintf(f, "{\"%s\": %s, %s\n", name, id, out.data + 1);
}

void table_json(FILE *f, const struct tow_rows *rows)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_BUF out = { 0 };
	tow_buf_addc(&out, '[');
	for (size_t row = 0; row < tow_rows_count(rows); row++) {
		tow_buf_adds(&out, row ? ",\n " : "");
		json_object(&out, &a, rows, row);
	}
	tow_buf_addc(&out, ']');
	fprintf(f, "%s\n", out.data);
}
