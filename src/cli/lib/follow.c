#include "follow.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "text.h"
#include "tow/json.h"
#include "when.h"

enum { PAUSE_MS = 500 };

/* What was printed last of a job. */
struct seen {
	const char *id, *state, *attempt;
	bool still; /* in the list of this turn */
};

struct view {
	struct cli *c;
	const struct column *columns;
	struct tow_arena memory; /* of `seen`; made anew each turn */
	struct seen *seen;
	size_t n;
	bool titled;
};

static struct seen *find(const struct view *v, const char *id)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->seen[i].id, id) == 0)
			return &v->seen[i];
	return NULL;
}

static bool is_news(const struct view *v, const struct tow_rows *rows, size_t row)
{
	struct seen *s = find(v, tow_rows_get(rows, row, "id"));
	if (!s)
		return true;
	s->still = true;
	return strcmp(s->state, tow_rows_get(rows, row, "state")) != 0 ||
	       strcmp(s->attempt, tow_rows_get(rows, row, "attempt")) != 0;
}

static void print_line(const struct view *v, const struct tow_rows *rows, size_t row, long long now)
{
	TOW_AUTO_ARENA a = { 0 };
	struct look look = text_look(stdout);
	const char *state = tow_rows_get(rows, row, "state");
	const char *line = "";
	if (cli_has(v->c, "json")) {
		table_json_row(stdout, rows, row);
		return;
	}
	for (const struct column *k = v->columns; k->name; k++) {
		const char *cell = table_cell(&a, rows, row, k, now);
		if (k->as != AS_STATE && strcmp(k->name, "id") != 0 && *cell)
			line = tow_fmt(&a, "%s  %s", line, cell);
	}
	if (look.width > 0)
		line = text_cut(&a, line, look.width - 20);
	printf("%8s  %s%-9s%s%s\n", tow_rows_get(rows, row, "id"),
	       text_on(&look, text_colour_of(state)), state, text_off(&look, text_colour_of(state)),
	       line);
}

/* A job that is not among the live ones any more: how did it end? */
static bool print_end(const struct view *v, const char *id)
{
	TOW_AUTO_ROWS *r = NULL;
	struct look look = text_look(stdout);
	struct cli *c = v->c;
	if (!tow_call(c->db, &r, &c->err, "tow.outcome", id))
		return false;
	if (tow_rows_count(r) == 0)
		return true;
	const char *state = tow_rows_get(r, 0, "state"), *error = tow_rows_get(r, 0, "error");
	if (cli_has(c, "json")) {
		printf("{\"id\": %s, \"state\": \"%s\"}\n", id, state);
		return true;
	}
	TOW_AUTO_ARENA a = { 0 };
	printf("%8s  %s%-9s%s%s%s\n", id, text_on(&look, text_colour_of(state)), state,
	       text_off(&look, text_colour_of(state)), error ? "  " : "",
	       error ? text_clean(&a, error) : "");
	return true;
}

static void remember(struct view *v, const struct tow_rows *rows)
{
	tow_arena_reset(&v->memory);
	v->n = tow_rows_count(rows);
	v->seen = tow_alloc(&v->memory, (v->n + 1) * sizeof *v->seen);
	for (size_t i = 0; i < v->n; i++)
		v->seen[i] = (struct seen){
			.id = tow_strdup(&v->memory, tow_rows_get(rows, i, "id")),
			.state = tow_strdup(&v->memory, tow_rows_get(rows, i, "state")),
			.attempt = tow_strdup(&v->memory, tow_rows_get(rows, i, "attempt")),
		};
}

/* The list has the newest first; people read downwards. */
static bool turn(struct view *v, const struct cli_call *call)
{
	TOW_AUTO_ROWS *rows = NULL;
	long long now;
	if (!cli_call(v->c, &rows, "tow.find_jobs", call) || !when_now(v->c->db, &now, &v->c->err))
		return false;
	for (size_t i = 0; i < v->n; i++)
		v->seen[i].still = false; /* of a turn that failed */
	for (size_t row = tow_rows_count(rows); row-- > 0;)
		if (is_news(v, rows, row))
			print_line(v, rows, row, now);
	for (size_t i = 0; i < v->n; i++)
		if (!v->seen[i].still && !print_end(v, v->seen[i].id))
			return false;
	fflush(stdout);
	remember(v, rows);
	return true;
}

int follow_jobs(struct cli *c, const struct cli_call *call, const struct column *columns)
{
	struct view v = { .c = c, .columns = columns };
	bool good;
	cli_catch_end();
	do
		good = turn(&v, call);
	while (good ? cli_pause(PAUSE_MS) : cli_again(c, PAUSE_MS));
	tow_arena_release(&v.memory);
	return good || cli_ended_by() ? EX_OK : cli_failed(c);
}
