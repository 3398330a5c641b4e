/* The two connections that report outcomes and claim jobs. A call that was lost with its connection is repeated
 * with the same number; outcomes that the database refuses as bad data are divided until the bad one is alone. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher.h"
#include "tow/log.h"
#include "tow/proc.h"

#define BATCH_MOST   2000  /* outcomes an exchange */
#define LET_GATHER   3000  /* us that outcomes may wait for more, while there is enough to do */
#define SECOND_LINE  50	   /* the second connection is for when so much would wait for the first */
#define RECONCILE_US 3000000

/* The columns of tow.exchange. */
enum { WHAT, JOB, RUN, QUEUE, KIND, ATTEMPT, MAX_ATTEMPTS, TIMEOUT, DEADLINE, ARGS, BAND, POS };

void lines_init(struct dispatcher *d)
{
	for (int i = 0; i < LINES; i++) {
		d->lines[i].number = i;
		link_init(&d->lines[i].link, d->url, "worker");
	}
	d->lines[0].used = true;
	d->batch = BATCH_MOST;
}

static void sent_release(struct line *l)
{
	free(l->sent.bands);
	free(l->sent.lows);
	l->sent = (struct lows){ 0 };
}

static void unask(struct line *l)
{
	for (size_t i = 0; i < l->n_wants; i++)
		l->wants[i].queue->asked -= l->wants[i].n;
	free(l->wants);
	l->wants = NULL;
	l->n_wants = 0;
	sent_release(l);
}

void lines_forget(struct dispatcher *d)
{
	for (int i = 0; i < LINES; i++) {
		struct line *l = &d->lines[i];

		if (l->call != LINE_NONE)
			link_drop(&l->link, tow_mono_us());
		l->call = LINE_NONE;
		l->unsure = false;
		runs_free(&l->cargo);
		unask(l);
	}
	d->batch = BATCH_MOST;
}

bool lines_quiet(const struct dispatcher *d)
{
	for (int i = 0; i < LINES; i++)
		if (d->lines[i].unsure || d->lines[i].call == LINE_EXCHANGE)
			return false;
	return d->done.n == 0;
}

static bool calling(const struct dispatcher *d, enum line_call call)
{
	for (int i = 0; i < LINES; i++)
		if (d->lines[i].call == call || (call == LINE_EXCHANGE && d->lines[i].unsure))
			return true;
	return false;
}

static bool send(struct dispatcher *d, struct line *l, enum line_call call, const char *verb,
		 const char *const *values, size_t n, long long now)
{
	struct tow_err e = { 0 };

	(void)d;
	if (!link_send(&l->link, now, &e, verb, values, n)) {
		tow_log_err(TOW_WARN, "line.lost", &e);
		return false;
	}
	l->call = call;
	return true;
}

static void number_text(char text[24], long long number)
{
	snprintf(text, 24, "%lld", number);
}

/*--- the small calls */

static void ask_floor(struct dispatcher *d, struct line *l, long long now)
{
	TOW_AUTO_BUF bands = { 0 };
	TOW_AUTO_BUF lows = { 0 };
	char worker[24];

	number_text(worker, d->beat.worker);
	lows_write(&d->lows, &bands, &lows);
	if (!send(d, l, LINE_FLOOR, "tow.floor",
		  (const char *[]){ worker, d->lows.memory, bands.data, lows.data,
				    d->claims.floor_woken ? "t" : "f", d->claims.parked },
		  6, now))
		return;
	d->claims.floor_due = d->claims.floor_woken = false;
}

static void on_floor(struct dispatcher *d, const struct tow_rows *rows, long long now)
{
	const char *safe = tow_rows_get(rows, 0, "safe");

	if (!lows_floor(&d->lows, tow_rows_get(rows, 0, "memory"), tow_rows_get(rows, 0, "bands"),
			tow_rows_get(rows, 0, "queues"), tow_rows_get(rows, 0, "lows"))) {
		tow_log(TOW_ERROR, "floor.garbled", NULL);
		return;
	}
	claims_floored(d, safe && *safe == 't', now);
}

static void ask_park(struct dispatcher *d, struct line *l, long long now)
{
	TOW_AUTO_BUF queues = { 0 };
	char worker[24];

	number_text(worker, d->beat.worker);
	for (size_t i = 0; i < d->n_queues; i++)
		if (queue_want(d->queues[i], d->config.prefetch) > 0)
			tow_buf_addf(&queues, "%c%d", queues.len ? ',' : '{', d->queues[i]->id);
	tow_buf_adds(&queues, queues.len ? "}" : "{}");
	(void)send(d, l, LINE_PARK, "tow.park", (const char *[]){ worker, queues.data }, 2, now);
}

