/* What slots say: output, frames, the board; which runs have ended by it. See slots.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slots.h"

#define PROGRESS_EVERY_US 250000
#define TURN_MOST	  (64 << 10)
#define ALL_MOST	  (2 << 20)

/* The job that runs, or starts next. Numbers have gaps where jobs were taken back. */
static struct run *not_ended(const struct slot *s, uint64_t done)
{
	struct run *r = s->jobs.first;

	while (r && r->number < done)
		r = r->next;
	return r;
}

struct run *slot_current(const struct slot *s, long long *since_us)
{
	uint64_t done = atomic_load(&s->board->done), next = atomic_load(&s->board->next);
	struct run *r = not_ended(s, done);

	if (!r || r->number >= next)
		return NULL;
	*since_us = atomic_load(&s->board->since_us);
	return r;
}

static struct run *by_number(const struct slot *s, uint64_t number)
{
	for (struct run *r = s->jobs.first; r; r = r->next)
		if (r->number == number)
			return r;
	return NULL;
}

/* At most so much is read at once, so that no handler holds up the loop: TURN_MOST in the course of
 * things. Where nobody writes any more, ALL_MOST is more than a pipe or a socket can hold. */
static ssize_t read_piece(int *fd, char *piece, size_t size, size_t *left)
{
	ssize_t n;

	if (*fd < 0 || *left == 0)
		return 0;
	do
		n = read(*fd, piece, size < *left ? size : *left);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		*left -= (size_t)n;
	else if (n == 0 || errno != EAGAIN)
		tow_closep(fd); /* nobody will say anything here again */
	return n;
}

/* Whatever was printed belongs to the job that the board showed before it was read: a slot does not
 * go on to the next job while output waits. */
static void read_stream(struct slot *s, int stream, size_t most, struct reports *reports,
			long long now)
{
	char piece[16384];

	for (;;) {
		uint64_t done = atomic_load(&s->board->done);
		ssize_t n = read_piece(stream ? &s->err : &s->out, piece, sizeof(piece), &most);

		if (n <= 0)
			return;
		output_of(&s->output, not_ended(s, done), reports, now);
		output_add(&s->output, stream, piece, (size_t)n, reports, now);
	}
}

/* A handler wrote where it should not have. Whatever runs there cannot be trusted to say how it
 * ends. */
static void break_off(struct slot *s)
{
	s->broken = true;
	tow_buf_reset(&s->in);
	tow_closep(&s->socket);
	slot_kill(s);
}

/* A program that failed by its exit status has said why, if at all, as its last words. All that it
 * printed has been read, as a slot waits for that before it says how a job ended. */
static void add_last_words(struct slot *s, const struct run *r, struct outcome *o, char *text,
			   size_t size, struct reports *reports, long long now)
{
	bool by_status =
		o->class && (strncmp(o->class, "exit.", 5) == 0 ||
			     strncmp(o->class, "exec.", 5) == 0 || strcmp(o->class, "memory") == 0);

	if (!by_status || !o->error)
		return;
	if (s->output.run == r->id)
		output_flush(&s->output, reports, now);
	if (!*output_last(&s->output, r))
		return;
	snprintf(text, size, "%s: %s", o->error, output_last(&s->output, r));
	o->error = text;
}

static bool on_outcome(struct slot *s, struct wire_frame *f, struct reports *reports, long long now)
{
	char text[512];
	struct outcome o = { .delay_s = -1 };
	struct run *r = by_number(s, (uint64_t)wire_get(f));
	int64_t as = wire_get(f), final = wire_get(f), delay = wire_get(f);

	o.class = wire_get_text(f, NULL);
	o.error = wire_get_text(f, NULL);
	o.detail = wire_get_text(f, NULL);
	o.result = wire_get_text(f, NULL);
	o.wait_for = wire_get_text(f, NULL);
	o.wait_name = wire_get_text(f, NULL);
	o.spawn = wire_get_text(f, NULL);
	if (f->bad || as < RUN_COMPLETED || as > RUN_UNKNOWN || delay > WIRE_DELAY_MOST_US)
		return false;
	o.as = (enum run_as)as;
	o.final = final != 0;
	o.delay_s = delay < 0 ? -1 : (double)delay / 1e6;
	if (!r)
		return true;
	add_last_words(s, r, &o, text, sizeof(text), reports, now);
	run_end(r, &o);
	return true;
}

static bool on_log(struct slot *s, struct wire_frame *f, struct reports *reports, long long now)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	struct run *r = by_number(s, (uint64_t)wire_get(f));
	int64_t level = wire_get(f);
	size_t len = 0;
	const char *line = wire_get_text(f, &len);

	if (!line || level < TOW_ERROR || level > TOW_DEBUG)
		return false;
	if (r) {
		output_of(&s->output, r, reports, now);
		output_line(&s->output, levels[level], line, len, reports, now);
	}
	return true;
}

static bool on_step(struct slot *s, struct wire_frame *f, long long now)
{
	const struct run *r = by_number(s, (uint64_t)wire_get(f));
	const char *name = wire_get_text(f, NULL), *result = wire_get_text(f, NULL);

	if (!r || !name || !result || s->step.name)
		return false;
	s->step = (struct step){
		.job = r->job,
		.run = r->id,
		.name = tow_xstrdup(name),
		.result = tow_xstrdup(result),
		.since_us = now,
	};
	return true;
}

