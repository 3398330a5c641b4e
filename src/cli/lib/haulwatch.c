#include "haulwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"

#define PAUSE_US 1000000
#define PAGE	 1000

struct seen {
	long long id;
	unsigned look;	/* when it was there last */
	char said[200]; /* what was printed of it last */
};

/* Those that were seen under way, and how many of them did not get there. */
struct watch {
	struct tow_arena arena;
	struct seen *seen;
	size_t n, size, failed;
	unsigned look;
	bool terminal;
};

static size_t watched_at(const struct watch *w, long long id)
{
	size_t i = 0;

	while (i < w->n && w->seen[i].id != id)
		i++;
	return i;
}

static struct seen *watch_one(struct watch *w, long long id)
{
	size_t at = watched_at(w, id);

	if (at < w->n)
		return &w->seen[at];
	if (w->n == w->size) {
		size_t size = w->size ? 2 * w->size : 64;
		struct seen *more = tow_alloc(&w->arena, size * sizeof(*more));

		if (w->n > 0)
			memcpy(more, w->seen, w->n * sizeof(*more));
		w->seen = more;
		w->size = size;
	}
	w->seen[w->n] = (struct seen){ .id = id };
	return &w->seen[w->n++];
}

/* How fast it is, and how long it may take, is always new. */
static bool is_news(struct seen *s, const struct tow_rows *rows, size_t i)
{
	const char *percent = tow_rows_get(rows, i, "percent"),
		   *trouble = tow_rows_get(rows, i, "trouble");
	char now[sizeof(s->said)];

	snprintf(now, sizeof(now), "%s %.0f %s", tow_rows_get(rows, i, "state"),
		 percent ? strtod(percent, NULL) : 0, trouble ? trouble : "");
	if (strcmp(now, s->said) == 0)
		return false;
	memcpy(s->said, now, sizeof(now));
	return true;
}

/* Or waits for somebody. */
static bool is_over(const struct tow_rows *rows, size_t i)
{
	const char *state = tow_rows_get(rows, i, "state");

	return strcmp(state, "completed") == 0 || strcmp(state, "failed") == 0 ||
	       strcmp(state, "cancelled") == 0 || strcmp(state, "rejected") == 0 ||
	       (strcmp(state, "downloaded") == 0 && !tow_rows_get(rows, i, "library"));
}

static void put_end(struct frame *f, const struct tow_rows *rows, size_t i)
{
	const char *trouble = tow_rows_get(rows, i, "trouble");

	frame_cell(f, PLAIN, -6, tow_rows_get(rows, i, "id"));
	frame_put(f, PLAIN, "  ");
	frame_cell(f, text_colour_of(tow_rows_get(rows, i, "state")), 12,
		   tow_rows_get(rows, i, "state"));
	frame_put(f, PLAIN, "%s%s%s", tow_rows_get(rows, i, "title"), trouble ? ": " : "",
		  trouble ? trouble : "");
	frame_end_row(f);
}

static void put_way(struct frame *f, const struct tow_rows *rows, size_t i)
{
	const char *percent = tow_rows_get(rows, i, "percent"), *eta = tow_rows_get(rows, i, "eta"),
		   *trouble = tow_rows_get(rows, i, "trouble");
	double done = percent ? strtod(percent, NULL) : 0;

	frame_cell(f, PLAIN, -6, tow_rows_get(rows, i, "id"));
	frame_put(f, PLAIN, "  ");
	frame_cell(f, PLAIN, 12, tow_rows_get(rows, i, "doing"));
	frame_put(f, PLAIN, "%s ", text_bar(f->arena, done, 22));
	frame_cell(f, PLAIN, -6, tow_fmt(f->arena, "%.0f %%", done));
	frame_cell(f, PLAIN, -8,
		   tow_fmt(f->arena, "%s/s", tow_bytes(f->arena, tow_rows_int(rows, i, "down"))));
	frame_put(f, PLAIN, "  %s  ", eta ? eta : "-");
	frame_put(f, PLAIN, "%s %s", tow_rows_get(rows, i, "title"), trouble ? trouble : "");
	frame_end_row(f);
}

static void forget(struct watch *w, size_t at)
{
	w->seen[at] = w->seen[--w->n];
}

/* What has ended since the last picture goes above the picture, and stays. */
static void draw(struct watch *w, struct frame *ended, struct frame *f, const struct tow_rows *rows,
		 size_t i)
{
	long long id = tow_rows_int(rows, i, "id");
	size_t at;

	if (!is_over(rows, i)) {
		struct seen *s = watch_one(w, id);

		s->look = w->look;
		if (is_news(s, rows, i) || w->terminal)
			put_way(f, rows, i);
	} else if ((at = watched_at(w, id)) < w->n) {
		put_end(ended, rows, i);
		w->failed += strcmp(tow_rows_get(rows, i, "state"), "completed") != 0;
		forget(w, at);
	}
}

/* What is over is asked for by its id alone: of that there is ever more. */
static bool draw_open(struct cli *c, struct watch *w, struct frame *ended, struct frame *f)
{
	const char *after = NULL;
	size_t n;

	do {
		TOW_AUTO_ROWS *rows = NULL;
		const struct tow_arg args[] = { { "state", "{open}" },
						{ "sort", "id" },
						{ "after", after },
						{ "max_rows", tow_fmt(f->arena, "%d", PAGE) } };

		if (!tow_db_call_named(c->db, &rows, &c->err, "haul.list_downloads", args,
				       sizeof(args) / sizeof(*args)))
			return false;
		n = tow_rows_count(rows);
		for (size_t i = 0; i < n; i++)
			draw(w, ended, f, rows, i);
		if (n > 0)
			after = tow_strdup(f->arena, tow_rows_get(rows, n - 1, "cursor"));
	} while (n == PAGE);
	return true;
}

/* What is not open any more: how did it end? What somebody took out of the list has no end to be
 * seen. */
static bool draw_rest(struct cli *c, struct watch *w, struct frame *ended, struct frame *f)
{
	for (size_t at = w->n; at-- > 0;) {
		TOW_AUTO_ROWS *rows = NULL;

		if (w->seen[at].look == w->look)
			continue;
		if (tow_call(c->db, &rows, &c->err, "haul.show_download",
			     tow_fmt(f->arena, "%lld", w->seen[at].id)))
			draw(w, ended, f, rows, 0);
		else if (strcmp(c->err.class, "TW404") == 0)
			forget(w, at);
		else
			return false;
	}
	return true;
}

int haulwatch(struct cli *c)
{
	bool stays = cli_has(c, "follow"), saw = false;
	struct watch w = { .terminal = isatty(STDOUT_FILENO) };
	int rows_before = 0;

	do {
		TOW_AUTO_ARENA a = { 0 };
		struct frame ended = { .arena = &a }, f = { .arena = &a };

		w.look++;
		if (!draw_open(c, &w, &ended, &f) || !draw_rest(c, &w, &ended, &f)) {
			tow_arena_release(&w.arena);
			return cli_failed(c);
		}
		if (w.terminal && rows_before > 0)
			printf("\033[%dA\033[J", rows_before);
		frame_print(stdout, &ended);
		frame_print(stdout, &f);
		fflush(stdout);
		rows_before = f.rows;
		saw = saw || w.n > 0;
		if (w.n > 0 || stays)
			usleep(PAUSE_US);
	} while (w.n > 0 || stays);
	tow_arena_release(&w.arena);
	if (!saw)
		fprintf(stderr, "tow: note: nothing is under way; --follow waits for what comes\n");
	return w.failed > 0;
}
