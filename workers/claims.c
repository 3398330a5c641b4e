/* When to look for work, and when to sleep.
 *
 * A queue that wants jobs is asked for in exchanges until one gives less than wanted: it is dry.
 * When nothing but dry queues want, the doorbell is armed (tow.park), then everything is looked at
 * once more, under a floor that knows of the arming, until the floor says that it was safe; then
 * the worker sleeps until the bell. Each poll interval it has a look, with the bell as it is, and
 * each minute it arms it anew. Whoever does not listen looks again after a pause that grows up to
 * the poll interval. */
#include <limits.h>
#include <stdlib.h>

#include "dispatcher.h"
#include "options.h"

#define FLOOR_EVERY_US 250000
#define PAUSE_PARKED   1000
#define PAUSE_POLLING  20000
#define POLL_SOON      1000000
#define REARM_US       60000000

/* Nothing before it is known which kinds are functions in the database: their jobs would come back
 * as of unknown kinds. */
int claims_want(const struct dispatcher *d, const struct queue *q)
{
	bool kinds = !d->config.sql_kinds || d->beat.kinds_heard;

	return d->phase == PHASE_RUN && q->id && kinds ? queue_want(q, d->config.prefetch) : 0;
}

static bool listens(const struct dispatcher *d)
{
	return d->config.listen && !d->options->drain && !d->beat.pooled;
}

/* Whom no bell reaches behind a pooler, though it would listen, looks more often; so does who waits
 * for the last jobs. */
static long long poll_us(const struct dispatcher *d)
{
	bool soon = (d->config.listen && d->beat.pooled) || d->options->drain;
	long long us = d->config.poll_ms * 1000LL;

	return soon && us > POLL_SOON ? POLL_SOON : us;
}

bool claims_hungry(const struct dispatcher *d)
{
	for (size_t i = 0; i < d->n_queues; i++)
		if (!d->queues[i]->dry && claims_want(d, d->queues[i]) > 0)
			return true;
	return false;
}

bool claims_starving(const struct dispatcher *d)
{
	for (size_t i = 0; i < d->n_queues; i++) {
		const struct queue *q = d->queues[i];

		if (q->dry || claims_want(d, q) <= 0)
			continue;
		if (pool_starving(q->pool, d->config.prefetch))
			return true;
	}
	return false;
}

/* Some queue wants, is dry, and nobody would ring for it. */
static bool unarmed(const struct dispatcher *d)
{
	for (size_t i = 0; i < d->n_queues; i++)
		if (d->queues[i]->dry && !d->queues[i]->armed && claims_want(d, d->queues[i]) > 0)
			return true;
	return false;
}

static void disarm(struct dispatcher *d)
{
	for (size_t i = 0; i < d->n_queues; i++)
		d->queues[i]->armed = false;
	free(d->claims.parked);
	d->claims.parked = NULL;
	d->claims.safe = false;
}

void claims_wake(struct dispatcher *d, bool rung)
{
	struct claims *c = &d->claims;

	disarm(d);
	for (size_t i = 0; i < d->n_queues; i++)
		d->queues[i]->dry = false;
	c->floor_due = true;
	c->floor_woken = c->floor_woken || rung;
	c->eager = rung;
	c->look_us = 0;
	c->pause_us = 0;
}

bool claims_floor(struct dispatcher *d, long long now)
{
	struct claims *c = &d->claims;

	if (d->phase != PHASE_RUN)
		return false;
	if (c->look_us && now >= c->look_us) {
		c->look_us = 0;
		if (c->parked && c->safe && now - c->parked_us >= REARM_US)
			claims_wake(d, false);
		c->floor_due = true;
	}
	return c->floor_due || !d->lows.memory ||
	       (now - c->floor_us > FLOOR_EVERY_US && claims_hungry(d));
}

bool claims_park(const struct dispatcher *d)
{
	return d->phase == PHASE_RUN && listens(d) && d->lows.memory && !claims_hungry(d) &&
	       unarmed(d);
}

void claims_floored(struct dispatcher *d, bool safe, long long now)
{
	struct claims *c = &d->claims;

	c->floor_us = now;
	c->drain_asked = c->drained;
	c->safe = c->parked && safe;
	for (size_t i = 0; i < d->n_queues; i++)
		d->queues[i]->dry = false;
}

void claims_parked(struct dispatcher *d, const char *token, long long now)
{
	struct claims *c = &d->claims;

	disarm(d);
	for (size_t i = 0; i < d->n_queues; i++)
		d->queues[i]->armed = d->queues[i]->arming;
	c->parked = tow_xstrdup(token);
	c->parked_us = now;
	c->floor_due = true;
	c->floor_woken = false;
	c->pause_us = PAUSE_PARKED;
}

static long long next_pause(struct claims *c, long long least, long long most)
{
	long long pause = c->pause_us < least ? least : c->pause_us;

	c->pause_us = 2 * pause > most ? most : 2 * pause;
	return pause > most ? most : pause;
}

void claims_gave(struct dispatcher *d, struct queue *q, bool was_short, bool anything,
		 long long now)
{
	struct claims *c = &d->claims;

	q->dry = was_short;
	if (anything && !listens(d))
		c->pause_us = 0;
	if (!was_short) {
		if (q->armed) {
			disarm(d);
			c->floor_due = c->floor_woken = true;
		}
		return;
	}
	if (!listens(d))
		c->look_us = now + next_pause(c, PAUSE_POLLING, poll_us(d));
	else if (c->parked)
		c->look_us = now + (c->safe ? poll_us(d) : next_pause(c, PAUSE_PARKED, poll_us(d)));
}

long long claims_wake_at(const struct dispatcher *d)
{
	return d->phase == PHASE_RUN && d->claims.look_us ? d->claims.look_us : LLONG_MAX;
}

/* Nothing is held, and a look at every queue has found nothing. */
static bool nothing_left(const struct dispatcher *d)
{
	for (size_t i = 0; i < d->n_queues; i++)
		if (!d->queues[i]->dry || d->queues[i]->asked)
			return false;
	return !d->claims.floor_due && hands_busy(d) == 0 && lines_quiet(d);
}

/* What waits for the scheduler is not to be found yet, but counts. Once there is nothing of that
 * either, a last look finds what had been made ready since the one before. */
bool claims_drain(const struct dispatcher *d)
{
	return d->phase == PHASE_RUN && d->options->drain && d->lows.memory &&
	       !d->claims.drain_asked && nothing_left(d);
}

void claims_told(struct dispatcher *d, bool drained)
{
	d->claims.drained = drained;
	if (drained)
		claims_wake(d, false);
}

bool claims_drained(const struct dispatcher *d)
{
	return d->claims.drained && nothing_left(d);
}
