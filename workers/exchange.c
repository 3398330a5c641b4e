/* One exchange of a line: what it carries and asks for, what its answer says, what becomes of a
 * failed one. A call that was lost with its connection is repeated with the same number; outcomes
 * that the database refuses are divided until the bad one is alone. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "tow/log.h"

/* The columns of tow.exchange. */
enum {
	WHAT,
	JOB,
	RUN,
	QUEUE,
	KIND,
	ATTEMPT,
	MAX_ATTEMPTS,
	TIMEOUT,
	DEADLINE,
	ARGS,
	BAND,
	POS,
	TAGS,
	KEY,
	MEMORY,
	PLACE
};

static void sent_release(struct line *l)
{
	free(l->sent.bands);
	free(l->sent.lows);
	l->sent = (struct lows){ 0 };
}

void exchange_unask(struct line *l)
{
	for (size_t i = 0; i < l->n_wants; i++)
		l->wants[i].queue->asked -= l->wants[i].n;
	free(l->wants);
	l->wants = NULL;
	l->n_wants = 0;
	sent_release(l);
}

/* Few when they are large: the server refuses a value of 256 MB. */
static void load_cargo(struct dispatcher *d, struct line *l)
{
	size_t bytes = 0;

	while (l->cargo.n < d->batch && d->done.first) {
		const char *outcome = d->done.first->outcome;

		bytes += outcome ? strlen(outcome) : 0;
		if (l->cargo.n > 0 && bytes > OUTCOME_MOST)
			break;
		runs_push(&l->cargo, runs_pop(&d->done));
	}
	if (!d->done.first)
		d->done_since_us = 0;
}

static void load_wants(struct dispatcher *d, struct line *l)
{
	l->floors = d->lows.floors;
	if (!d->lows.memory)
		return;
	for (size_t i = 0; i < d->n_queues; i++) {
		struct queue *q = d->queues[i];
		bool along = q->dry && q->again && l->cargo.n > 0;
		int n = q->dry && !along ? 0 : claims_want(d, q);

		if (n <= 0)
			continue;
		l->wants = tow_xrealloc(l->wants, (l->n_wants + 1) * sizeof(*l->wants));
		l->wants[l->n_wants++] = (struct want){ .queue = q, .n = n, .along = along };
	}
	for (size_t i = 0; i < l->n_wants; i++) /* only now: each has its part of the same room */
		l->wants[i].queue->asked += l->wants[i].n;
	if (l->n_wants == 0 || d->lows.n == 0)
		return;
	l->sent.n = d->lows.n;
	l->sent.bands = tow_xcalloc(d->lows.n, sizeof(*l->sent.bands));
	l->sent.lows = tow_xcalloc(d->lows.n, sizeof(*l->sent.lows));
	memcpy(l->sent.bands, d->lows.bands, d->lows.n * sizeof(*l->sent.bands));
	memcpy(l->sent.lows, d->lows.lows, d->lows.n * sizeof(*l->sent.lows));
}

/* Plain completions as four arrays, all else as JSON. */
struct cargo_text {
	struct tow_buf jobs, runs, ago, took, outcomes;
};

static void write_cargo(const struct runs *cargo, struct cargo_text *t, long long now)
{
	for (const struct run *r = cargo->first; r; r = r->next) {
		char mark = t->jobs.len ? ',' : '{';

		if (r->outcome) {
			tow_buf_addc(&t->outcomes, t->outcomes.len ? ',' : '[');
			run_json(r, &t->outcomes, now);
			continue;
		}
		tow_buf_addf(&t->jobs, "%c%lld", mark, r->job);
		tow_buf_addf(&t->runs, "%c%lld", mark, r->id);
		tow_buf_addf(&t->ago, "%c%lld", mark, now - r->started_us);
		tow_buf_addf(&t->took, "%c%lld", mark, r->took_us);
	}
	tow_buf_adds(&t->jobs, t->jobs.len ? "}" : "{}");
	tow_buf_adds(&t->runs, t->runs.len ? "}" : "{}");
	tow_buf_adds(&t->ago, t->ago.len ? "}" : "{}");
	tow_buf_adds(&t->took, t->took.len ? "}" : "{}");
	tow_buf_adds(&t->outcomes, t->outcomes.len ? "]" : "[]");
}

static void cargo_text_release(struct cargo_text *t)
{
	tow_buf_release(&t->jobs);
	tow_buf_release(&t->runs);
	tow_buf_release(&t->ago);
	tow_buf_release(&t->took);
	tow_buf_release(&t->outcomes);
}

