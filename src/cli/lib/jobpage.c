#include "jobpage.h"

#include <stdio.h>
#include <string.h>

#include "sheet.h"

/* An array of numbers without its braces. */
static const char *bare(const struct sheet *p, const char *array)
{
	size_t len = array ? strlen(array) : 0;
	return len > 2 ? tow_fmt(p->a, "%.*s", (int)len - 2, array + 1) : NULL;
}

static void facts(const struct sheet *p)
{
	const char *tags = sheet_get(p, "tags");
	sheet_fact(p, "queue",
		   tow_fmt(p->a, "%s, priority %s", sheet_get(p, "queue"),
			   sheet_get(p, "priority")));
	sheet_fact(p, "attempt",
		   tow_fmt(p->a, "%s of %s, policy %s", sheet_get(p, "attempt"),
			   sheet_get(p, "max_attempts"), sheet_get(p, "policy")));
	sheet_fact(p, "created", sheet_instant(p, sheet_get(p, "created_at")));
	sheet_fact(p, "due", sheet_instant(p, sheet_get(p, "run_at")));
	sheet_fact(p, "deadline", sheet_instant(p, sheet_get(p, "deadline")));
	sheet_fact_text(p, "timeout", "timeout");
	sheet_fact(p, "started", sheet_instant(p, sheet_get(p, "started_at")));
	sheet_fact(p, "finished", sheet_instant(p, sheet_get(p, "finished_at")));
	if (sheet_get(p, "worker"))
		sheet_fact(p, "worker",
			   tow_fmt(p->a, "%s, run %s", sheet_get(p, "worker"),
				   sheet_get(p, "run")));
	sheet_fact(p, "waits for", sheet_get(p, "waits_for"));
	sheet_fact_text(p, "lane", "lane");
	sheet_fact(p, "parent", sheet_get(p, "parent"));
	sheet_fact(p, "after", bare(p, sheet_get(p, "after")));
	sheet_fact_text(p, "key", "key");
	sheet_fact(p, "tags", tags ? text_clean(p->a, tags) : NULL);
	sheet_fact_text(p, "args", "args");
	sheet_fact_text(p, "result", "result");
	sheet_fact_text(p, "error", "error");
}

static void progress(const struct sheet *p)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *j = sheet_json(p, "progress", &doc);
	const char *line = "";
	if (!j)
		return;
	double pct = tow_json_num(j, "pct", -1);
	long long done = tow_json_int(j, "done", -1), total = tow_json_int(j, "total", -1);
	if (pct >= 0)
		line = tow_fmt(p->a, "%s %.0f %% ", text_bar(p->a, pct, SHEET_BAR), pct);
	if (done >= 0)
		line = tow_fmt(p->a, "%s%lld%s ", line, done,
			       total >= 0 ? tow_fmt(p->a, "/%lld", total) : "");
	sheet_fact(p, "progress",
		   tow_fmt(p->a, "%s%s", line, text_clean(p->a, tow_json_str(j, "note", ""))));
}

static void children(const struct sheet *p)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *j = sheet_json(p, "children", &doc);
	if (j)
		sheet_fact(p, "children",
			   tow_fmt(p->a, "%lld: %lld completed, %lld failed, %lld cancelled",
				   tow_json_int(j, "total", 0), tow_json_int(j, "completed", 0),
				   tow_json_int(j, "failed", 0), tow_json_int(j, "cancelled", 0)));
}

/* What is there of a step's result or a signal's payload; nothing for null. */
static const char *value_of(const struct sheet *p, const struct tow_json *o, const char *member)
{
	const struct tow_json *value = tow_json_get(o, member);
	const char *text = value ? tow_json_dump(p->a, value) : "null";
	return strcmp(text, "null") != 0 ? text_excerpt(p->a, text) : "";
}

static void step(const struct sheet *p, const struct tow_json *o)
{
	printf("  %s  %s  %s\n", sheet_clock(p, o, "at"),
	       text_clean(p->a, tow_json_str(o, "name", "")), value_of(p, o, "result"));
}

static void signal_line(const struct sheet *p, const struct tow_json *o)
{
	bool late = tow_json_bool(o, "timed_out", false);
	printf("  %s  %s  %s  %s\n", sheet_clock(p, o, "at"),
	       text_clean(p->a, tow_json_str(o, "name", "")),
	       late ? "nobody, in time" : text_clean(p->a, tow_json_str(o, "who", "")),
	       value_of(p, o, "payload"));
}

static void line(const struct sheet *p, const struct tow_json *o)
{
	const char *level = tow_json_str(o, "level", "");
	enum colour colour = text_colour_of(level);
	printf("  %s %s%-6s%s %s\n", sheet_clock(p, o, "at"), text_on(&p->look, colour), level,
	       text_off(&p->look, colour), text_excerpt(p->a, tow_json_str(o, "line", "")));
}

static void deed(const struct sheet *p, const struct tow_json *o)
{
	const struct tow_json *detail = tow_json_get(o, "detail");
	printf("  %s  %s  %s  %s\n", sheet_clock(p, o, "at"),
	       text_clean(p->a, tow_json_str(o, "who", "")), tow_json_str(o, "what", ""),
	       tow_json_is_object(detail) ? text_excerpt(p->a, tow_json_dump(p->a, detail)) : "");
}

/* Of a job that goes on for weeks the newest are there. */
static void list(const struct sheet *p, const char *what,
		 void (*print)(const struct sheet *, const struct tow_json *))
{
	TOW_AUTO_JSON *counts = NULL, *doc = NULL;
	const struct tow_json *all = sheet_json(p, "counts", &counts);
	const struct tow_json *items = sheet_json(p, what, &doc);
	long long n = all ? tow_json_int(all, what, 0) : 0;
	size_t shown = items ? tow_json_len(items) : 0;
	sheet_list(p,
		   n > (long long)shown
			   ? tow_fmt(p->a, "%s, the newest %zu of %lld", what, shown, n)
			   : what,
		   what, print);
}

bool jobpage_print(struct cli *c, const struct tow_rows *rows)
{
	struct sheet p;
	if (!sheet_open(&p, c, rows))
		return false;
	sheet_title(&p, tow_fmt(p.a, "job %s", sheet_get(&p, "id")), sheet_get(&p, "kind"),
		    sheet_get(&p, "state"));
	facts(&p);
	children(&p);
	progress(&p);
	list(&p, "attempts", sheet_attempt);
	list(&p, "steps", step);
	sheet_list(&p, "signals", "signals", signal_line);
	list(&p, "log", line);
	list(&p, "audit", deed);
	return true;
}
