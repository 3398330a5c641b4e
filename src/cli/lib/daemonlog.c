/* A worker sends its lines some time after they were said, so a turn asks for the last half minute
 * again and prints what the turn before did not have. */
#include "daemonlog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "table.h"
#include "text.h"
#include "when.h"

enum { PAUSE_MS = 500 };
static const char most[] = "10000";

struct tail {
	struct cli *c;
	const char *name;
	struct tow_arena memory; /* made anew each turn */
	const char **seen;	 /* in order */
	size_t n;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* An action has a number of its own, a line one in its job's log. */
static const char *name_of(struct tow_arena *a, const struct tow_rows *rows, size_t row)
{
	const char *job = tow_rows_get(rows, row, "job");
	return tow_fmt(a, "%s %s %s", tow_rows_get(rows, row, "what"), job ? job : "",
		       tow_rows_get(rows, row, "n"));
}

static bool is_news(const struct tail *t, const struct tow_rows *rows, size_t row)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *name = name_of(&a, rows, row);
	return t->n == 0 || !bsearch(&name, t->seen, t->n, sizeof *t->seen, compare);
}

static void remember(struct tail *t, const struct tow_rows *rows)
{
	tow_arena_reset(&t->memory);
	t->n = tow_rows_count(rows);
	t->seen = tow_alloc(&t->memory, (t->n + 1) * sizeof *t->seen);
	for (size_t i = 0; i < t->n; i++)
		t->seen[i] = name_of(&t->memory, rows, i);
	qsort(t->seen, t->n, sizeof *t->seen, compare);
}

static void print_line(const struct tail *t, const struct tow_rows *rows, size_t row, long long now)
{
	TOW_AUTO_ARENA a = { 0 };
	struct look look = text_look(stdout);
	const char *what = tow_rows_get(rows, row, "what"), *job = tow_rows_get(rows, row, "job");
	const char *line = tow_rows_get(rows, row, "line");
	if (cli_has(t->c, "json")) {
		table_json_row(stdout, rows, row);
		return;
	}
	printf("%s %8s  %s%-8s%s  %s\n", when_clock(&a, tow_rows_get(rows, row, "at"), now),
	       job ? job : "", text_on(&look, text_colour_of(what)), what,
	       text_off(&look, text_colour_of(what)), text_clean(&a, line ? line : ""));
}

static bool ask(struct tail *t, bool all, struct tow_rows **rows)
{
	struct cli *c = t->c;
	struct cli_call call = { 0 };
	const char *since = NULL;
	if (!all && !cli_ago(c, &t->memory, "30 s", &since))
		return false;
	cli_arg(&call, "name", t->name);
	cli_arg(&call, "max_lines", most);
	cli_arg(&call, "since", since);
	return cli_call(c, rows, "tow.daemon_log", &call);
}

/* The first turn prints the latest lines of all that there are. */
static bool turn(struct tail *t, bool first, size_t lines)
{
	TOW_AUTO_ROWS *rows = NULL;
	long long now;
	if (!ask(t, first, &rows) || !when_now(t->c->db, &now, &t->c->err))
		return false;
	size_t n = tow_rows_count(rows);
	for (size_t row = first && n > lines ? n - lines : 0; row < n; row++)
		if (is_news(t, rows, row))
			print_line(t, rows, row, now);
	fflush(stdout);
	remember(t, rows);
	return true;
}

static bool read_lines(struct cli *c, const char *text, size_t *lines)
{
	char *end = NULL;
	errno = 0;
	long n = text ? strtol(text, &end, 10) : 200;
	if (errno || (text && (end == text || *end)) || n < 1 || n > atol(most)) {
		tow_fail(&c->err, TOW_FINAL, "bad --lines '%s'", text);
		return tow_hint(&c->err, "use 1 to %s", most);
	}
	*lines = (size_t)n;
	return true;
}

int daemonlog_follow(struct cli *c, const char *name, const char *lines)
{
	struct tail t = { .c = c, .name = name };
	size_t n;
	if (!read_lines(c, lines, &n))
		return cli_failed(c);
	cli_catch_end();
	bool good = turn(&t, true, n);
	while (good && cli_pause(PAUSE_MS))
		good = turn(&t, false, n);
	tow_arena_release(&t.memory);
	return good || cli_ended_by() ? EX_OK : cli_failed(c);
}
