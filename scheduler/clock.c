/* The clock: see clock.h. */
#include "clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attend.h"
#include "tow/link.h"
#include "tow/log.h"
#include "tow/proc.h"

#define TURNS_US     100000  /* of one duty before others are looked at again */
#define TELL_US	     5000000 /* and a sign of life among them: after 15 s others take over */
#define PAUSE_LEAST  1000    /* us between looks while somebody may enqueue without ringing */
#define PAUSE_MOST   100000
#define BACKOFF_MOST 5000000
#define POLL_US	     1000000 /* between two looks of whom no bell reaches */
#define WAIT_MOST_MS 5000    /* and of whom it does */
#define ALONG_MS     500     /* what is due within, and ran so long ago, runs along with others */
#define LONGER	     1.05 /* than a sleep its bell is armed: the next look may put the end later */
#define LONGER_MS    1	  /* and where that is nothing */

/*--- duties */

static struct duty *find_duty(const struct clock *c, const char *name)
{
	for (size_t i = 0; i < c->n_duties; i++)
		if (strcmp(c->duties[i].name, name) == 0)
			return &c->duties[i];
	return NULL;
}

static struct duty *duty_named(struct clock *c, const char *name)
{
	struct duty *d = find_duty(c, name);

	if (d)
		return d;
	c->duties = tow_xrealloc(c->duties, (c->n_duties + 1) * sizeof(*c->duties));
	d = &c->duties[c->n_duties++];
	*d = (struct duty){ 0 };
	snprintf(d->name, sizeof(d->name), "%s", name);
	return d;
}

/* A duty that fails is noted where people see it, and waits for its next time. */
static bool note_failure(struct clock *c, const char *name, struct tow_err *e)
{
	struct tow_err why = *e;

	if (!tow_db_alive(c->db) || e->code == TOW_SHUTDOWN)
		return false;
	tow_log_err(TOW_ERROR, "duty.failed", e);
	return attend_ask(c, NULL, e, "tow.duty_failed", (const char *[]){ name, why.text }, 2);
}

/* How long ago each duty ran here, as tow.tick wants it: one that it is not told of is due. */
static void write_ago(const struct clock *c, struct tow_buf *b)
{
	long long now = tow_mono_us();
	const char *comma = "";

	tow_buf_addc(b, '{');
	for (size_t i = 0; i < c->n_duties; i++) {
		if (c->duties[i].unfinished)
			continue;
		tow_buf_addf(b, "%s\"%s\":%.3f", comma, c->duties[i].name,
			     (double)(now - c->duties[i].ran_us) / 1000);
		comma = ",";
	}
	tow_buf_addc(b, '}');
}

static void write_vain(const struct clock *c, struct tow_buf *b)
{
	const char *comma = "";

	tow_buf_addc(b, '{');
	for (size_t i = 0; i < c->n_duties; i++) {
		if (!c->duties[i].vain)
			continue;
		tow_buf_addf(b, "%s%s", comma, c->duties[i].name);
		comma = ",";
	}
	tow_buf_addc(b, '}');
}

/* What is due; and the scheduler's sign of life. */
static bool ask_tick(struct clock *c, struct tow_rows **rows, struct tow_err *e)
{
	TOW_AUTO_BUF ago = { 0 };
	TOW_AUTO_BUF vain = { 0 };
	char id[24];

	snprintf(id, sizeof(id), "%lld", c->id);
	write_ago(c, &ago);
	write_vain(c, &vain);
	c->told_us = tow_mono_us();
	return attend_ask(
		c, rows, e, "tow.tick",
		(const char *[]){ id, ago.data, c->dozed[0] ? c->dozed : NULL, vain.data }, 4);
}

static bool tell(struct clock *c, struct tow_err *e)
{
	return tow_mono_us() - c->told_us < TELL_US || ask_tick(c, NULL, e);
}

static bool take_turn(struct clock *c, struct duty *d, bool *over, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	const char *count;

	if (!attend_ask(c, &rows, e, "tow.duty", (const char *[]){ d->name }, 1))
		return false;
	count = tow_rows_count(rows) == 1 ? tow_rows_at(rows, 0, 0) : NULL;
	*over = !count || atoi(count) == 0;
	if (*over)
		return true;
	tow_log(TOW_DEBUG, "duty.done", "duty=%s count=%s", d->name, count);
	d->did = true;
	return tell(c, e);
}

/* A duty with very much to do goes on after the others, whose instants come meanwhile. */
static bool take_turns(struct clock *c, const char *name, struct tow_err *e)
{
	struct duty *d = duty_named(c, name);
	long long start = tow_mono_us();
	bool over = false;

	while (!over && tow_mono_us() - start < TURNS_US)
		if (!take_turn(c, d, &over, e))
			return false;
	d->unfinished = !over;
	return true;
}

