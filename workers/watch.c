/* The watch over slots: which of them have had their time, are stuck, or are dead; and what becomes
 * of the jobs that they have. */
#include <limits.h>

#include "dispatcher.h"
#include "tow/log.h"
#include "tow/proc.h"

#define STUCK_US 50000 /* jobs behind one that runs longer than this go to others */

/* When the run that has the slot must be over; LLONG_MAX: never. */
static long long limit_of(const struct run *r, long long since, enum ending *why)
{
	long long limit = since + r->timeout_ms * 1000LL;

	*why = END_TIMEOUT;
	if (r->deadline_us && r->deadline_us < limit) {
		*why = END_DEADLINE;
		return r->deadline_us;
	}
	return limit;
}

/* A slot says that jobs have ended once it has nothing more to do, or now and then; not when the
 * next one takes long. */
static void collect_untold(struct dispatcher *d, struct slot *s, long long now)
{
	struct runs ended = { 0 };

	slot_collect(s, &ended, &d->reports, now);
	hands_take(d, &ended);
}

static void watch_one(struct dispatcher *d, struct slot *s, long long now)
{
	struct runs back = { 0 };
	long long since = 0;
	struct run *r = slot_current(s, &since);
	enum ending why;

	if (r && r != s->jobs.first && now - since >= STUCK_US)
		collect_untold(d, s, now);

	if (s->kill_at_us && now >= s->kill_at_us)
		slot_kill(s);
	if (r && s->ending == END_NONE && now >= limit_of(r, since, &why)) {
		tow_log(TOW_WARN, "job.overdue", "job=%lld run=%lld why=%s ran_ms=%lld", r->job,
			r->id, why == END_TIMEOUT ? "timeout" : "deadline", (now - since) / 1000);
		slot_end(s, why, d->config.kill_ms, &back, now);
	} else if (r && r->next && now - since >= STUCK_US) {
		queue_learn(r->queue, (double)(now - since), 1);
		slot_take_back(s, &back);
	}
	hands_back(d, &back);
	slot_progress(s, &d->reports, now);
}

static bool all_stuck(const struct dispatcher *d, const struct pool *p, long long now)
{
	long long since;

	for (size_t i = 0; i < d->slots.n; i++) {
		const struct slot *s = d->slots.items[i];

		if (s->pool != p || s->surplus)
			continue;
		if (!slot_current(s, &since) || now - since < STUCK_US)
			return false;
	}
	return true;
}

/* What runs now says how long its queue's jobs take, at least. */
static void learn_from_stuck(struct dispatcher *d, struct queue *q, long long now)
{
	long long shortest = LLONG_MAX, since;

	for (size_t i = 0; i < d->slots.n; i++) {
		const struct run *r = slot_current(d->slots.items[i], &since);

		if (r && r->queue == q && now - since < shortest)
			shortest = now - since;
	}
	if (shortest < LLONG_MAX)
		queue_learn(q, (double)shortest * 20, 20);
}

/* Every slot has been at one job for a while: what waits here would rather be with a worker that
 * has time. */
static void share_surplus(struct dispatcher *d, struct pool *p, long long now)
{
	struct outcome o = outcome_of(RUN_RETURNED, NULL, NULL);
	struct queue *q;

	if (d->config.prefetch || !pool_next(p) || !all_stuck(d, p, now))
		return;
	for (size_t i = 0; i < p->n; i++)
		learn_from_stuck(d, p->queues[i], now);
	while (pool_room(p, 0) < 0 && (q = pool_last(p)))
		for (size_t n = runs_relay(&q->stock); n > 0; n--)
			hands_end(d, runs_pop(&q->stock), &o);
}

static void bury(struct dispatcher *d, struct slot *s, long long now)
{
	struct runs ended = { 0 }, back = { 0 };
	bool expected = s->retire || s->ending != END_NONE;
	pid_t pid = s->pid;

	if (!expected) {
		TOW_AUTO_ARENA a = { 0 };

		tow_log(TOW_WARN, "slot.died", "pid=%d slots=%s how='%s'", (int)pid, s->pool->name,
			tow_proc_says(&a, s->status));
	}
	slot_bury(s, &ended, &back, &d->reports, now);
	hands_take(d, &ended);
	hands_back(d, &back);
}

void watch_slots(struct dispatcher *d, long long now)
{
	bool died = false;

	for (size_t i = 0; i < d->slots.n; i++) {
		struct slot *s = d->slots.items[i];

		if (s->exited) {
			bury(d, s, now);
			died = true;
		} else if (s->pid) {
			watch_one(d, s, now);
		}
	}
	for (size_t i = 0; i <= d->n_queues; i++)
		share_surplus(d, dispatcher_pool(d, i), now);
	if (!died)
		return;
	children_end_strangers(d);
	slots_sweep(&d->slots);
}

static long long wake_of(const struct dispatcher *d, const struct slot *s, long long now)
{
	long long wake = s->kill_at_us ? s->kill_at_us : LLONG_MAX, since = 0, at;
	const struct run *r = slot_current(s, &since);
	enum ending why;

	if (!s->pid)
		return s->surplus || !hands_fork(d) ? LLONG_MAX : s->fork_at_us;
	if (s->progress_us && s->progress_us < wake)
		wake = s->progress_us;
	if (!r && s->jobs.first) { /* it may be about to start */
		r = s->jobs.first;
		since = now;
	}
	if (!r || s->ending != END_NONE)
		return wake;
	at = limit_of(r, since, &why);
	if ((r->next || r != s->jobs.first || (pool_next(s->pool) && now < since + STUCK_US)) &&
	    since + STUCK_US < at)
		at = since + STUCK_US;
	return at < wake ? at : wake;
}

long long watch_wake(const struct dispatcher *d, long long now)
{
	long long wake = LLONG_MAX;

	for (size_t i = 0; i < d->slots.n; i++) {
		long long at = wake_of(d, d->slots.items[i], now);

		wake = at < wake ? at : wake;
	}
	return wake;
}
