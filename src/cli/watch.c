/* tow watch: jobs on their way, to their end: states, log lines, progress. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/joblog.h"
#include "lib/table.h"
#include "lib/text.h"
#include "lib/wait.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "queue", "NAME", "the live jobs of this queue, until it has none" },
	{ "kind", "NAME", "of them, or of all: only of this kind" },
	{ "tag", "WORD", "of them, or of all: only with this tag" },
	{ "no-log", NULL, "leave out what the jobs say" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

enum { PAUSE_MS = 250, MOST_BARS = 8 };

struct watched {
	const char *id, *after; /* after: the last line of its log that was printed */
	char state[16];
	long long attempt;
	bool listed; /* a list has it as it was seen last: no need to ask */
	const char *bar;
	struct watched *next;
};

struct watch {
	struct cli *c;
	struct watched *first, **end;
	struct tow_arena turn; /* of the bars */
	int bars;	       /* that stand on the screen */
	bool failed, cancelled;
	size_t live;
};

static struct watched *find_or_add(struct watch *w, const char *id)
{
	for (struct watched *j = w->first; j; j = j->next)
		if (strcmp(j->id, id) == 0)
			return j;
	struct watched *j = tow_alloc(&w->c->arena, sizeof *j);
	*j = (struct watched){ .id = tow_strdup(&w->c->arena, id), .after = "0" };
	*w->end = j;
	w->end = &j->next;
	return j;
}

/* --- what is printed */

static void erase_bars(struct watch *w)
{
	if (w->bars > 0)
		fprintf(stderr, "\033[%dA\033[J", w->bars);
	w->bars = 0;
}

static void draw_bars(struct watch *w)
{
	struct look look = text_look(stderr);
	for (struct watched *j = w->first; j && look.width > 0 && w->bars < MOST_BARS; j = j->next)
		if (j->bar) {
			fprintf(stderr, "%s\n", text_cut(&w->turn, j->bar, look.width - 1));
			w->bars++;
		}
	fflush(stderr);
}

static void print_state(const struct watch *w, const char *id, const struct tow_rows *r)
{
	TOW_AUTO_ARENA a = { 0 };
	struct look look = text_look(stdout);
	const char *state = tow_rows_get(r, 0, "state"), *error = tow_rows_get(r, 0, "error");
	const char *result = tow_rows_get(r, 0, "result");
	const char *more = error ? error : result ? result : "";
	long long attempt = tow_rows_int(r, 0, "attempt");
	if (cli_has(w->c, "json")) {
		table_json_row_of(stdout, "id", id, r, 0);
		return;
	}
	printf("%8s  %s%-9s%s", id, text_on(&look, text_colour_of(state)), state,
	       text_off(&look, text_colour_of(state)));
	if (attempt > 1)
		printf("  attempt %lld", attempt);
	printf("%s%s\n", *more ? "  " : "", text_clean(&a, more));
}

/* --- turns */

static bool note_news(struct watch *w, struct watched *j, const struct tow_rows *r)
{
	const char *state = tow_rows_get(r, 0, "state");
	long long attempt = tow_rows_int(r, 0, "attempt");
	bool over = job_is_over(state);
	bool log = !cli_has(w->c, "no-log") && (*j->state || over || attempt > 0);
	if (log && !joblog_more(w->c, j->id, tow_fmt(&w->turn, "%8s  ", j->id), &j->after))
		return false;
	if (strcmp(state, j->state) != 0 || attempt != j->attempt)
		print_state(w, j->id, r);
	snprintf(j->state, sizeof j->state, "%s", state);
	j->attempt = attempt;
	w->failed |= strcmp(state, "failed") == 0;
	w->cancelled |= strcmp(state, "cancelled") == 0;
	w->live += !over;
	j->bar = strcmp(state, "running") == 0 ? job_line(&w->turn, j->id, r) : NULL;
	return true;
}

static bool look_at(struct watch *w, struct watched *j)
{
	TOW_AUTO_ROWS *r = NULL;
	return job_outcome(w->c, j->id, &r) && note_news(w, j, r);
}