struct wants_text {
	struct tow_buf queues, wants, relays;
};

static void write_wants(const struct dispatcher *d, const struct line *l, struct wants_text *t)
{
	for (size_t i = 0; i < l->n_wants; i++) {
		const struct queue *q = l->wants[i].queue;
		char mark = i ? ',' : '{';

		tow_buf_addf(&t->queues, "%c%d", mark, q->id);
		tow_buf_addf(&t->wants, "%c%d", mark, l->wants[i].n);
		tow_buf_addf(&t->relays, "%c%d", mark, queue_relay(q, d->config.prefetch));
	}
	tow_buf_adds(&t->queues, l->n_wants ? "}" : "{}");
	tow_buf_adds(&t->wants, l->n_wants ? "}" : "{}");
	tow_buf_adds(&t->relays, l->n_wants ? "}" : "{}");
}

static void wants_text_release(struct wants_text *t)
{
	tow_buf_release(&t->queues);
	tow_buf_release(&t->wants);
	tow_buf_release(&t->relays);
}

void exchange_send(struct dispatcher *d, struct line *l, long long now)
{
	__attribute__((cleanup(cargo_text_release))) struct cargo_text t = { 0 };
	TOW_AUTO_BUF bands = { 0 };
	TOW_AUTO_BUF lows = { 0 };
	__attribute__((cleanup(wants_text_release))) struct wants_text w = { 0 };
	char worker[24], number[24], seq[24];

	line_number(worker, d->beat.worker);
	line_number(number, l->number);
	line_number(seq, l->seq);
	write_cargo(&l->cargo, &t, now);
	lows_write(&l->sent, &bands, &lows);
	write_wants(d, l, &w);
	if (!line_send(l, LINE_EXCHANGE, "tow.exchange",
		       (const char *[]){ worker, number, seq, l->unsure ? "t" : "f", t.jobs.data,
					 t.runs.data, t.ago.data, t.took.data, t.outcomes.data,
					 bands.data, lows.data, w.queues.data, w.wants.data,
					 w.relays.data },
		       14, now))
		l->unsure = true;
}

void exchange_ask(struct dispatcher *d, struct line *l, long long now)
{
	load_cargo(d, l);
	load_wants(d, l);
	l->seq++;
	exchange_send(d, l, now);
}

static struct run *claimed(struct dispatcher *d, const struct tow_rows *rows, size_t i,
			   struct queue *q, const struct kind *k, long long now)
{
	const char *timeout = tow_rows_at(rows, i, TIMEOUT),
		   *deadline = tow_rows_at(rows, i, DEADLINE), *place = tow_rows_at(rows, i, PLACE);
	struct run *r = run_make(atoll(tow_rows_at(rows, i, JOB)), atoll(tow_rows_at(rows, i, RUN)),
				 atoi(tow_rows_at(rows, i, ATTEMPT)),
				 atoi(tow_rows_at(rows, i, MAX_ATTEMPTS)), q->name,
				 tow_rows_at(rows, i, KIND), tow_rows_at(rows, i, ARGS),
				 tow_rows_at(rows, i, MEMORY));

	r->queue = q;
	r->place = place ? atoll(place) : 0;
	r->timeout_ms = timeout		     ? atol(timeout)
			: k && k->timeout_ms ? k->timeout_ms
					     : d->config.timeout_ms;
	r->resident = k && k->how->resident;
	r->deadline_us = deadline ? now + atoll(deadline) * 1000 : 0;
	return r;
}

static void take_job(struct dispatcher *d, const struct tow_rows *rows, size_t i, long long now)
{
	struct queue *q = dispatcher_queue(d, atoi(tow_rows_at(rows, i, QUEUE)));
	const struct kind *k = kinds_find(&d->kinds, tow_rows_at(rows, i, KIND));
	struct outcome o = outcome_of(RUN_RETURNED, NULL, NULL);
	struct run *r;

	if (!q)
		return; /* reconcile puts it back */
	r = claimed(d, rows, i, q, k, now);
	if (hands_overdue(d, r, now))
		return;
	if (k && d->phase == PHASE_RUN && q->pool) {
		queue_stock(q, r);
		return;
	}
	if (!k)
		o.as = RUN_UNKNOWN;
	hands_end(d, r, &o);
}

static struct want *want_of(struct line *l, int queue)
{
	for (size_t i = 0; i < l->n_wants; i++)
		if (l->wants[i].queue->id == queue)
			return &l->wants[i];
	return NULL;
}

