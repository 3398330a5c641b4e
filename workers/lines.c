/* The two connections that report outcomes and claim jobs, and what each is used for next: a floor,
 * an exchange, the doorbell. An exchange itself is in exchange.c. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "tow/log.h"
#include "tow/proc.h"

#define LET_GATHER 3000 /* us that outcomes may wait for more, while there is enough to do */
#define BRIEF \
	1000 /* us that they wait for jobs about to end, so that successors come by the dozen */
#define SECOND_LINE 50 /* the second connection is for when so much would wait for the first */

void lines_init(struct dispatcher *d)
{
	for (int i = 0; i < LINES; i++) {
		d->lines[i].number = i;
		tow_link_init(&d->lines[i].link, d->url, "worker");
	}
	d->lines[0].used = true;
	d->batch = EXCHANGE_MOST;
}

void lines_forget(struct dispatcher *d)
{
	for (int i = 0; i < LINES; i++) {
		struct line *l = &d->lines[i];

		if (l->call != LINE_NONE)
			tow_link_drop(&l->link, tow_mono_us());
		l->call = LINE_NONE;
		l->unsure = false;
		runs_free(&l->cargo);
		exchange_unask(l);
	}
	d->batch = EXCHANGE_MOST;
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
		if (d->lines[i].call == call)
			return true;
	return false;
}

/* A connection that can be used for a call of any kind. */
static bool is_free(const struct line *l, long long now)
{
	return l->used && l->link.state == TOW_LINK_IDLE && now >= l->again_us && !l->unsure;
}

/* Reconciling and exchanging exclude one another: what an exchange has just been given is not in
 * the list of what we hold. One that was lost gets what it claimed when it is repeated, or claims
 * anew what was put back meanwhile. */
static bool reconciling(const struct dispatcher *d, long long now)
{
	return calling(d, LINE_RECONCILE) ||
	       (d->claims.reconcile_us && now >= d->claims.reconcile_us);
}

bool line_send(struct line *l, enum line_call call, const char *verb, const char *const *values,
	       size_t n, long long now)
{
	struct tow_err e = { 0 };

	if (!tow_link_send(&l->link, now, &e, verb, values, n)) {
		tow_log_err(TOW_WARN, "line.lost", &e);
		return false;
	}
	l->call = call;
	return true;
}

void line_number(char text[24], long long number)
{
	snprintf(text, 24, "%lld", number);
}

/*--- the small calls */

