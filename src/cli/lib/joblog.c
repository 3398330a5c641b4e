#include "joblog.h"

#include <stdio.h>
#include <sysexits.h>

#include "table.h"
#include "text.h"
#include "wait.h"
#include "when.h"

enum { PAUSE_MS = 250 };

static void print_json(const char *id, const struct tow_rows *rows, size_t row)
{
	if (id)
		table_json_row_of(stdout, "job", id, rows, row);
	else
		table_json_row(stdout, rows, row);
}

static void print_lines(struct cli *c, const char *id, const struct tow_rows *rows,
			const char *mark, long long now)
{
	struct look look = text_look(stdout);
	for (size_t row = 0; row < tow_rows_count(rows); row++) {
		TOW_AUTO_ARENA a = { 0 };
		const char *level = tow_rows_get(rows, row, "level");
		if (cli_has(c, "json")) {
			print_json(*mark ? id : NULL, rows, row);
			continue;
		}
		printf("%s%s %s%-6s%s %s\n", mark,
		       when_clock(&a, tow_rows_get(rows, row, "at"), now),
		       text_on(&look, text_colour_of(level)), level,
		       text_off(&look, text_colour_of(level)),
		       text_clean(&a, tow_rows_get(rows, row, "line")));
	}
	fflush(stdout);
}

/* The state is asked before the lines: what a job said before it ended is there when its end is. */
static bool is_live(struct cli *c, const char *id, bool *live)
{
	TOW_AUTO_ROWS *r = NULL;
	if (!tow_call(c->db, &r, &c->err, "tow.state", id))
		return false;
	const char *state = tow_rows_at(r, 0, 0);
	if (!state) {
		tow_fail_class(&c->err, TOW_FINAL, "TW404", "no such job: %s", id);
		return tow_hint(&c->err, "see 'tow jobs' and 'tow history'");
	}
	*live = !job_is_over(state);
	return true;
}

bool joblog_more(struct cli *c, const char *id, const char *mark, const char **after)
{
	TOW_AUTO_ROWS *rows = NULL;
	long long now;
	if (!when_now(c->db, &now, &c->err) ||
	    !tow_call(c->db, &rows, &c->err, "tow.log", id, *after))
		return false;
	print_lines(c, id, rows, mark, now);
	size_t n = tow_rows_count(rows);
	if (n > 0)
		*after = tow_strdup(&c->arena, tow_rows_get(rows, n - 1, "n"));
	return true;
}

int joblog_print(struct cli *c, const char *id, bool follow)
{
	const char *after = "0";
	bool live = false, good;
	if (!cli_id(id, &c->err))
		return cli_failed(c);
	if (follow)
		cli_catch_end();
	do
		good = is_live(c, id, &live) && joblog_more(c, id, "", &after);
	while (follow && (good ? live && cli_pause(PAUSE_MS) : cli_again(c, PAUSE_MS)));
	return good || cli_ended_by() ? EX_OK : cli_failed(c);
}