static bool take_turns_apart(struct clock *c, const char *name, struct tow_err *e)
{
	struct tow_db *own;
	bool ok = attend_apart(c, &own, e) && take_turns(c, name, e);

	attend_back(c, own);
	return ok;
}

static bool run_duty(struct clock *c, const char *name, bool apart, struct tow_err *e)
{
	struct duty *d = duty_named(c, name);

	d->ran_us = tow_mono_us();
	d->unfinished = d->did = false;
	if (apart ? take_turns_apart(c, name, e) : take_turns(c, name, e)) {
		d->backoff_us = d->again_us = 0;
		d->vain = d->vain && !d->did;
		return true;
	}
	if (!apart) /* there each failure is somebody's, who is left alone then */
		d->again_us = tow_mono_us() + tow_backoff_next(&d->backoff_us);
	return note_failure(c, name, e);
}

struct tick {
	bool exit, ran, safe;
	bool changed;	       /* what was due before the turns may not be all */
	double wait_ms;	       /* of what is due first */
	long long answered_us; /* counted from here: turns that came after have taken their time */
	char first[64];	       /* what that is, if it can have its turn without another look */
};

/* What is overdue and fails would be tried all the time. */
static double wait_of(const struct clock *c, const struct tow_rows *rows, size_t i)
{
	const char *wait_ms = tow_rows_get(rows, i, "wait_ms");
	const char *name = tow_rows_get(rows, i, "duty");
	const struct duty *d = name ? find_duty(c, name) : NULL;
	double ms = wait_ms ? strtod(wait_ms, NULL) : WAIT_MOST_MS, left;

	if (!d || d->again_us == 0)
		return ms;
	left = (double)(d->again_us - tow_mono_us()) / 1000;
	return left > ms ? left : ms;
}

static bool is(const struct tow_rows *rows, size_t i, const char *column)
{
	const char *value = tow_rows_get(rows, i, column);

	return value && *value == 't';
}

/* Whoever is up anyway has the turns, too, that are due soon: one waking a second is for all. */
static bool soon(struct clock *c, const char *name, double ms)
{
	return ms <= ALONG_MS && tow_mono_us() - duty_named(c, name)->ran_us >= ALONG_MS * 1000;
}

static bool note_watch(struct clock *c, const struct tow_rows *rows, size_t i)
{
	const char *ms = tow_rows_get(rows, i, "watch_ms");

	if (!ms)
		return false;
	snprintf(c->watch, sizeof(c->watch), "%s", tow_rows_get(rows, i, "duty"));
	c->watch_us = (long long)(strtod(ms, NULL) * 1000);
	return true;
}

static bool tick(struct clock *c, struct tick *t, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;

	*t = (struct tick){ .ran = c->up, .wait_ms = WAIT_MOST_MS };
	c->up = false;
	c->watch[0] = '\0';
	if (!ask_tick(c, &rows, e))
		return false;
	t->answered_us = tow_mono_us();
	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		t->ran |= tow_rows_get(rows, i, "duty") && wait_of(c, rows, i) <= 0;
		t->safe = is(rows, i, "safe");
	}
	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		const char *duty = tow_rows_get(rows, i, "duty");
		double ms = wait_of(c, rows, i);
		bool apart = is(rows, i, "apart"), watch = note_watch(c, rows, i);

		if (duty && strcmp(duty, "exit") == 0) {
			t->exit = true;
			return true;
		}
		if (duty && (ms <= 0 || (t->ran && !apart && soon(c, duty, ms)))) {
			if (!run_duty(c, duty, apart, e))
				return false;
			duty_named(c, duty)->vain |= ms <= 0 && !duty_named(c, duty)->did;
			t->changed |= !watch || duty_named(c, duty)->did;
		} else if (!watch && ms < t->wait_ms) {
			t->wait_ms = ms;
			snprintf(t->first, sizeof(t->first), "%s", duty && !apart ? duty : "");
		}
	}
	return true;
}

/*--- sleep */

static bool arm(struct clock *c, double ms, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	char id[24], text[40];

	snprintf(id, sizeof(id), "%lld", c->id);
	ms = ms * LONGER + LONGER_MS;
	snprintf(text, sizeof(text), "%.3f", ms);
	c->armed_us = tow_mono_us() + (long long)(ms * 1000);
	if (!attend_ask(c, &rows, e, "tow.doze", (const char *[]){ id, text }, 2))
		return false;
	snprintf(c->dozed, sizeof(c->dozed), "%s",
		 tow_rows_count(rows) == 1 ? tow_rows_at(rows, 0, 0) : "");
	c->pause_us = PAUSE_LEAST;
	return true;
}