/* What a list says of a job that does not run is all there is to know. */
static bool list(struct watch *w)
{
	TOW_AUTO_ROWS *r = NULL;
	struct cli_call call = { 0 };
	struct cli *c = w->c;
	cli_arg(&call, "queue", cli_option(c, "queue"));
	cli_arg(&call, "kind", cli_option(c, "kind"));
	cli_arg(&call, "tag", cli_option(c, "tag"));
	cli_arg(&call, "max_rows", "1000");
	if (c->args.n > 0)
		return true;
	if (!cli_call(c, &r, "tow.find_jobs", &call))
		return false;
	for (size_t row = tow_rows_count(r); row-- > 0;) {
		const char *state = tow_rows_get(r, row, "state");
		struct watched *j = find_or_add(w, tow_rows_get(r, row, "id"));
		j->listed = strcmp(state, "running") != 0 && strcmp(state, j->state) == 0 &&
			    tow_rows_int(r, row, "attempt") == j->attempt;
	}
	return true;
}

static bool visit(struct watch *w, struct watched *j)
{
	bool listed = j->listed;
	j->bar = NULL;
	j->listed = false;
	w->live += listed;
	return listed || look_at(w, j);
}

/* One that is over is told, and no more watched: a queue may see any number of them. */
static struct watched **next(struct watch *w, struct watched **at)
{
	if (!job_is_over((*at)->state))
		return &(*at)->next;
	*at = (*at)->next;
	if (!*at)
		w->end = at;
	return at;
}

static bool turn(struct watch *w)
{
	bool good = list(w);
	tow_arena_reset(&w->turn);
	w->live = 0;
	erase_bars(w);
	for (struct watched **at = &w->first; good && *at; at = next(w, at))
		good = visit(w, *at);
	fflush(stdout);
	if (good)
		draw_bars(w);
	return good;
}

static int status(const struct watch *w)
{
	if (w->live > 0)
		return EX_TEMPFAIL;
	return w->failed ? JOB_FAILED : w->cancelled ? JOB_CANCELLED : JOB_COMPLETED;
}

static bool gather(struct watch *w)
{
	struct cli *c = w->c;
	bool filtered = cli_has(c, "queue") || cli_has(c, "kind") || cli_has(c, "tag");
	if (filtered == (c->args.n > 0)) {
		args_usage(&c->err, "name the jobs to watch, or a --queue, --kind or --tag");
		return tow_hint(&c->err, "tow watch 7 8, or tow watch --queue mail");
	}
	for (size_t i = 0; i < c->args.n; i++) {
		if (!cli_id(cli_operand(c, i), &c->err))
			return false;
		find_or_add(w, cli_operand(c, i));
	}
	return true;
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	struct watch w = { .c = &c };
	bool good = true;
	w.end = &w.first;
	if (!cli_parse(&c, options, 0, ANY_NUMBER, argc, argv) || !gather(&w) ||
	    !cli_open_database(&c))
		return cli_failed(&c);
	cli_catch_end();
	do
		good = turn(&w);
	while (good ? w.live > 0 && cli_pause(PAUSE_MS) : cli_again(&c, PAUSE_MS));
	erase_bars(&w);
	tow_arena_release(&w.turn);
	if (good)
		return status(&w);
	return cli_ended_by() ? EX_TEMPFAIL : cli_failed(&c);
}

const struct tow_command tow_command_watch = {
	.name = "watch",
	.summary = "follow jobs to their end: states, log, progress",
	.usage = "tow watch ID...\n       tow watch [--queue NAME] [--kind NAME] [--tag WORD]",
	.options = options,
	.help = "Prints each change of state, and what the jobs say as they say it; on a terminal "
		"bars below show the\n"
		"progress of those that run. With --queue and its like jobs that come meanwhile "
		"are watched, too (the\n"
		"newest thousand); it ends when none is left. An interrupt ends the watching, not "
		"the jobs.\n"
		"\n"
		"Examples:\n"
		"  tow watch 7 8 9\n"
		"  tow watch --queue mail --no-log\n"
		"  tow watch $(tow enqueue report) && echo done\n"
		"\n"
		"Exit status: 0 all completed, 1 one failed, 2 one was cancelled, 75 some are "
		"still "
		"under way, 66 no such\n"
		"job.\n",
	.run = run,
};
