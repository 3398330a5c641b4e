#include "topview.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "tow/json.h"
#include "when.h"

enum { MOST_TROUBLE = 4, BAR = 16, SHORTEST = 2 };

/* --- the head */

static const char *sparkline(struct tow_arena *a, const struct overview *o, size_t width)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	TOW_AUTO_BUF out = { 0 };
	size_t first = o->n_rates > width ? o->n_rates - width : 0;
	double most = 1;
	tow_buf_adds(&out, "");
	for (size_t i = first; i < o->n_rates; i++)
		most = o->rates[i] > most ? o->rates[i] : most;
	for (size_t i = first; i < o->n_rates; i++)
		tow_buf_adds(&out, blocks[(size_t)(o->rates[i] / most * 7 + 0.5)]);
	return tow_strdup(a, out.data);
}

static long long sum(const struct topview *v, const char *list, const char *member)
{
	const struct tow_json *items = tow_json_get(v->o->now, list);
	long long total = 0;
	for (size_t i = 0; items && i < tow_json_len(items); i++)
		total += tow_json_int(tow_json_at(items, i), member, 0);
	return total;
}

static void count(struct frame *f, const char *name, long long n, enum colour colour)
{
	frame_put(f, DIM, "%s ", name);
	frame_put(f, n > 0 ? colour : PLAIN, "%lld", n);
	frame_put(f, PLAIN, "   ");
}

/* What was counted so far and no further. */
static void count_some(struct frame *f, const struct tow_json *now, const char *state, long long n,
		       enum colour colour)
{
	frame_put(f, DIM, "%s ", state);
	frame_put(f, n > 0 ? colour : PLAIN, "%lld%s", n, overview_is_more(now, state) ? "+" : "");
	frame_put(f, PLAIN, "   ");
}

static void head(const struct topview *v, struct frame *f)
{
	const struct tow_json *now = v->o->now;
	if (v->lost) {
		frame_put(f, RED, "%s", v->lost);
		frame_end_row(f);
	}
	frame_put(f, BOLD, "tow top");
	const char *server = tow_json_str(now, "server", "?");
	frame_put(f, PLAIN, "  %s on PostgreSQL %.*s   ", tow_json_str(now, "database", "?"),
		  (int)strcspn(server, " "), server);
	frame_put(f, GREEN, "%.0f jobs/s ", overview_rate(v->o));
	frame_put(f, GREEN, "%s", sparkline(f->arena, v->o, v->width > 110 ? 60 : 24));
	frame_end_row(f);
	count_some(f, now, "ready", sum(v, "queues", "ready"), PLAIN);
	count(f, "running", sum(v, "queues", "running"), BLUE);
	count_some(f, now, "scheduled", tow_json_int(now, "scheduled", 0), PLAIN);
	count_some(f, now, "retrying", tow_json_int(now, "retrying", 0), YELLOW);
	count_some(f, now, "waiting", tow_json_int(now, "waiting", 0), YELLOW);
	count(f, "slots", sum(v, "workers", "slots"), PLAIN);
	count(f, "schedulers", tow_json_int(now, "schedulers", 0), PLAIN);
	frame_end_row(f);
}

/* What to do about it has a row of its own where it would be cut otherwise. */
static void one_trouble(const struct topview *v, struct frame *f, const struct tow_json *t)
{
	const char *status = tow_json_str(t, "status", ""), *hint = tow_json_str(t, "hint", "");
	const char *text = tow_fmt(f->arena, "%s: %s", tow_json_str(t, "component", ""),
				   tow_json_str(t, "detail", ""));
	bool long_one = v->height > 0 && 9 + text_width(text) + text_width(hint) > v->width;
	frame_put(f, text_colour_of(status), "%-4s ", status);
	frame_put(f, PLAIN, "%s", text);
	if (*hint && long_one)
		frame_end_row(f);
	if (*hint)
		frame_put(f, PLAIN, "%s-> %s", long_one ? "     " : " ", hint);
	frame_end_row(f);
}

