#include "haulpage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet.h"
#include "shell.h"
#include "table.h"

#define FILES  "20"
#define EVENTS "10"

static const char *cell(const struct sheet *p, const struct tow_rows *rows, size_t row,
			const char *name, enum column_as as)
{
	return table_cell(p->a, rows, row, &(struct column){ name, NULL, as }, p->now);
}

static const char *own(const struct sheet *p, const char *name, enum column_as as)
{
	return cell(p, p->rows, 0, name, as);
}

/* "[####......] 45 %  1.2 MB of 3.0 MB  2.1 MB/s  5 min left" */
static void progress(const struct sheet *p)
{
	const char *percent = sheet_get(p, "percent"), *down = own(p, "down", AS_RATE),
		   *left = own(p, "eta", AS_DURATION), *size = own(p, "size", AS_BYTES),
		   *got = own(p, "downloaded", AS_BYTES);

	sheet_fact(p, "progress",
		   tow_fmt(p->a, "%s %s%s%s%s%s%s%s%s%s%s",
			   text_bar(p->a, strtod(percent, NULL), SHEET_BAR),
			   own(p, "percent", AS_PERCENT), *size ? "  " : "", *size ? got : "",
			   *size && *got ? " of " : "", size, *down ? "  " : "", down,
			   *left ? "  " : "", left, *left ? " left" : ""));
}

/* What its client says of it, and by what name it knows it. */
static void client(const struct sheet *p)
{
	const char *driver = sheet_get(p, "driver"), *transfer = sheet_get(p, "transfer");

	if (sheet_get(p, "client"))
		sheet_fact(p, "client",
			   tow_fmt(p->a, "%s%s%s%s%s%s", text_clean(p->a, sheet_get(p, "client")),
				   driver ? " (" : "", driver ? driver : "", driver ? ")" : "",
				   transfer ? ", there " : "", transfer ? transfer : ""));
	sheet_fact_text(p, "hash", "hash");
	sheet_fact_text(p, "category", "category");
	sheet_fact_text(p, "folder", "folder");
	sheet_fact_text(p, "tracker", "tracker_host");
	sheet_fact_text(p, "says", "tracker");
}

static void facts(const struct sheet *p)
{
	progress(p);
	sheet_fact_text(p, "trouble", "trouble");
	if (sheet_get(p, "hint"))
		sheet_fact(p, "hint", text_excerpt(p->a, shell_hint(p->a, sheet_get(p, "hint"))));
	if (sheet_get(p, "tries"))
		sheet_fact(p, "tried",
			   tow_fmt(p->a, "%s of %s times in vain, next %s", sheet_get(p, "tries"),
				   sheet_get(p, "max_tries"),
				   sheet_get(p, "next_try_at") ? own(p, "next_try_at", AS_WHEN)
							       : "now"));
	client(p);
	sheet_fact_text(p, "library", "library");
	sheet_fact_text(p, "from", "source");
	sheet_fact(p, "profile",
		   tow_fmt(p->a, "%s, priority %s", text_clean(p->a, sheet_get(p, "profile")),
			   sheet_get(p, "priority")));
	sheet_fact(p, "created",
		   tow_fmt(p->a, "%s by %s", sheet_instant(p, sheet_get(p, "created_at")),
			   text_clean(p->a, sheet_get(p, "who"))));
	sheet_fact(p, "since", sheet_instant(p, sheet_get(p, "state_at")));
	sheet_fact_text(p, "job", "job");
}

/*--- lists */

/* Where it is, or why it is not there. */
static void file(const struct sheet *p, const struct tow_rows *rows, size_t i)
{
	const char *state = tow_rows_get(rows, i, "state"),
		   *error = cell(p, rows, i, "error", AS_IS), *why = cell(p, rows, i, "why", AS_IS),
		   *path = cell(p, rows, i, "path", AS_IS);
	enum colour colour = text_colour_of(state);

	printf("  %s%s%s  %s  %s  %s%s\n", text_on(&p->look, colour), state,
	       text_off(&p->look, colour), cell(p, rows, i, "size", AS_BYTES),
	       cell(p, rows, i, "source", AS_IS), *error || *why || *path ? "-> " : "",
	       *error ? error
	       : *why ? why
		      : path);
}