static void disarm(struct clock *c)
{
	c->dozed[0] = '\0';
	c->rung = false;
}

static bool wait_for_bell(struct clock *c, long long us, struct tow_err *e)
{
	if (!attend_wait(c, tow_db_fd(c->db), POLLIN, us))
		return tow_fail(e, TOW_SHUTDOWN, "asked to stop");
	attend_hear(c);
	return true;
}

static long long next_turn(const struct clock *c, const struct duty *watch)
{
	long long turn = watch->ran_us + c->watch_us;

	return watch->again_us > turn ? watch->again_us : turn;
}

/* Sleep until the instant, the bell, or a signal (an error). Whoever is looked after has his turns
 * meanwhile, until one of them does something. */
static bool doze(struct clock *c, long long us, struct tow_err *e)
{
	long long until = tow_mono_us() + us, now;
	struct duty *watch = c->watch[0] ? duty_named(c, c->watch) : NULL;

	c->backoff_us = 0; /* only now: all that comes before it has been answered */
	c->failing = (struct tow_repeat){ 0 };
	while (!c->rung && tow_db_alive(c->db) && (now = tow_mono_us()) < until) {
		long long turn = watch ? next_turn(c, watch) : until;

		if (turn > now) {
			if (!wait_for_bell(c, (turn < until ? turn : until) - now, e))
				return false;
		} else if (!run_duty(c, watch->name, false, e)) {
			return false;
		} else if (watch->did) {
			c->rung = true;
		}
	}
	return true;
}

/* Nothing is due: arm the bell, look once more, and sleep when nothing can slip past it. Whoever
 * has slept until something is due does that at once. Otherwise the bell is armed again for as long
 * before the next look: mostly there is nothing to do, and then one look is enough. */
static bool rest(struct clock *c, const struct tick *t, struct tow_err *e)
{
	long long now = tow_mono_us(), armed = c->armed_us - now;
	long long us = t->answered_us + (long long)(t->wait_ms * 1000) + 1 - now;
	bool whole;

	if (c->rung) {
		disarm(c);
		return true;
	}
	if (c->pooled)
		return doze(c, us < POLL_US ? us : POLL_US, e);
	if (!c->dozed[0])
		return arm(c, us > 0 ? (double)us / 1000 : 0, e);
	whole = us <= armed;
	us = whole ? us : armed;
	if (!t->safe && us > c->pause_us) {
		us = c->pause_us;
		c->pause_us = 2 * us > PAUSE_MOST ? PAUSE_MOST : 2 * us;
		return doze(c, us, e);
	}
	if (!doze(c, us, e))
		return false;
	if (c->rung || !tow_db_alive(c->db)) {
		disarm(c);
		return true;
	}
	c->up = whole && t->first[0];
	if (c->up)
		return run_duty(c, t->first, false, e) && arm(c, WAIT_MOST_MS, e);
	return arm(c, t->wait_ms, e);
}

/*--- the life of it */

static bool mind(struct clock *c, struct tow_err *e)
{
	struct tick t;

	disarm(c);
	c->pause_us = 0;
	for (;;) {
		if (!tick(c, &t, e))
			return false;
		if (t.exit)
			return true;
		if (t.changed)
			disarm(c); /* and arm it: then everything is looked at once more */
		if (t.changed && c->pooled)
			continue;
		if (!rest(c, &t, e))
			return false;
		if (!tow_db_alive(c->db))
			return tow_fail_class(e, TOW_RETRY, "08006", "the connection was closed");
	}
}

/* Doubles up to five seconds; a random part of it less. False: asked to stop. */
static bool back_off(struct clock *c)
{
	long long most = c->backoff_us < 50000 ? 50000 : c->backoff_us;

	c->backoff_us = 2 * most > BACKOFF_MOST ? BACKOFF_MOST : 2 * most;
	return attend_wait(c, -1, 0, most / 2 + random() % (most / 2 + 1));
}

int clock_run(struct clock *c)
{
	bool over = false;
	int status = 0;

	srandom((unsigned)(tow_mono_us() ^ getpid()));
	while (!over) {
		struct tow_err why = { 0 };

		c->id = 0;
		if (attend_begin(c, &why) && mind(c, &why))
			over = true;
		over = over || why.code == TOW_SHUTDOWN;
		if (over)
			attend_leave(c);
		tow_db_closep(&c->db);
		if (over)
			break;
		status = c->begun || c->early ? 0 : tow_db_refusal(&why);
		if (status)
			tow_log_err(TOW_ERROR, "scheduler.refused", &why);
		else
			tow_log_again(TOW_WARN, "scheduler.lost", &why, &c->failing);
		over = status || !back_off(c);
	}
	free(c->duties);
	return status;
}
