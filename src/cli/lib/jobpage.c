#include "jobpage.h"

#include <stdio.h>
#include <string.h>

#include "table.h"
#include "text.h"
#include "tow/json.h"
#include "when.h"

enum { BAR = 30, LABEL = 10 };

struct page {
	struct tow_arena *a;
	const struct tow_rows *rows;
	struct look look;
	long long now;
};

static const char *get(const struct page *p, const char *name)
{
	return tow_rows_get(p->rows, 0, name);
}

static void fact(const struct page *p, const char *label, const char *value)
{
	if (value && *value)
		printf("%s%-*s%s %s\n", text_on(&p->look, DIM), LABEL, label,
		       text_off(&p->look, DIM), value);
}

static void fact_text(const struct page *p, const char *label, const char *name)
{
	if (get(p, name))
		fact(p, label, text_excerpt(p->a, get(p, name)));
}

/* "2026-11-21 02:42:18.5+00 (3 s ago)" */
static const char *instant(const struct page *p, const char *text)
{
	long long at;
	if (!text || !when_parse(text, &at))
		return text;
	return tow_fmt(p->a, "%s (%s)", text, when_relative(p->a, at, p->now));
}

/* An array of numbers without its braces. */
static const char *bare(const struct page *p, const char *array)
{
	size_t len = array ? strlen(array) : 0;
	return len > 2 ? tow_fmt(p->a, "%.*s", (int)len - 2, array + 1) : NULL;
}

static void title(const struct page *p)
{
	const char *state = get(p, "state");
	enum colour colour = text_colour_of(state);
	printf("%sjob %s  %s%s  %s%s%s\n", text_on(&p->look, BOLD), get(p, "id"),
	       text_clean(p->a, get(p, "kind")), text_off(&p->look, BOLD),
	       text_on(&p->look, colour), state, text_off(&p->look, colour));
}

static void facts(const struct page *p)
{
	const char *tags = get(p, "tags");
	fact(p, "queue", tow_fmt(p->a, "%s, priority %s", get(p, "queue"), get(p, "priority")));
	fact(p, "attempt",
	     tow_fmt(p->a, "%s of %s, policy %s", get(p, "attempt"), get(p, "max_attempts"),
		     get(p, "policy")));
	fact(p, "created", instant(p, get(p, "created_at")));
	fact(p, "due", instant(p, get(p, "run_at")));
	fact(p, "deadline", instant(p, get(p, "deadline")));
	fact_text(p, "timeout", "timeout");
	fact(p, "started", instant(p, get(p, "started_at")));
	fact(p, "finished", instant(p, get(p, "finished_at")));
	if (get(p, "worker"))
		fact(p, "worker", tow_fmt(p->a, "%s, run %s", get(p, "worker"), get(p, "run")));
	fact(p, "waits for", get(p, "waits_for"));
	fact_text(p, "lane", "lane");
	fact(p, "parent", get(p, "parent"));
	fact(p, "after", bare(p, get(p, "after")));
	fact_text(p, "key", "key");
	fact(p, "tags", tags ? text_clean(p->a, tags) : NULL);
	fact_text(p, "args", "args");
	fact_text(p, "result", "result");
	fact_text(p, "error", "error");
}

static const struct tow_json *parse(const struct page *p, const char *name, struct tow_json **doc)
{
	const char *text = get(p, name);
	if (!text || !tow_json_parse(doc, text, strlen(text), NULL))
		return NULL;
	return *doc;
}

static void progress(const struct page *p)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *j = parse(p, "progress", &doc);
	const char *line = "";
	if (!j)
		return;
	double pct = tow_json_num(j, "pct", -1);
	long long done = tow_json_int(j, "done", -1), total = tow_json_int(j, "total", -1);
	if (pct >= 0)
		line = tow_fmt(p->a, "%s %.0f %% ", text_bar(p->a, pct, BAR), pct);
	if (done >= 0)
		line = tow_fmt(p->a, "%s%lld%s ", line, done,
			       total >= 0 ? tow_fmt(p->a, "/%lld", total) : "");
	fact(p, "progress",
	     tow_fmt(p->a, "%s%s", line, text_clean(p->a, tow_json_str(j, "note", ""))));
}

static void children(const struct page *p)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *j = parse(p, "children", &doc);
	if (j)
		fact(p, "children",
		     tow_fmt(p->a, "%lld: %lld completed, %lld failed, %lld cancelled",
			     tow_json_int(j, "total", 0), tow_json_int(j, "completed", 0),
			     tow_json_int(j, "failed", 0), tow_json_int(j, "cancelled", 0)));
}