/* Who was asked along and had no more is as dry as before: when to look again stays as it is. So it
 * does where a floor was laid meanwhile: this look may be from before the bell was armed. */
static void take_wants(struct dispatcher *d, struct line *l, bool anything, long long now)
{
	bool outdated = l->floors != d->lows.floors;

	if (anything)
		d->claims.drained = d->claims.drain_asked = false;
	for (size_t i = 0; i < l->n_wants; i++) {
		const struct want *w = &l->wants[i];

		w->queue->again = w->again || (w->queue->again && !w->dry);
		if (!w->dry || (!w->along && !outdated))
			claims_gave(d, w->queue, w->dry, anything, now);
	}
}

void exchange_answered(struct dispatcher *d, struct line *l, const struct tow_rows *rows,
		       long long now)
{
	size_t n_jobs = 0;

	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		const char *what = tow_rows_at(rows, i, WHAT);
		struct want *w;

		if (what[0] == 'j') {
			take_job(d, rows, i, now);
			n_jobs++;
		} else if (what[0] == 's' && (w = want_of(l, atoi(tow_rows_at(rows, i, QUEUE))))) {
			w->dry = true;
		} else if (what[0] == 'a' && (w = want_of(l, atoi(tow_rows_at(rows, i, QUEUE))))) {
			w->again = true;
		} else if (strcmp(what, "low") == 0 && tow_rows_at(rows, i, POS)) {
			lows_raise(&d->lows, l->floors, atoi(tow_rows_at(rows, i, BAND)),
				   atoll(tow_rows_at(rows, i, POS)));
		} else if (strcmp(what, "late") == 0 && !l->unsure) {
			tow_log(TOW_WARN, "outcome.late", "run=%s", tow_rows_at(rows, i, RUN));
		}
	}
	take_wants(d, l, n_jobs > 0, now);
	runs_free(&l->cargo);
	l->unsure = false;
	l->backoff_us = 0;
	exchange_unask(l);
	if (d->batch < EXCHANGE_MOST)
		d->batch = 2 * d->batch > EXCHANGE_MOST ? EXCHANGE_MOST : 2 * d->batch;
}

/* What it was sent with may have been claimed and put back, or not: look there again. */
void exchange_lower(struct dispatcher *d, const struct line *l)
{
	for (size_t i = 0; i < l->sent.n; i++)
		lows_lower(&d->lows, l->sent.bands[i], l->sent.lows[i]);
}

/* Whatever it carries, this would fail: the verb is not there or not allowed, somebody cancelled
 * it. */
static bool not_of_cargo(const struct tow_err *e)
{
	return e->code == TOW_RETRY || e->code == TOW_CANCELLED || strncmp(e->class, "42", 2) == 0;
}

static void poisoned(struct dispatcher *d, struct line *l, const struct tow_err *e, long long now)
{
	struct outcome o =
		outcome_of(RUN_FAILED, "poisoned", "the database refused what the job had to say");
	struct run *r = l->cargo.first;
	bool again = r->outcome && strstr(r->outcome, "\"class\":\"poisoned\"");

	tow_log(TOW_WARN, "outcome.refused", "job=%lld run=%lld sqlstate=%s", r->job, r->id,
		e->class);
	if (again) {
		runs_free(&l->cargo);
		d->claims.reconcile_us = now + RECONCILE_US; /* puts it back */
		return;
	}
	o.detail = e->class;
	run_end(r, &o);
}

/* Nothing of this exchange happened: fewer outcomes next time, until the bad one is found. */
static void divide(struct dispatcher *d, struct line *l, const struct tow_err *e, long long now)
{
	if (l->cargo.n == 1)
		poisoned(d, l, e, now);
	else
		d->batch = l->cargo.n / 2;
	runs_prepend(&d->done, &l->cargo);
	if (!d->done_since_us)
		d->done_since_us = 1;
	l->unsure = false;
	exchange_unask(l);
}

void exchange_refused(struct dispatcher *d, struct line *l, const struct tow_err *e, long long now)
{
	exchange_lower(d, l);
	if (strcmp(e->class, "TW410") == 0) {
		hands_forget(d, now);
		return;
	}
	if (l->cargo.n > 0 && !not_of_cargo(e)) {
		divide(d, l, e, now);
		return;
	}
	tow_log_again(TOW_WARN, "exchange.failed", e, &l->failing);
	l->unsure = true;
	l->again_us = now + tow_backoff_next(&l->backoff_us);
}