void step_release(struct step *step)
{
	free(step->name);
	free(step->result);
	*step = (struct step){ 0 };
}

void slot_answer(struct slot *s, enum board_verdict verdict, const char *why)
{
	step_release(&s->step);
	board_answer(s->board, verdict, why);
}

static bool on_drain(struct slot *s, struct wire_frame *f, struct reports *reports, long long now)
{
	struct run *r = by_number(s, (uint64_t)wire_get(f));

	if (f->bad)
		return false;
	output_of(&s->output, r, reports, now);
	read_stream(s, 0, ALL_MOST, reports, now);
	read_stream(s, 1, ALL_MOST, reports, now);
	output_flush(&s->output, reports, now);
	board_set_drained(s->board);
	return true;
}

/* False when it makes no sense. */
static bool on_frame(struct slot *s, struct wire_frame *f, struct reports *reports, long long now)
{
	switch (f->type) {
	case WIRE_OUTCOME:
		return on_outcome(s, f, reports, now);
	case WIRE_LOG:
		return on_log(s, f, reports, now);
	case WIRE_STEP:
		return on_step(s, f, now);
	case WIRE_DRAIN:
		return on_drain(s, f, reports, now);
	case WIRE_WAKE:
		if (!s->progress_us)
			s->progress_us = now;
		return true;
	case WIRE_JOB:
		break;
	}
	return false;
}

static void read_frames(struct slot *s, struct reports *reports, long long now)
{
	enum wire_state state;
	struct wire_frame f;
	size_t from = 0;

	while ((state = wire_next(&s->in, &from, &f)) == WIRE_WHOLE)
		if (!on_frame(s, &f, reports, now)) {
			state = WIRE_BROKEN;
			break;
		}
	tow_buf_eat(&s->in, from);
	if (state == WIRE_BROKEN)
		break_off(s);
	if (s->in.len == 0 && s->in.size > 65536)
		tow_buf_release(&s->in);
}

static void read_socket(struct slot *s, size_t most)
{
	char piece[16384];
	ssize_t n;

	while ((n = read_piece(&s->socket, piece, sizeof(piece), &most)) > 0)
		tow_buf_add(&s->in, piece, (size_t)n);
}

/* An ending of ours outweighs what the handler makes of it, unless it made it to the end. */
static void overrule(const struct slot *s, struct run *r)
{
	static const char *const texts[] = {
		[END_TIMEOUT] = "ended: it ran longer than its timeout",
		[END_DEADLINE] = "ended: its deadline passed",
		[END_CANCEL] = "cancelled while it ran",
		[END_SHUTDOWN] = "given back: the worker was stopped",
	};
	struct outcome o = outcome_of(RUN_FAILED, NULL, NULL);

	if (!r->outcome || strncmp(r->outcome, "\"as\":\"completed\"", 16) == 0)
		return;
	switch (s->ending) {
	case END_NONE:
	case END_LOST:
		return;
	case END_TIMEOUT:
		o.class = "timeout";
		break;
	case END_DEADLINE:
		o.class = "deadline";
		o.final = true;
		break;
	case END_CANCEL:
		o.as = RUN_CANCELLED;
		break;
	case END_SHUTDOWN:
		o.as = RUN_RETURNED;
		break;
	}
	o.error = texts[s->ending];
	run_end(r, &o);
}

/* Jobs below the board's done have ended; one whose outcome comes as a frame waits for it. */
void slot_collect(struct slot *s, struct runs *ended, struct reports *reports, long long now)
{
	uint64_t done = atomic_load(&s->board->done);
	struct run *r;

	while ((r = s->jobs.first) && r->number < done) {
		struct board_mark mark = s->board->ring[r->number % BOARD_RING];

		if (mark.took_us < 0 && !r->outcome)
			return;
		r->started_us = mark.started_us;
		r->took_us = mark.took_us < 0 ? -1 - mark.took_us : mark.took_us;
		runs_pop(&s->jobs);
		r->queue->given--;
		s->early_deaths = 0;
		if (s->output.run == r->id)
			output_flush(&s->output, reports, now); /* a last line without an end */
		overrule(s, r);
		runs_push(ended, r);
	}
}

static void read_all(struct slot *s, size_t most, struct runs *ended, struct reports *reports,
		     long long now)
{
	if (s->pid == 0)
		return;
	read_stream(s, 0, most, reports, now);
	read_stream(s, 1, most, reports, now);
	read_socket(s, most);
	read_frames(s, reports, now);
	slot_collect(s, ended, reports, now);
}

void slot_read(struct slot *s, struct runs *ended, struct reports *reports, long long now)
{
	read_all(s, TURN_MOST, ended, reports, now);
}

void slot_read_last(struct slot *s, struct runs *ended, struct reports *reports, long long now)
{
	read_all(s, ALL_MOST, ended, reports, now);
}

void slot_progress(struct slot *s, struct reports *reports, long long now)
{
	struct board_progress p;
	uint32_t version;
	struct run *r;

	if (!s->progress_us || now < s->progress_us)
		return;
	s->progress_us = 0;
	if (!board_read_progress(s->board, &p, &version)) {
		s->progress_us = now + 1000;
		return;
	}
	if (version == s->progress_seen)
		return;
	s->progress_seen = version;
	s->progress_us = now + PROGRESS_EVERY_US;
	r = by_number(s, p.job);
	if (r)
		reports_progress(reports, r, &p, now);
}
