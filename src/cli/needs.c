/* tow needs: what a person should look at, and the command for it: the page's first card. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/health.h"
#include "lib/print.h"
#include "lib/when.h"
#include "tow/command.h"
#include "tow/json.h"

static const struct tow_option options[] = {
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

struct group {
	struct cli *c;
	const struct tow_rows *rows;
	size_t i;
	long long now;
};

static const char *get(const struct group *g, const char *name)
{
	return tow_rows_get(g->rows, g->i, name);
}

static const char *how_many(const struct group *g)
{
	return tow_fmt(&g->c->arena, "%s%s", get(g, "count"),
		       strcmp(get(g, "more"), "t") == 0 ? " or more" : "");
}

static const char *ago(const struct group *g, const char *name)
{
	long long at;
	return when_parse(get(g, name), &at) ? when_relative(&g->c->arena, at, g->now) : "";
}

/* "{1,2}", the first of them. */
static const char *numbers(const struct group *g)
{
	char *jobs = tow_strdup(&g->c->arena, get(g, "jobs") + 1);
	long shown = 1;
	jobs[strcspn(jobs, "}")] = '\0';
	for (char *at = jobs; (at = strchr(at, ',')); shown++)
		*at = ' ';
	return tow_fmt(&g->c->arena, "%s%s", jobs, atol(get(g, "count")) > shown ? " ..." : "");
}

static void add_approval(struct health *h, const struct group *g)
{
	struct tow_arena *a = &g->c->arena;
	bool one = strcmp(get(g, "count"), "1") == 0;
	health_add(h, get(g, "kind"), "ask",
		   tow_fmt(a, "%s %s for approval, the first came %s: %s", how_many(g),
			   one ? "waits" : "wait", ago(g, "since"), numbers(g)),
		   "tow approve ID, or tow reject ID; tow job ID says what of");
}

/* A class is what others begin with, too: first it is said how many. Those without one cannot be
 * put back without all others of their kind. */
static const char *put_back(struct tow_arena *a, const char *kind, const char *class)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	if (!class || class[strspn(class, plain)])
		return "";
	return tow_fmt(a, "; tow redrive --kind %s --class %s --dry-run", kind, class);
}

static void add_failed(struct health *h, const struct group *g)
{
	struct tow_arena *a = &g->c->arena;
	const char *kind = get(g, "kind"), *detail = get(g, "detail");
	health_add(h, kind, "fail",
		   tow_fmt(a, "%s failed, the last %s%s%s", how_many(g), ago(g, "last_at"),
			   detail ? ": " : "", detail ? detail : ""),
		   tow_fmt(a, "tow jobs --state failed --kind %s%s", kind,
			   put_back(a, kind, get(g, "class"))));
}

/* What is not well stands there as tow.status has it. Downloads say themselves what is wrong with
 * them: their jobs would say it twice. */
static void add(struct health *h, const struct group *g)
{
	const char *what = get(g, "what");
	if (strcmp(what, "approval") == 0)
		add_approval(h, g);
	else if (strcmp(what, "failed") != 0)
		health_add(h, get(g, "subject"), what, get(g, "detail"), get(g, "hint"));
	else if (!get(g, "of"))
		add_failed(h, g);
}

static int show(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct health h = { .c = c, .trouble = true };
	struct group g = { .c = c };
	if (!when_now(c->db, &g.now, &c->err) || !health_call(&h, &rows, "tow.needs") ||
	    !health_add_status(&h, "haul.status"))
		return cli_failed(c);
	g.rows = rows;
	for (g.i = 0; g.i < tow_rows_count(rows); g.i++)
		add(&h, &g);
	if (h.n == 0)
		puts("nothing needs anybody");
	return health_print(&h);
}

/* Who keeps it from an answer, with the same members that the answer would have. */
static int show_json_blocked(const struct health *h)
{
	TOW_AUTO_BUF out = { 0 };
	for (size_t i = 0; i < h->n; i++) {
		const struct finding *f = &h->findings[i];
		tow_buf_adds(&out, i ? ",\n {" : "[{");
		tow_json_member(&out, "what", f->status);
		tow_json_member(&out, "subject", f->component);
		tow_json_member(&out, "kind", NULL);
		tow_json_member(&out, "class", NULL);
		tow_json_member(&out, "count", NULL);
		tow_buf_adds(&out, ", \"more\": false");
		tow_json_member(&out, "jobs", NULL);
		tow_json_member(&out, "since", NULL);
		tow_json_member(&out, "last_at", NULL);
		tow_json_member(&out, "detail", f->detail);
		tow_json_member(&out, "hint", f->hint);
		tow_json_member(&out, "of", NULL);
		tow_json_member(&out, "messages", NULL);
		tow_json_member(&out, "says", NULL);
		tow_json_member(&out, "read", NULL);
		tow_buf_addc(&out, '}');
	}
	printf("%s]\n", out.data);
	return 1;
}

static int show_json(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct health h = { .c = c };
	if (!health_call(&h, &rows, "tow.needs"))
		return cli_failed(c);
	if (h.blocked)
		return show_json_blocked(&h);
	return print_rows(c, rows, NULL) ? EX_OK : cli_failed(c);
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	if (!cli_connect(&c, options, 0, 0, argc, argv))
		return cli_failed(&c);
	return cli_has(&c, "json") ? show_json(&c) : show(&c);
}

const struct tow_command tow_command_needs = {
	.name = "needs",
	.summary = "list what needs attention, with the command for each",
	.usage = "tow needs [--json]",
	.options = options,
	.help = "What is not well, as in tow status; jobs that wait for approval, by kind; jobs "
		"that failed, by kind and\n"
		"class of error, with the last error (among the last 5,000 runs that went wrong); "
		"and downloads that need\n"
		"attention. --json prints what tow.needs() returns. If somebody's lock prevents an "
		"answer, it says whose,\n"
		"as tow status does.\n"
		"\n"
		"Exit status: 0, or 1 when something is bad, as tow status; with --json 0, or 1 "
		"when somebody's lock\n"
		"prevents an answer.\n",
	.run = run,
};
