/* Jobs on their way through slots: given, taken back, ended. */
#include <stdio.h>
#include <string.h>

#include "dispatcher.h"
#include "tow/log.h"
#include "tow/proc.h"

#define CANCEL_MS 800

void hands_end(struct dispatcher *d, struct run *r, const struct outcome *o)
{
	if (r->lost || d->beat.worker == 0) {
		run_free(r);
		return;
	}
	run_end(r, o);
	runs_push(&d->done, r);
	if (!d->done_since_us)
		d->done_since_us = tow_mono_us();
}

bool hands_overdue(struct dispatcher *d, struct run *r, long long now)
{
	struct outcome o =
		outcome_of(RUN_FAILED, "deadline", "its deadline passed before it started");

	if (!r->deadline_us || now < r->deadline_us)
		return false;
	o.final = true;
	hands_end(d, r, &o);
	return true;
}

static bool giving(const struct dispatcher *d)
{
	return d->phase == PHASE_RUN && !d->distrust;
}

/* How many jobs this slot may have when it is given one of q: behind a slow queue's nothing waits,
 * and a slow one waits for nobody. */
static size_t share_in(const struct dispatcher *d, const struct slot *s, const struct queue *q)
{
	size_t share = (size_t)queue_share(q, d->config.prefetch), others = share;

	if (s->jobs.last && s->jobs.last->queue != q)
		others = (size_t)queue_share(s->jobs.last->queue, d->config.prefetch);
	return others < share ? others : share;
}

/* A job, with those that share its place. False when the slot has enough. Whose turn it is may have
 * to wait for a slot with less: nobody else's job goes before it. */
static bool give_next(struct dispatcher *d, struct slot *s, size_t level, long long now)
{
	struct queue *q = pool_next(s->pool);
	size_t n = q ? runs_relay(&q->stock) : 0;

	if (!q || !slot_takes(s, n) || s->jobs.n >= level || s->jobs.n >= share_in(d, s, q))
		return false;
	while (n-- > 0) {
		struct run *r = runs_pop(&q->stock);

		if (hands_overdue(d, r, now))
			continue;
		queue_charge(q, r);
		slot_give(s, r);
	}
	return true;
}

static size_t largest_share(const struct dispatcher *d, const struct pool *p)
{
	size_t share = 0;

	for (size_t i = 0; i < p->n; i++) {
		size_t n = (size_t)queue_share(p->queues[i], d->config.prefetch);

		if (p->queues[i]->stock.n > 0 && n > share)
			share = n;
	}
	return share;
}

/* Round and round, so that every slot gets something before any gets much. */
static void give_pool(struct dispatcher *d, struct pool *p, long long now)
{
	size_t share = largest_share(d, p), step = share > 8 ? share / 8 : 1, level;
	bool gave = true;

	for (level = 1; level <= share && (gave || level == 1);) {
		gave = false;
		for (size_t i = 0; i < d->slots.n; i++) {
			struct slot *s = d->slots.items[i];

			if (s->pool != p)
				continue;
			gave = gave || (slot_takes(s, 1) && pool_next(p));
			while (give_next(d, s, level, now))
				;
		}
		level = level + step > share && level < share ? share : level + step;
	}
}

void hands_give(struct dispatcher *d, long long now)
{
	if (giving(d))
		for (size_t i = 0; i <= d->n_queues; i++)
			give_pool(d, dispatcher_pool(d, i), now);
	for (size_t i = 0; i < d->slots.n; i++) {
		if (d->slots.items[i]->outbox.len > 0)
			(void)slot_flush(d->slots.items[i]);
		slot_dismiss(d->slots.items[i]);
	}
}

/* The database would refuse it, or choke on it. */
static void cap_outcome(struct run *r)
{
	size_t len = r->outcome ? strlen(r->outcome) : 0;
	struct outcome o = outcome_of(RUN_FAILED, "result", NULL);
	char text[80];

	if (len <= OUTCOME_MOST)
		return;
	snprintf(text, sizeof(text), "its result of %zu bytes is more than the %d that are kept",
		 len, OUTCOME_MOST);
	o.error = text;
	o.final = true;
	run_end(r, &o);
}

void hands_take(struct dispatcher *d, struct runs *ended)
{
	struct run *r;

	while ((r = runs_pop(ended))) {
		queue_learn(r->queue, (double)r->took_us, 1);
		queue_charged(r->queue, r, (double)r->took_us);
		if (r->lost) {
			run_free(r);
			continue;
		}
		cap_outcome(r);
		runs_push(&d->done, r);
		if (!d->done_since_us)
			d->done_since_us = tow_mono_us();
	}
}

void hands_read(struct dispatcher *d, struct slot *s, long long now)
{
	struct runs ended = { 0 };

	slot_read(s, &ended, &d->reports, now);
	hands_take(d, &ended);
}

/* The one before it may be running yet: no other slot may have it. */
static bool relayed(const struct run *r)
{
	return r->place && r->place != r->id;
}

void hands_back(struct dispatcher *d, struct runs *back)
{
	struct outcome returned = outcome_of(RUN_RETURNED, NULL, NULL);
	struct outcome cancelled = outcome_of(RUN_CANCELLED, NULL, "cancelled before it started");
	struct runs keep = { 0 };
	struct run *r;

	while ((r = runs_pop(back))) {
		queue_charged(r->queue, r, 0);
		if (r->cancelled)
			hands_end(d, r, &cancelled);
		else if (r->lost || relayed(r) || d->phase != PHASE_RUN || !r->queue->pool)
			hands_end(d, r, &returned);
		else
			runs_push(&keep, r);
	}
	while ((r = runs_pop(&keep))) /* behind what waits: order within a queue is no promise once
					 claimed */
		queue_stock(r->queue, r);
}