/* Who pins the xmin horizon is among it. */
static void trouble(const struct topview *v, struct frame *f)
{
	const struct tow_json *items = tow_json_get(v->o->now, "trouble");
	size_t n = items ? tow_json_len(items) : 0;
	for (size_t i = 0; i < n && i < MOST_TROUBLE; i++)
		one_trouble(v, f, tow_json_at(items, i));
	if (n > MOST_TROUBLE) {
		frame_put(f, DIM, "and %zu more: tow status", n - MOST_TROUBLE);
		frame_end_row(f);
	}
}

/* --- lists */

const char *const topview_sorts[] = { "by name, jobs by age", "by what is ready, jobs by progress",
				      "by the oldest, jobs by attempt", NULL };

struct sortable {
	const struct tow_json *item;
	double key;
	size_t n;
};

static int compare(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->n < y->n ? -1 : x->n > y->n;
}

static double sort_key(const struct topview *v, const struct tow_json *item, bool jobs)
{
	long long oldest;
	if (v->sort == 1)
		return -tow_json_num(item, jobs ? "pct" : "ready", -1);
	if (v->sort == 2 && jobs)
		return -tow_json_num(item, "attempt", 0);
	if (v->sort == 2)
		return when_parse(tow_json_str(item, "oldest_ready", ""), &oldest) ? (double)oldest
										   : 1e18;
	return 0;
}

/* The items as the view is sorted, NULL at the end. */
static const struct tow_json **sorted(const struct topview *v, struct frame *f,
				      const struct tow_json *items, bool jobs)
{
	size_t n = items ? tow_json_len(items) : 0;
	struct sortable *all = tow_alloc(f->arena, (n + 1) * sizeof *all);
	const struct tow_json **list = tow_alloc(f->arena, (n + 1) * sizeof *list);
	for (size_t i = 0; i < n; i++) {
		const struct tow_json *item = tow_json_at(items, i);
		all[i] = (struct sortable){ item, sort_key(v, item, jobs), i };
	}
	qsort(all, n, sizeof *all, compare);
	for (size_t i = 0; i < n; i++)
		list[i] = all[i].item;
	list[n] = NULL;
	return list;
}

static bool passes(const struct topview *v, const struct tow_json *item, const char *const *members)
{
	for (; *members; members++)
		if (strstr(tow_json_str(item, *members, ""), v->filter))
			return true;
	return !*v->filter;
}

static const char *age(const struct topview *v, struct frame *f, const struct tow_json *item,
		       const char *member)
{
	long long at;
	if (!when_parse(tow_json_str(item, member, ""), &at))
		return "";
	return when_duration(f->arena, v->o->now_us > at ? v->o->now_us - at : 0);
}

static const char *number(struct frame *f, const struct tow_json *item, const char *member)
{
	return tow_fmt(f->arena, "%lld", tow_json_int(item, member, 0));
}

static const char *counted(struct frame *f, const struct tow_json *q, const char *member)
{
	return tow_fmt(f->arena, "%lld%s", tow_json_int(q, member, 0),
		       overview_is_more(q, member) ? "+" : "");
}

struct cell_title {
	int width;
	const char *text;
};

static void titles(struct frame *f, const struct cell_title *t)
{
	frame_end_row(f);
	for (; t->text; t++)
		frame_cell(f, BOLD, t->width, t->text);
	frame_end_row(f);
}

static const struct cell_title queue_titles[] = {
	{ 20, "QUEUE" }, { 8, "STATE" },      { -8, "READY" },	 { -9, "GROWTH/S" },
	{ -7, "LANED" }, { -11, "RUNNING" },  { -14, "OLDEST" }, { -7, "WORKERS" },
	{ -6, "SLOTS" }, { 24, "WAITS FOR" }, { 0, NULL },
};