static void ask_floor(struct dispatcher *d, struct line *l, long long now)
{
	TOW_AUTO_BUF bands = { 0 };
	TOW_AUTO_BUF lows = { 0 };
	char worker[24];

	line_number(worker, d->beat.worker);
	lows_write(&d->lows, &bands, &lows);
	if (!line_send(l, LINE_FLOOR, "tow.floor",
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

	line_number(worker, d->beat.worker);
	for (size_t i = 0; i < d->n_queues; i++) {
		struct queue *q = d->queues[i];

		q->arming = claims_want(d, q) > 0;
		if (q->arming)
			tow_buf_addf(&queues, "%c%d", queues.len ? ',' : '{', q->id);
	}
	tow_buf_adds(&queues, queues.len ? "}" : "{}");
	(void)line_send(l, LINE_PARK, "tow.park", (const char *[]){ worker, queues.data }, 2, now);
}

static void ask_drained(struct dispatcher *d, struct line *l, long long now)
{
	char worker[24];

	line_number(worker, d->beat.worker);
	d->claims.drain_asked =
		line_send(l, LINE_DRAINED, "tow.drained", (const char *[]){ worker }, 1, now);
}

static void ask_reconcile(struct dispatcher *d, struct line *l, long long now)
{
	TOW_AUTO_BUF jobs = { 0 };
	TOW_AUTO_BUF runs = { 0 };
	char worker[24];

	line_number(worker, d->beat.worker);
	hands_held(d, &jobs, &runs);
	if (line_send(l, LINE_RECONCILE, "tow.reconcile",
		      (const char *[]){ worker, jobs.data, runs.data }, 3, now))
		d->claims.reconcile_us = 0;
}

/*--- what a connection is used for next */

/* The second connection is for when there is much, or the first is stuck. */
static bool reluctant(const struct dispatcher *d, const struct line *l, long long now)
{
	const struct line *first = &d->lines[0];
	bool stuck = first->unsure || first->link.state == TOW_LINK_DOWN ||
		     first->link.state == TOW_LINK_DIALING || now < first->again_us;

	return l->number > 0 && !stuck && d->done.n < SECOND_LINE && !claims_starving(d);
}

/* How long outcomes may wait for more: not at all when there is nothing to do, but where lanes or
 * limits let nothing start before something ends, for what other slots end at any moment. */
static long long gather_us(const struct dispatcher *d)
{
	long long us = 0;

	for (size_t i = 0; i < d->n_queues; i++) {
		const struct queue *q = d->queues[i];

		if (q->stock.n > 0)
			return LET_GATHER;
		if (q->dry && q->again && q->given > 0 && q->avg_us < BRIEF)
			us = BRIEF;
	}
	return us;
}

/* What ended a moment ago may have done so after this turn began. */
static bool gathered(const struct dispatcher *d, long long now)
{
	long long us = gather_us(d);

	return d->done.n > 0 && (us == 0 || now - d->done_since_us >= us);
}

static bool worth_exchange(struct dispatcher *d, const struct line *l, long long now)
{
	bool pressing = d->phase != PHASE_RUN || d->done.n >= d->batch / 2 || claims_starving(d) ||
			gathered(d, now);

	if (reluctant(d, l, now))
		return false;
	if (d->done.n == 0 && !claims_hungry(d))
		return false;
	return pressing;
}

/* A floor clears what the worker had armed before it was woken: at the same time as a park it would
 * clear what that arms. */
static bool may_park(const struct dispatcher *d)
{
	return !calling(d, LINE_EXCHANGE) && !calling(d, LINE_PARK) && !calling(d, LINE_FLOOR);
}

static void next_call(struct dispatcher *d, struct line *l, long long now)
{
	if (now < l->again_us || d->distrust || !d->beat.attached || d->phase == PHASE_OVER)
		return;
	if (reconciling(d, now)) {
		if (!calling(d, LINE_RECONCILE) && !calling(d, LINE_EXCHANGE))
			ask_reconcile(d, l, now);
		return;
	}
	if (l->unsure) {
		exchange_send(d, l, now);
		return;
	}
	if (d->claims.eager && claims_hungry(d) && d->lows.memory) {
		d->claims.eager = false;
		exchange_ask(d, l, now);
		return;
	}
	if (!calling(d, LINE_FLOOR) && !calling(d, LINE_PARK) && claims_floor(d, now)) {
		ask_floor(d, l, now);
		return;
	}
	if (calling(d, LINE_FLOOR) && d->done.n == 0)
		return; /* claim from where it says */
	if (worth_exchange(d, l, now))
		exchange_ask(d, l, now);
	else if (may_park(d) && claims_park(d))
		ask_park(d, l, now);
	else if (claims_drain(d))
		ask_drained(d, l, now);
}

/*--- turns */

static void answered(struct dispatcher *d, struct line *l, const struct tow_rows *rows,
		     long long now)
{
	enum line_call call = l->call;

	l->call = LINE_NONE;
	l->failing = (struct tow_repeat){ 0 };
	switch (call) {
	case LINE_FLOOR:
		if (tow_rows_count(rows) == 1)
			on_floor(d, rows, now);
		break;
	case LINE_EXCHANGE:
		exchange_answered(d, l, rows, now);
		if (d->done.n == 0)
			hands_give(d, now); /* before a call wakes the server's process, on this
					       core perhaps: nothing has ended that it would tell */
		break;
	case LINE_PARK:
		if (tow_rows_count(rows) == 1 && tow_rows_at(rows, 0, 0))
			claims_parked(d, tow_rows_at(rows, 0, 0), now);
		break;
	case LINE_DRAINED:
		claims_told(d, tow_rows_count(rows) == 1 && *tow_rows_at(rows, 0, 0) == 't');
		break;
	case LINE_RECONCILE:
		if (tow_rows_count(rows) == 1 && strcmp(tow_rows_at(rows, 0, 0), "0") != 0)
			tow_log(TOW_INFO, "worker.reconciled", "jobs=%s", tow_rows_at(rows, 0, 0));
		claims_wake(d, false); /* the lost call may have cleared what was armed since */
		break;
	case LINE_NONE:
		break;
	}
}

static void refused(struct dispatcher *d, struct line *l, const struct tow_err *e, long long now)
{
	enum line_call call = l->call;

	l->call = LINE_NONE;
	(void)dispatcher_refused(d, e, false, now);
	if (call == LINE_EXCHANGE) {
		exchange_refused(d, l, e, now);
		return;
	}
	if (call == LINE_FLOOR)
		d->claims.floor_due = true;
	if (call == LINE_DRAINED)
		d->claims.drain_asked = false;
	if (call == LINE_RECONCILE)
		d->claims.reconcile_us = now + RECONCILE_US;
	if (strcmp(e->class, "TW410") == 0)
		hands_forget(d, now);
	else
		tow_log_again(TOW_WARN, "line.refused", e, &l->failing);
	l->again_us = now + tow_backoff_next(&l->backoff_us);
}

static void lost(struct dispatcher *d, struct line *l, const struct tow_err *e, long long now)
{
	if (l->call == LINE_EXCHANGE) {
		l->unsure = true;
		exchange_lower(d, l);
	}
	if (l->call == LINE_FLOOR)
		d->claims.floor_due = true;
	if (l->call == LINE_DRAINED)
		d->claims.drain_asked = false;
	l->call = LINE_NONE;
	d->claims.reconcile_us = now + RECONCILE_US;
	if (!dispatcher_refused(d, e, !d->lines[0].link.met, now))
		tow_log_again(TOW_WARN, "line.lost", e, &l->failing);
}

/* The heartbeat's connection fell silent: these are half open, too, or will be. What they carried
 * is asked for again. */
void lines_redial(struct dispatcher *d, long long now)
{
	for (int i = 0; i < LINES; i++) {
		struct line *l = &d->lines[i];
		struct tow_err e = { 0 };

		if (!l->used || l->link.state == TOW_LINK_DOWN)
			continue;
		tow_link_drop(&l->link, now);
		(void)tow_fail(&e, TOW_RETRY, "the database fell silent");
		lost(d, l, &e, now);
	}
}

static void turn(struct dispatcher *d, struct line *l, long long now)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err e = { 0 };
	const char *channel, *payload;

	if (!l->used || !d->begun)
		return;
	switch (tow_link_turn(&l->link, now, &rows, &e)) {
	case TOW_LINK_ANSWERED:
		answered(d, l, rows, now);
		break;
	case TOW_LINK_REFUSED:
		refused(d, l, &e, now);
		break;
	case TOW_LINK_LOST:
		lost(d, l, &e, now);
		break;
	case TOW_LINK_CONNECTED:
	case TOW_LINK_NOTHING:
		break;
	}
	if (l->link.state == TOW_LINK_IDLE)
		(void)tow_db_bell(l->link.db, &channel,
				  &payload); /* reads the socket: is it still there? */
	if (l->link.state == TOW_LINK_IDLE)
		next_call(d, l, now);
}

void lines_turn(struct dispatcher *d, long long now)
{
	for (int i = 0; i < LINES; i++)
		turn(d, &d->lines[i], now);
	if (!d->lines[1].used && d->lines[0].link.state == TOW_LINK_BUSY && d->beat.attached &&
	    (d->done.n >= 4 * SECOND_LINE ||
	     (claims_starving(d) && hands_busy(d) >= 4 * SECOND_LINE)))
		d->lines[1].used = true;
}

/* When a free line has something to do. What waits for another call to be answered is seen then. */
static long long work_at(const struct dispatcher *d, const struct line *l, long long now)
{
	bool looking = calling(d, LINE_FLOOR) || calling(d, LINE_PARK);
	long long wake = looking ? LLONG_MAX : claims_wake_at(d);
	long long gather = gather_us(d) ? gather_us(d) : LET_GATHER;

	if (reconciling(d, now))
		return LLONG_MAX;
	if (d->done.n > 0 && !reluctant(d, l, now) && d->done_since_us + gather < wake)
		wake = d->done_since_us + gather;
	if (d->claims.reconcile_us && d->claims.reconcile_us < wake)
		wake = d->claims.reconcile_us;
	return wake;
}

static long long line_wake(const struct dispatcher *d, const struct line *l, long long now)
{
	if (!l->used || !d->begun)
		return LLONG_MAX;
	if (l->link.state == TOW_LINK_IDLE && l->again_us > now)
		return l->again_us;
	if (is_free(l, now) && d->beat.attached && !d->distrust)
		return work_at(d, l, now);
	return tow_link_wake(&l->link);
}

/* Only what a line can act on now counts: the rest is seen when one is connected, answered or
 * allowed again. */
long long lines_wake(const struct dispatcher *d, long long now)
{
	long long wake = LLONG_MAX;

	for (int i = 0; i < LINES; i++) {
		long long at = line_wake(d, &d->lines[i], now);

		wake = at < wake ? at : wake;
	}
	return wake;
}
