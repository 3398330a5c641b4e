#include "wait.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "table.h"
#include "text.h"
#include "when.h"

enum { SHORTEST_MS = 10, LONGEST_MS = 250, BAR = 30 };

bool job_is_over(const char *state)
{
	return strcmp(state, "completed") == 0 || strcmp(state, "failed") == 0 ||
	       strcmp(state, "cancelled") == 0;
}

static const char *amount(struct tow_arena *a, const struct tow_rows *r)
{
	const char *done = tow_rows_get(r, 0, "done"), *total = tow_rows_get(r, 0, "total");
	if (done && total)
		return tow_fmt(a, " %s/%s", done, total);
	return done ? tow_fmt(a, " %s", done) : "";
}

const char *job_line(struct tow_arena *a, const char *id, const struct tow_rows *r)
{
	const char *state = tow_rows_get(r, 0, "state"), *pct = tow_rows_get(r, 0, "pct");
	const char *note = tow_rows_get(r, 0, "note");
	double percent = 0;
	if (pct)
		sscanf(pct, "%lf", &percent);
	return tow_fmt(a, "job %s  %-9s %s%s%s%s%s", id, state,
		       pct ? text_bar(a, percent, BAR) : "",
		       pct ? tow_fmt(a, " %.0f %%", percent) : "", amount(a, r), note ? "  " : "",
		       note ? text_clean(a, note) : "");
}

/* One line that is drawn over again, on standard error: standard output belongs to the result. */
static void draw(const char *id, const struct tow_rows *r, const struct look *look)
{
	TOW_AUTO_ARENA a = { 0 };
	fprintf(stderr, "\r\033[K%s", text_cut(&a, job_line(&a, id, r), look->width - 1));
	fflush(stderr);
}

static bool ask(struct cli *c, const char *id, struct tow_rows **r)
{
	tow_rows_freep(r);
	if (!tow_call(c->db, r, &c->err, "tow.outcome", id))
		return false;
	if (tow_rows_count(*r) > 0)
		return true;
	tow_fail_class(&c->err, TOW_FINAL, "TW404", "no such job: %s", id);
	return tow_hint(&c->err, "see 'tow jobs' and 'tow history'");
}

bool job_outcome(struct cli *c, const char *id, struct tow_rows **r)
{
	while (!ask(c, id, r))
		if (!cli_again(c, LONGEST_MS))
			return false;
	return true;
}

static int status_of(const char *state)
{
	if (strcmp(state, "completed") == 0)
		return JOB_COMPLETED;
	return strcmp(state, "failed") == 0 ? JOB_FAILED : JOB_CANCELLED;
}

static int complain(struct cli *c, const char *id, const struct tow_rows *r)
{
	const char *state = tow_rows_get(r, 0, "state"), *error = tow_rows_get(r, 0, "error");

	if (error && strcmp(state, "completed") != 0)
		fprintf(stderr, "tow: job %s %s: %s\nhint: tow job %s\n", id, state,
			text_clean(&c->arena, error), id);
	return status_of(state);
}

static int tell(struct cli *c, const char *id, const struct tow_rows *r)
{
	const char *result = tow_rows_get(r, 0, "result");

	if (cli_has(c, "json"))
		table_json_row_of(stdout, "id", id, r, 0);
	else if (result)
		puts(result);
	return complain(c, id, r);
}

static int interrupted(const char *id)
{
	fprintf(stderr, "tow: job %s is still under way\nhint: tow job %s, or tow cancel %s\n", id,
		id, id);
	return EX_TEMPFAIL;
}

static bool until_over(struct cli *c, const char *id, struct tow_rows **r)
{
	struct look look = text_look(stderr);
	long ms = SHORTEST_MS;
	bool asked;

	cli_catch_end();
	while ((asked = job_outcome(c, id, r)) && !job_is_over(tow_rows_get(*r, 0, "state"))) {
		if (look.width > 0)
			draw(id, *r, &look);
		if (!cli_pause(ms))
			break;
		ms = ms * 2 < LONGEST_MS ? ms * 2 : LONGEST_MS;
	}
	if (look.width > 0)
		fprintf(stderr, "\r\033[K");
	return asked;
}

int wait_for(struct cli *c, const char *id)
{
	TOW_AUTO_ROWS *r = NULL;
	bool asked;

	if (!cli_has(c, "json"))
		fprintf(stderr, "%s\n", id);
	asked = until_over(c, id, &r);
	if (cli_ended_by() && !(asked && job_is_over(tow_rows_get(r, 0, "state"))))
		return interrupted(id);
	return asked ? tell(c, id, r) : cli_failed(c);
}

int wait_quietly(struct cli *c, const char *id)
{
	TOW_AUTO_ROWS *r = NULL;
	bool asked = until_over(c, id, &r),
	     over = asked && job_is_over(tow_rows_get(r, 0, "state"));

	if (cli_ended_by() && !over)
		return interrupted(id);
	if (!asked)
		return cli_failed(c);
	return complain(c, id, r);
}