/* Why the jobs that are ready do not run; "" if they do, or there are none. */
static const char *waits_for(struct frame *f, const struct tow_json *q)
{
	long long running = tow_json_int(q, "running", 0),
		  most = tow_json_int(q, "max_running", -1);
	const char *why = tow_json_str(q, "pause_reason", "");
	if (strcmp(tow_json_str(q, "state", ""), "paused") == 0)
		return *why ? tow_fmt(f->arena, "paused: %s", why) : "paused";
	if (tow_json_int(q, "ready", 0) + tow_json_int(q, "waiting", 0) == 0)
		return "";
	if (tow_json_int(q, "workers", 0) == 0)
		return "a worker";
	if (most >= 0 && running >= most)
		return "its limit";
	if (running >= tow_json_int(q, "slots", 0))
		return "a free slot";
	if (tow_json_num(q, "rate", -1) > 0)
		return "its rate";
	return tow_json_int(q, "waiting", 0) > 0 ? "lanes" : "";
}

static const char *running_of(struct frame *f, const struct tow_json *q)
{
	long long most = tow_json_int(q, "max_running", -1);
	const char *n = number(f, q, "running");
	return most < 0 ? n : tow_fmt(f->arena, "%s of %lld", n, most);
}

static void put_growth(const struct topview *v, struct frame *f, int width,
		       const struct tow_json *q)
{
	double n = overview_growth(v->o, q);
	if (isnan(n))
		frame_cell(f, PLAIN, width, v->o->before ? "?" : "");
	else
		frame_cell(f, n > 0.5 ? YELLOW : PLAIN, width,
			   n > 0.5 || n < -0.5 ? tow_fmt(f->arena, "%+.0f", n) : "");
}

static void queue_row(const struct topview *v, struct frame *f, const struct tow_json *q)
{
	const struct cell_title *t = queue_titles;
	const char *name = tow_json_str(q, "name", ""), *state = tow_json_str(q, "state", "");
	frame_cell(f, PLAIN, t[0].width, name);
	frame_cell(f, text_colour_of(state), t[1].width, state);
	frame_cell(f, PLAIN, t[2].width, counted(f, q, "ready"));
	put_growth(v, f, t[3].width, q);
	frame_cell(f, PLAIN, t[4].width, counted(f, q, "waiting"));
	frame_cell(f, PLAIN, t[5].width, running_of(f, q));
	frame_cell(f, PLAIN, t[6].width, age(v, f, q, "oldest_ready"));
	frame_cell(f, PLAIN, t[7].width, number(f, q, "workers"));
	frame_cell(f, PLAIN, t[8].width, number(f, q, "slots"));
	frame_cell(f, YELLOW, t[9].width, waits_for(f, q));
	frame_end_row(f);
}

static void queues(struct topview *v, struct frame *f)
{
	static const char *const members[] = { "name", NULL };
	const struct tow_json **q = sorted(v, f, tow_json_get(v->o->now, "queues"), false);
	v->n_queues = 0;
	v->chosen_queue = "";
	titles(f, queue_titles);
	for (; *q; q++) {
		if (!passes(v, *q, members))
			continue;
		f->chosen = v->n_queues++ == v->chosen && !v->among_jobs;
		if (f->chosen)
			v->chosen_queue = tow_strdup(f->arena, tow_json_str(*q, "name", ""));
		queue_row(v, f, *q);
	}
}

static const struct cell_title job_titles[] = {
	{ -10, "JOB" }, { 20, "KIND" },	     { 12, "QUEUE" }, { -3, "TRY" },
	{ -12, "FOR" }, { BAR + 6, "DONE" }, { 24, "NOTE" },  { 0, NULL },
};