static void section(const struct page *p, const char *name)
{
	printf("\n%s%s%s\n", text_on(&p->look, BOLD), name, text_off(&p->look, BOLD));
}

static const char *length_of(const struct page *p, const struct tow_json *attempt)
{
	long long us;
	const char *took = tow_json_str(attempt, "took", NULL);
	return took && when_interval(took, &us) ? when_duration(p->a, us) : "";
}

/* JSON's times have a T, which is as well. */
static const char *clock_of(const struct page *p, const struct tow_json *o, const char *member)
{
	char *text = tow_strdup(p->a, tow_json_str(o, member, ""));
	if (strlen(text) > 10 && text[10] == 'T')
		text[10] = ' ';
	return *text ? when_clock(p->a, text, p->now) : "";
}

static void attempt(const struct page *p, const struct tow_json *o)
{
	const char *outcome = tow_json_str(o, "outcome", ""), *class = tow_json_str(o, "class", "");
	const char *error = tow_json_str(o, "error", ""), *detail = tow_json_str(o, "detail", "");
	enum colour colour = text_colour_of(outcome);
	printf("  %lld  %s  %s%s%s  %s%s%s%s%s\n", tow_json_int(o, "attempt", 0),
	       clock_of(p, o, "finished_at"), text_on(&p->look, colour), outcome,
	       text_off(&p->look, colour), length_of(p, o), *class ? "  " : "",
	       text_clean(p->a, class), *error ? ": " : "", text_excerpt(p->a, error));
	if (*detail)
		printf("     %s\n", text_excerpt(p->a, detail));
}

/* What is there of a step's result or a signal's payload; nothing for null. */
static const char *value_of(const struct page *p, const struct tow_json *o, const char *member)
{
	const struct tow_json *value = tow_json_get(o, member);
	const char *text = value ? tow_json_dump(p->a, value) : "null";
	return strcmp(text, "null") != 0 ? text_excerpt(p->a, text) : "";
}

static void step(const struct page *p, const struct tow_json *o)
{
	printf("  %s  %s  %s\n", clock_of(p, o, "at"),
	       text_clean(p->a, tow_json_str(o, "name", "")), value_of(p, o, "result"));
}

static void signal_line(const struct page *p, const struct tow_json *o)
{
	bool late = tow_json_bool(o, "timed_out", false);
	printf("  %s  %s  %s  %s\n", clock_of(p, o, "at"),
	       text_clean(p->a, tow_json_str(o, "name", "")),
	       late ? "nobody, in time" : text_clean(p->a, tow_json_str(o, "who", "")),
	       value_of(p, o, "payload"));
}

static void line(const struct page *p, const struct tow_json *o)
{
	const char *level = tow_json_str(o, "level", "");
	enum colour colour = text_colour_of(level);
	printf("  %s %s%-6s%s %s\n", clock_of(p, o, "at"), text_on(&p->look, colour), level,
	       text_off(&p->look, colour), text_excerpt(p->a, tow_json_str(o, "line", "")));
}

static void deed(const struct page *p, const struct tow_json *o)
{
	const struct tow_json *detail = tow_json_get(o, "detail");
	printf("  %s  %s  %s  %s\n", clock_of(p, o, "at"),
	       text_clean(p->a, tow_json_str(o, "who", "")), tow_json_str(o, "what", ""),
	       tow_json_is_object(detail) ? text_excerpt(p->a, tow_json_dump(p->a, detail)) : "");
}

static void list(const struct page *p, const char *name, const char *column,
		 void (*print)(const struct page *, const struct tow_json *))
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *items = parse(p, column, &doc);
	size_t n = items ? tow_json_len(items) : 0;
	if (n > 0)
		section(p, name);
	for (size_t i = 0; i < n; i++)
		print(p, tow_json_at(items, i));
}

bool jobpage_print(struct cli *c, const struct tow_rows *rows)
{
	struct page p = { .a = &c->arena, .rows = rows, .look = text_look(stdout) };
	if (!when_now(c->db, &p.now, &c->err))
		return false;
	title(&p);
	facts(&p);
	children(&p);
	progress(&p);
	list(&p, "attempts", "attempts", attempt);
	list(&p, "steps", "steps", step);
	list(&p, "signals", "signals", signal_line);
	list(&p, "log", "log", line);
	list(&p, "audit", "audit", deed);
	return true;
}