void hands_return_stock(struct dispatcher *d)
{
	struct outcome o = outcome_of(RUN_RETURNED, NULL, NULL);

	for (size_t i = 0; i < d->n_queues; i++) {
		struct queue *q = d->queues[i];
		struct run *r;

		while ((d->phase != PHASE_RUN || !q->pool) && (r = runs_pop(&q->stock)))
			hands_end(d, r, &o);
	}
}

/*--- one run is wanted ended */

static struct run *find_in_slots(struct dispatcher *d, long long id, struct slot **where)
{
	for (size_t i = 0; i < d->slots.n; i++) {
		struct run *r = runs_find(&d->slots.items[i]->jobs, id);

		*where = d->slots.items[i];
		if (r)
			return r;
	}
	return NULL;
}

static struct run *take_from_stock(struct dispatcher *d, long long id)
{
	for (size_t i = 0; i < d->n_queues; i++) {
		struct run *r = runs_find(&d->queues[i]->stock, id);

		if (r && runs_remove(&d->queues[i]->stock, r))
			return r;
	}
	return NULL;
}

/* Between TERM and KILL. What is lost is somebody else's already; a cancelled job is gone within a
 * second. */
static long grace_ms(const struct dispatcher *d, enum ending why)
{
	if (why == END_LOST)
		return 0;
	return why == END_CANCEL && d->config.kill_ms > CANCEL_MS ? CANCEL_MS : d->config.kill_ms;
}

/* What runs is ended, what has not started is taken back (with what is behind it). */
static void end_in_slot(struct dispatcher *d, struct slot *s, const struct run *r, enum ending why,
			long long now)
{
	struct runs back = { 0 };
	long long since;

	slot_take_back(s, &back);
	if (slot_current(s, &since) == r)
		slot_end(s, why, grace_ms(d, why), &back, now);
	hands_back(d, &back);
}

void hands_cancel(struct dispatcher *d, long long id, const char *reason, long long now)
{
	struct outcome o = outcome_of(RUN_CANCELLED, NULL, "cancelled before it started");
	struct run *r = take_from_stock(d, id);
	struct slot *s = NULL;

	if (r) {
		hands_end(d, r, &o);
		return;
	}
	r = find_in_slots(d, id, &s);
	if (!r || r->cancelled)
		return;
	r->cancelled = true;
	tow_log(TOW_INFO, "job.cancel", "job=%lld run=%lld reason='%s'", r->job, r->id,
		reason ? reason : "");
	end_in_slot(d, s, r, END_CANCEL, now);
}

void hands_lost(struct dispatcher *d, long long id, long long now)
{
	struct run *r = take_from_stock(d, id);
	struct slot *s = NULL;

	if (r) {
		run_free(r);
		return;
	}
	r = find_in_slots(d, id, &s);
	if (!r)
		return;
	r->lost = true;
	tow_log(TOW_WARN, "job.lost", "job=%lld run=%lld", r->job, r->id);
	end_in_slot(d, s, r, END_LOST, now);
}

void hands_forget(struct dispatcher *d, long long now)
{
	tow_log(TOW_WARN, "worker.given_up", "worker=%lld", d->beat.worker);
	for (size_t i = 0; i < d->n_queues; i++)
		runs_free(&d->queues[i]->stock);
	for (size_t i = 0; i < d->slots.n; i++) {
		struct slot *s = d->slots.items[i];
		struct runs back = { 0 };

		for (struct run *r = s->jobs.first; r; r = r->next)
			r->lost = true;
		if (s->jobs.first)
			slot_end(s, END_LOST, 0, &back, now);
		runs_free(&back);
	}
	runs_free(&d->done);
	d->done_since_us = 0;
	lines_forget(d);
	lows_forget(&d->lows);
	d->claims.reconcile_us = 0;
	d->beat.worker = 0;
	d->beat.attached = false;
}

bool hands_fork(const struct dispatcher *d)
{
	return d->phase == PHASE_RUN && d->beat.worker;
}

/*--- what we hold */

static void add_held(const struct runs *list, struct tow_buf *jobs, struct tow_buf *runs)
{
	for (const struct run *r = list->first; r; r = r->next) {
		if (r->lost)
			continue;
		tow_buf_addf(jobs, "%c%lld", jobs->len ? ',' : '{', r->job);
		tow_buf_addf(runs, "%c%lld", runs->len ? ',' : '{', r->id);
	}
}

void hands_held(const struct dispatcher *d, struct tow_buf *jobs, struct tow_buf *runs)
{
	for (size_t i = 0; i < d->n_queues; i++)
		add_held(&d->queues[i]->stock, jobs, runs);
	for (size_t i = 0; i < d->slots.n; i++)
		add_held(&d->slots.items[i]->jobs, jobs, runs);
	add_held(&d->done, jobs, runs);
	for (int i = 0; i < LINES; i++)
		add_held(&d->lines[i].cargo, jobs, runs);
	tow_buf_adds(jobs, jobs->len ? "}" : "{}");
	tow_buf_adds(runs, runs->len ? "}" : "{}");
}

size_t hands_busy(const struct dispatcher *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_queues; i++)
		n += d->queues[i]->stock.n + d->queues[i]->given;
	return n;
}