static void job_row(const struct topview *v, struct frame *f, const struct tow_json *j)
{
	const struct cell_title *t = job_titles;
	double pct = tow_json_num(j, "pct", -1);
	frame_cell(f, PLAIN, t[0].width, number(f, j, "id"));
	frame_cell(f, PLAIN, t[1].width, tow_json_str(j, "kind", ""));
	frame_cell(f, PLAIN, t[2].width, tow_json_str(j, "queue", ""));
	frame_cell(f, PLAIN, t[3].width, number(f, j, "attempt"));
	frame_cell(f, PLAIN, t[4].width, age(v, f, j, "started_at"));
	frame_cell(f, GREEN, t[5].width,
		   pct < 0 ? ""
			   : tow_fmt(f->arena, "%s %3.0f %%", text_bar(f->arena, pct, BAR), pct));
	frame_cell(f, PLAIN, t[6].width, tow_json_str(j, "note", ""));
	frame_end_row(f);
}

static const struct cell_title worker_titles[] = {
	{ -8, "WORKER" }, { 20, "NAME" },  { 16, "HOST" },  { -8, "PID" },    { 9, "STATE" },
	{ -9, "HELD" },	  { -5, "SLOTS" }, { -9, "HEARD" }, { 30, "QUEUES" }, { 0, NULL },
};

static void worker_row(const struct topview *v, struct frame *f, const struct tow_json *w)
{
	const struct cell_title *t = worker_titles;
	const char *state = tow_json_str(w, "state", "");
	frame_cell(f, PLAIN, t[0].width, number(f, w, "id"));
	frame_cell(f, PLAIN, t[1].width, tow_json_str(w, "name", ""));
	frame_cell(f, PLAIN, t[2].width, tow_json_str(w, "host", ""));
	frame_cell(f, PLAIN, t[3].width, number(f, w, "pid"));
	frame_cell(f, text_colour_of(state), t[4].width, state);
	frame_cell(f, PLAIN, t[5].width, number(f, w, "busy"));
	frame_cell(f, PLAIN, t[6].width, number(f, w, "slots"));
	frame_cell(f, PLAIN, t[7].width, age(v, f, w, "seen_at"));
	frame_cell(f, PLAIN, t[8].width, tow_json_str(w, "queues", ""));
	frame_end_row(f);
}

/* As many rows as there is room for; the last says how many there are beside. */
static void list(struct topview *v, struct frame *f, const char *name, const char *const *members,
		 const struct cell_title *t, int room,
		 void (*row)(const struct topview *, struct frame *, const struct tow_json *))
{
	bool jobs = t == job_titles;
	const struct tow_json **item = sorted(v, f, tow_json_get(v->o->now, name), jobs);
	size_t shown = 0, passed = 0;
	titles(f, t);
	for (; *item; item++) {
		if (!passes(v, *item, members))
			continue;
		if (v->height == 0 || passed++ < (size_t)room) {
			f->chosen = jobs && v->among_jobs && (int)shown == v->chosen;
			if (f->chosen)
				v->chosen_job = tow_strdup(f->arena, number(f, *item, "id"));
			row(v, f, *item);
			shown++;
		}
	}
	f->chosen = false;
	v->n_jobs = jobs ? (int)shown : v->n_jobs;
	if (passed > shown) {
		frame_put(f, DIM, "and %zu more", passed - shown);
		frame_end_row(f);
	}
}

/* What is left below the queues is shared: workers have at least a few rows, running jobs the rest.
 */
void topview_draw(struct topview *v, struct frame *f)
{
	static const char *const job_members[] = { "kind", "queue", NULL };
	static const char *const worker_members[] = { "name", "queues", NULL };
	const struct tow_json *workers = tow_json_get(v->o->now, "workers");
	int n_workers = workers ? (int)tow_json_len(workers) : 0;
	v->chosen_job = "";
	head(v, f);
	trouble(v, f);
	queues(v, f);
	int left =
		v->height - f->rows - 7; /* two lists' titles, what they leave out, the last row */
	int for_workers = n_workers < left / 3 ? n_workers : left / 3;
	for_workers = for_workers > SHORTEST ? for_workers : SHORTEST;
	int for_jobs = left - for_workers > SHORTEST ? left - for_workers : SHORTEST;
	list(v, f, "running", job_members, job_titles, for_jobs, job_row);
	list(v, f, "workers", worker_members, worker_titles, for_workers, worker_row);
}