static void event(const struct sheet *p, const struct tow_rows *rows, size_t i)
{
	const char *detail = cell(p, rows, i, "detail", AS_IS);

	printf("  %-10s  %s%s%s\n", cell(p, rows, i, "at", AS_WHEN),
	       cell(p, rows, i, "what", AS_IS), *detail ? ": " : "", detail);
}

static bool list(struct cli *c, const struct sheet *p, const char *name, const char *verb,
		 const char *most,
		 void (*print)(const struct sheet *, const struct tow_rows *, size_t))
{
	TOW_AUTO_ROWS *rows = NULL;

	if (!tow_call(c->db, &rows, &c->err, verb, sheet_get(p, "id"), most))
		return false;
	if (tow_rows_count(rows) > 0)
		sheet_section(p, name);
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		print(p, rows, i);
	if (tow_rows_count(rows) >= strtoul(most, NULL, 10))
		printf("  all of them: tow haul %s %s\n", name, sheet_get(p, "id"));
	return true;
}

/* Of the job that did the last thing for it; it may be forgotten by now. */
static bool attempts(struct cli *c, const struct sheet *p)
{
	struct sheet of_job = *p;
	TOW_AUTO_ROWS *rows = NULL;

	if (!sheet_get(p, "job"))
		return true;
	if (!tow_call(c->db, &rows, &c->err, "tow.job", sheet_get(p, "job"))) {
		if (strcmp(c->err.class, "TW404") != 0)
			return false;
		c->err = (struct tow_err){ 0 };
		return true;
	}
	of_job.rows = rows;
	sheet_list(&of_job, tow_fmt(p->a, "attempts of job %s", sheet_get(p, "job")), "attempts",
		   sheet_attempt);
	return true;
}

/*--- what can be typed */

static bool is_any(const struct sheet *p, const char *states, const char *state)
{
	return strstr(states, tow_fmt(p->a, " %s ", state));
}

/* As the page offers it. What is paused in its client is downloading here. */
static void steps(const struct sheet *p)
{
	static const struct {
		const char *verb, *states, *what;
		bool troubled; /* only where something is wrong */
	} all[] = {
		{ "approve", " needs_approval ", "lets it go on", false },
		{ "reject", " needs_approval ", "refuses it", false },
		{ "pause", " queued approved downloading ", "holds it, in its client too", false },
		{ "resume", " paused ", "lets it go on", false },
		{ "retry", " failed cancelled rejected ", "tries it again", false },
		{ "retry", " approved downloading downloaded importing ", "tries it again", true },
		{ "plan", " downloaded importing ", "says where its files will go", false },
		{ "cancel",
		  " queued searching matching needs_approval approved downloading paused "
		  "downloaded "
		  "importing converting converted ",
		  "gives it up", false },
		{ "undo", " completed ", "takes its files out of the library", false },
		{ "forget", " completed failed cancelled rejected ", "takes it out of this list",
		  false },
	};
	const char *state = sheet_get(p, "state"), *doing = sheet_get(p, "doing");

	state = strcmp(doing, "paused") == 0 ? doing : state;
	sheet_section(p, "next");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (is_any(p, all[i].states, state) &&
		    (!all[i].troubled || sheet_get(p, "trouble")))
			printf("  tow haul %-7s %s  %s%s%s\n", all[i].verb, sheet_get(p, "id"),
			       text_on(&p->look, DIM), all[i].what, text_off(&p->look, DIM));
}

bool haulpage_print(struct cli *c, const struct tow_rows *rows)
{
	struct sheet p;

	if (!sheet_open(&p, c, rows))
		return false;
	sheet_title(&p, tow_fmt(p.a, "download %s", sheet_get(&p, "id")), sheet_get(&p, "title"),
		    sheet_get(&p, "doing"));
	facts(&p);
	if (!list(c, &p, "files", "haul.find_files", FILES, file) || !attempts(c, &p) ||
	    !list(c, &p, "events", "haul.find_events", EVENTS, event))
		return false;
	steps(&p);
	return true;
}