static void ask_reconcile(struct dispatcher *d, struct line *l, long long now)
{
	TOW_AUTO_BUF jobs = { 0 };
	TOW_AUTO_BUF runs = { 0 };
	char worker[24];

	number_text(worker, d->beat.worker);
	hands_held(d, &jobs, &runs);
	if (send(d, l, LINE_RECONCILE, "tow.reconcile", (const char *[]){ worker, jobs.data, runs.data }, 3, now))
		d->claims.reconcile_us = 0;
}

/*--- exchanges */

static void load_cargo(struct dispatcher *d, struct line *l)
{
	while (l->cargo.n < d->batch && d->done.first)
		runs_push(&l->cargo, runs_pop(&d->done));
	if (!d->done.first)
		d->done_since_us = 0;
}

static void load_wants(struct dispatcher *d, struct line *l)
{
	l->floors = d->lows.floors;
	if (d->phase != PHASE_RUN || !d->lows.memory)
		return;
	for (size_t i = 0; i < d->n_queues; i++) {
		struct queue *q = d->queues[i];
		int n = q->id && !q->dry ? queue_want(q, d->config.prefetch) : 0;

		if (n <= 0)
			continue;
		l->wants = tow_xrealloc(l->wants, (l->n_wants + 1) * sizeof(*l->wants));
		l->wants[l->n_wants++] = (struct want){ q, n };
		q->asked += n;
	}
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

static void write_wants(const struct line *l, struct tow_buf *queues, struct tow_buf *wants)
{
	tow_buf_addc(queues, '{');
	tow_buf_addc(wants, '{');
	for (size_t i = 0; i < l->n_wants; i++) {
		tow_buf_addf(queues, i ? ",%d" : "%d", l->wants[i].queue->id);
		tow_buf_addf(wants, i ? ",%d" : "%d", l->wants[i].n);
	}
	tow_buf_addc(queues, '}');
	tow_buf_addc(wants, '}');
}

static void send_exchange(struct dispatcher *d, struct line *l, long long now)
{
	__attribute__((cleanup(cargo_text_release))) struct cargo_text t = { 0 };
	TOW_AUTO_BUF bands = { 0 };
	TOW_AUTO_BUF lows = { 0 };
	TOW_AUTO_BUF queues = { 0 };
	TOW_AUTO_BUF wants = { 0 };
	char worker[24], number[24], seq[24];

	number_text(worker, d->beat.worker);
	number_text(number, l->number);
	number_text(seq, l->seq);
	write_cargo(&l->cargo, &t, now);
	lows_write(&l->sent, &bands, &lows);
	write_wants(l, &queues, &wants);
	if (!send(d, l, LINE_EXCHANGE, "tow.exchange",
		  (const char *[]){ worker, number, seq, l->unsure ? "t" : "f", t.jobs.data, t.runs.data, t.ago.data,
				    t.took.data, t.outcomes.data, bands.data, lows.data, queues.data, wants.data },
		  13, now))
		l->unsure = true;
}

static void ask_exchange(struct dispatcher *d, struct line *l, long long now)
{
	load_cargo(d, l);
	load_wants(d, l);
	l->seq++;
	send_exchange(d, l, now);
}

static struct run *claimed(struct dispatcher *d, const struct tow_rows *rows, size_t i, struct queue *q,
			   const struct kind *k, long long now)
{
	const char *timeout = tow_rows_at(rows, i, TIMEOUT), *deadline = tow_rows_at(rows, i, DEADLINE);
	struct run *r = run_make(atoll(tow_rows_at(rows, i, JOB)), atoll(tow_rows_at(rows, i, RUN)),
				 atoi(tow_rows_at(rows, i, ATTEMPT)), atoi(tow_rows_at(rows, i, MAX_ATTEMPTS)),
				 q->name, tow_rows_at(rows, i, KIND), tow_rows_at(rows, i, ARGS));

	r->queue = q;
	r->timeout_ms = timeout ? atol(timeout) : k && k->timeout_ms ? k->timeout_ms : d->config.timeout_ms;
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
	if (k && d->phase == PHASE_RUN && q->slots > 0) {
		runs_push(&q->stock, r);
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

static void on_exchange(struct dispatcher *d, struct line *l, const struct tow_rows *rows, long long now)
{
	bool *dry = tow_xcalloc(l->n_wants + 1, sizeof(*dry));
	size_t n_jobs = 0;

	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		const char *what = tow_rows_at(rows, i, WHAT);
		struct want *w;

		if (what[0] == 'j') {
			take_job(d, rows, i, now);
			n_jobs++;
		} else if (what[0] == 's' && (w = want_of(l, atoi(tow_rows_at(rows, i, QUEUE))))) {
			dry[w - l->wants] = true;
		} else if (strcmp(what, "low") == 0 && tow_rows_at(rows, i, POS)) {
			lows_raise(&d->lows, l->floors, atoi(tow_rows_at(rows, i, BAND)),
				   atoll(tow_rows_at(rows, i, POS)));
		} else if (strcmp(what, "late") == 0 && !l->unsure) {
			tow_log(TOW_WARN, "outcome.late", "run=%s", tow_rows_at(rows, i, RUN));
		}
	}
	for (size_t i = 0; i < l->n_wants; i++)
		claims_gave(d, l->wants[i].queue, dry[i], n_jobs > 0, now);
	free(dry);
	runs_free(&l->cargo);
	l->unsure = false;
	l->backoff_us = 0;
	unask(l);
	if (d->batch < BATCH_MOST)
		d->batch = 2 * d->batch > BATCH_MOST ? BATCH_MOST : 2 * d->batch;
}

/* What it was sent with may have been claimed and put back, or not: look there again. */
static void lower(struct dispatcher *d, const struct line *l)
{
	for (size_t i = 0; i < l->sent.n; i++)
		lows_lower(&d->lows, l->sent.bands[i], l->sent.lows[i]);
}

static void poisoned(struct line *l, const struct tow_err *e)
{
	struct outcome o = outcome_of(RUN_FAILED, "poisoned", "the database refused what the job had to say");
	struct run *r = l->cargo.first;
	bool again = r->outcome && strstr(r->outcome, "\"class\":\"poisoned\"");

	tow_log(TOW_WARN, "outcome.refused", "job=%lld run=%lld sqlstate=%s", r->job, r->id, e->class);
	if (again) {
		runs_free(&l->cargo); /* its lease will put it back */
		return;
	}
	o.detail = e->class;
	run_end(r, &o);
}

/* Nothing of this exchange happened: fewer outcomes next time, until the bad one is found. */
static void divide(struct dispatcher *d, struct line *l, const struct tow_err *e)
{
	if (l->cargo.n == 1)
		poisoned(l, e);
	else
		d->batch = l->cargo.n / 2;
	runs_prepend(&d->done, &l->cargo);
	if (!d->done_since_us)
		d->done_since_us = 1;
	l->unsure = false;
	unask(l);
}

static void exchange_refused(struct dispatcher *d, struct line *l, const struct tow_err *e, long long now)
{
	lower(d, l);
	if (strcmp(e->class, "TW410") == 0) {
		hands_forget(d, now);
		return;
	}
	if ((strncmp(e->class, "22", 2) == 0 || strncmp(e->class, "23", 2) == 0) && l->cargo.n > 0) {
		divide(d, l, e);
		return;
	}
	tow_log_err(TOW_WARN, "exchange.failed", e);
	l->unsure = true;
	l->again_us = now + backoff_next(&l->backoff_us);
}

/*--- what a connection is used for next */

static bool worth_exchange(struct dispatcher *d, const struct line *l, long long now)
{
	bool pressing = d->phase != PHASE_RUN || d->done.n >= d->batch / 2 || claims_starving(d) ||
			(d->done.n > 0 && now - d->done_since_us >= LET_GATHER);

	if (l->number > 0 && d->done.n < SECOND_LINE && !claims_starving(d))
		return false;
	if (d->done.n == 0 && !claims_hungry(d))
		return false;
	if (pressing)
		return true;
	for (size_t i = 0; i < d->n_queues; i++)
		if (d->queues[i]->stock.n > 0)
			return false; /* there is enough to do: let outcomes gather */
	return d->done.n > 0;
}

static void next_call(struct dispatcher *d, struct line *l, long long now)
{
	bool exchanging = calling(d, LINE_EXCHANGE);

	if (now < l->again_us || d->distrust || !d->beat.attached || d->phase == PHASE_OVER)
		return;
	if (l->unsure) {
		send_exchange(d, l, now);
		return;
	}
	if (d->claims.reconcile_us && now >= d->claims.reconcile_us) {
		if (!exchanging)
			ask_reconcile(d, l, now);
		return;
	}
	if (calling(d, LINE_RECONCILE))
		return;
	if (d->claims.eager && claims_hungry(d) && d->lows.memory) {
		d->claims.eager = false;
		ask_exchange(d, l, now);
		return;
	}
	if (!calling(d, LINE_FLOOR) && !calling(d, LINE_PARK) && claims_floor(d, now)) {
		ask_floor(d, l, now);
		return;
	}
	if (calling(d, LINE_FLOOR) && d->done.n == 0)
		return; /* claim from where it says */
	if (worth_exchange(d, l, now))
		ask_exchange(d, l, now);
	else if (!exchanging && !calling(d, LINE_PARK) && claims_park(d))
		ask_park(d, l, now);
}

/*--- turns */

static void answered(struct dispatcher *d, struct line *l, const struct tow_rows *rows, long long now)
{
	enum line_call call = l->call;

	l->call = LINE_NONE;
	switch (call) {
	case LINE_FLOOR:
		if (tow_rows_count(rows) == 1)
			on_floor(d, rows, now);
		break;
	case LINE_EXCHANGE:
		on_exchange(d, l, rows, now);
		break;
	case LINE_PARK:
		if (tow_rows_count(rows) == 1 && tow_rows_at(rows, 0, 0))
			claims_parked(d, tow_rows_at(rows, 0, 0), now);
		break;
	case LINE_RECONCILE:
		if (tow_rows_count(rows) == 1 && strcmp(tow_rows_at(rows, 0, 0), "0") != 0)
			tow_log(TOW_INFO, "worker.reconciled", "jobs=%s", tow_rows_at(rows, 0, 0));
		break;
	case LINE_NONE:
		break;
	}
}

static void refused(struct dispatcher *d, struct line *l, const struct tow_err *e, long long now)
{
	enum line_call call = l->call;

	l->call = LINE_NONE;
	if (call == LINE_EXCHANGE) {
		exchange_refused(d, l, e, now);
		return;
	}
	if (call == LINE_FLOOR)
		d->claims.floor_due = true;
	if (call == LINE_RECONCILE)
		d->claims.reconcile_us = now + RECONCILE_US;
	if (strcmp(e->class, "TW410") == 0)
		hands_forget(d, now);
	else
		tow_log_err(TOW_WARN, "line.refused", e);
	l->again_us = now + backoff_next(&l->backoff_us);
}

static void lost(struct dispatcher *d, struct line *l, const struct tow_err *e, long long now)
{
	if (l->call == LINE_EXCHANGE) {
		l->unsure = true;
		lower(d, l);
	}
	if (l->call == LINE_FLOOR)
		d->claims.floor_due = true;
	l->call = LINE_NONE;
	d->claims.reconcile_us = now + RECONCILE_US;
	tow_log_err(TOW_WARN, "line.lost", e);
}

static void turn(struct dispatcher *d, struct line *l, long long now)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err e = { 0 };
	const char *channel, *payload;

	if (!l->used)
		return;
	switch (link_turn(&l->link, now, &rows, &e)) {
	case LINK_ANSWERED:
		answered(d, l, rows, now);
		break;
	case LINK_REFUSED:
		refused(d, l, &e, now);
		break;
	case LINK_LOST:
		lost(d, l, &e, now);
		break;
	case LINK_CONNECTED:
	case LINK_NOTHING:
		break;
	}
	if (l->link.state == LINK_IDLE)
		(void)tow_db_bell(l->link.db, &channel, &payload); /* reads the socket: is it still there? */
	if (l->link.state == LINK_IDLE)
		next_call(d, l, now);
}

void lines_turn(struct dispatcher *d, long long now)
{
	for (int i = 0; i < LINES; i++)
		turn(d, &d->lines[i], now);
	if (!d->lines[1].used && d->lines[0].link.state == LINK_BUSY && d->beat.attached &&
	    (d->done.n >= 4 * SECOND_LINE || (claims_starving(d) && hands_busy(d) >= 4 * SECOND_LINE)))
		d->lines[1].used = true;
}

/* Only what a line can act on now counts: the rest is seen when one is connected, answered or allowed again. */
long long lines_wake(const struct dispatcher *d, long long now)
{
	long long wake = LLONG_MAX, at;
	bool able = false;

	for (int i = 0; i < LINES; i++) {
		const struct line *l = &d->lines[i];

		if (!l->used)
			continue;
		at = l->link.state == LINK_IDLE && l->again_us > now ? l->again_us : link_wake(&l->link);
		wake = at < wake ? at : wake;
		able = able || (l->link.state == LINK_IDLE && l->again_us <= now);
	}
	if (!able || !d->beat.attached || d->distrust)
		return wake;
	if (d->done.n > 0 && d->done_since_us + LET_GATHER < wake)
		wake = d->done_since_us + LET_GATHER;
	if (d->claims.reconcile_us > now && d->claims.reconcile_us < wake)
		wake = d->claims.reconcile_us;
	at = claims_wake_at(d);
	return at < wake ? at : wake;
}
