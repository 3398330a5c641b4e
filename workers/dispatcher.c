/* The loop: wait for whatever comes first, let each part have its turn. */
#include "dispatcher.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "options.h"
#include "tow/log.h"
#include "tow/proc.h"

#define FIXED	    (3 + LINES) /* descriptors that are not slots' */
#define FAREWELL_US 10000000	/* how long the last outcomes may take once every slot is empty */
#define HURRIED_US  1000000	/* and of one that is hurried */

struct queue *dispatcher_queue(struct dispatcher *d, int id)
{
	for (size_t i = 0; i < d->n_queues; i++)
		if (d->queues[i]->id == id)
			return d->queues[i];
	return NULL;
}

static struct queue *queue_named(struct dispatcher *d, const char *name)
{
	struct queue *q;

	for (size_t i = 0; i < d->n_queues; i++)
		if (strcmp(d->queues[i]->name, name) == 0)
			return d->queues[i];
	q = tow_xcalloc(1, sizeof(*q));
	q->name = tow_xstrdup(name);
	pool_empty(&q->own, q->name, 0);
	d->queues = tow_xrealloc(d->queues, (d->n_queues + 1) * sizeof(*d->queues));
	d->queues[d->n_queues++] = q;
	return q;
}

struct pool *dispatcher_pool(struct dispatcher *d, size_t i)
{
	return i == 0 ? &d->shared : &d->queues[i - 1]->own;
}

static void set_queue(struct dispatcher *d, const struct queue_wish *w)
{
	struct queue *q = queue_named(d, w->name);

	if (w->weight > 0) {
		d->shared.slots = d->config.slots;
		pool_add(&d->shared, q, w->weight);
	} else {
		pool_empty(&q->own, q->name, w->slots);
		pool_add(&q->own, q, 1);
	}
}

/* Queues that are no longer named stay known, without slots, until what they hold is over. */
static void set_queues(struct dispatcher *d)
{
	pool_empty(&d->shared, "shared", 0);
	d->shared.strict = d->config.strict;
	for (size_t i = 0; i < d->n_queues; i++) {
		pool_empty(&d->queues[i]->own, d->queues[i]->name, 0);
		d->queues[i]->pool = NULL;
	}
	for (size_t i = 0; i < d->config.n_queues; i++)
		set_queue(d, &d->config.queues[i]);
	for (size_t i = 0; i <= d->n_queues; i++)
		slots_resize(&d->slots, dispatcher_pool(d, i));
	slots_sweep(&d->slots);
	hands_return_stock(d);
}

/* What the file says outweighs what is registered. */
bool dispatcher_kinds(struct dispatcher *d)
{
	struct kinds all;

	kinds_copy(&all, &d->config.kinds);
	for (size_t i = 0; d->config.sql_kinds && i < d->registered.n; i++) {
		const struct kind *k = &d->registered.items[i];

		if (!kinds_find(&all, k->name))
			kinds_add(&all, k->name, k->how)->timeout_ms = k->timeout_ms;
	}
	if (kinds_equal(&all, &d->kinds)) {
		kinds_release(&all);
		return false;
	}
	kinds_release(&d->kinds);
	d->kinds = all;
	slots_renew(&d->slots, &d->kinds);
	return true;
}

/*--- signals */

static void reload(struct dispatcher *d)
{
	TOW_AUTO_BUF changed = { 0 };
	struct config fresh;
	struct tow_err e = { 0 };

	tow_sd_notify("RELOADING=1");
	config_init(&fresh);
	if (!options_config(d->options, &fresh, &e)) {
		config_release(&fresh);
		tow_log_err(TOW_ERROR, "reload.refused", &e);
	} else {
		config_changes(&d->config, &fresh, &changed);
		config_release(&d->config);
		d->config = fresh;
		(void)dispatcher_kinds(d);
		set_queues(d);
		d->beat.kinds_us = 0;
		beat_again(d);
		tow_log(TOW_INFO, "worker.reloaded", "queues=%zu kinds=%zu changed='%s'",
			d->config.n_queues, d->kinds.n, changed.len ? changed.data : "nothing");
	}
	beat_reloaded(d, e.text);
	if (d->begun)
		tow_sd_notify("READY=1");
}

static void end_slots(struct dispatcher *d, bool residents, long long now)
{
	struct runs back = { 0 };

	for (size_t i = 0; i < d->slots.n; i++) {
		struct run *r = d->slots.items[i]->jobs.first;

		if (r && (r->resident || !residents))
			slot_end(d->slots.items[i], END_SHUTDOWN, d->grace_ms, &back, now);
	}
	hands_back(d, &back);
}

static void begin_end(struct dispatcher *d, long long now)
{
	d->phase = PHASE_END;
	end_slots(d, false, now);
}

static void begin_drain(struct dispatcher *d, long long now)
{
	struct runs back = { 0 };

	d->phase = PHASE_DRAIN;
	d->beat.urgent = true; /* nobody shall ring for us */
	d->grace_ms = d->config.kill_ms;
	d->farewell_us = FAREWELL_US;
	d->end_us = now + d->config.grace_ms * 1000LL;
	tow_log(TOW_INFO, "worker.stopping", "running=%zu grace_s=%ld", hands_busy(d),
		d->config.grace_ms / 1000);
	hands_return_stock(d);
	for (size_t i = 0; i < d->slots.n; i++)
		slot_take_back(d->slots.items[i], &back);
	hands_back(d, &back);
	end_slots(d, true, now);
	if (d->scheduler)
		kill(d->scheduler, SIGTERM);
}

static void stop(struct dispatcher *d, long long now)
{
	if (d->phase == PHASE_RUN) {
		tow_sd_notify("STOPPING=1");
		begin_drain(d, now);
		return;
	}
	if (d->patient) {
		d->patient = false;
		d->end_us = now + d->config.grace_ms * 1000LL;
		tow_sd_notify("STOPPING=1");
		return;
	}
	d->grace_ms = d->grace_ms > 1000 ? 1000 : 0; /* hurry; then at once */
	d->farewell_us = HURRIED_US;
	if (d->end_us > now)
		d->end_us = now;
	if (d->phase != PHASE_OVER)
		begin_end(d, now);
}

/* A service manager is not told that we stop: it would count the time from there, and kill what it
 * shall wait for. tow up understands the first word, and starts another in our place. */
void dispatcher_leave(struct dispatcher *d, long long now)
{
	if (d->phase != PHASE_RUN)
		return;
	tow_sd_notify("X_TOWPATH_LEAVES=1\nSTATUS=asked to leave: goes when its jobs have ended");
	begin_drain(d, now);
	d->patient = true;
}

/* A worker that has worked can wait until somebody changes back what he changed. One that never
 * could would only look as if it did; and whoever waits for the end of one that drains cannot. */
bool dispatcher_refused(struct dispatcher *d, const struct tow_err *e, bool first, long long now)
{
	int status = tow_db_refusal(e);

	if (!status || d->early || !(first || d->options->drain) || d->phase != PHASE_RUN)
		return false;
	d->refused = status;
	tow_log_err(TOW_ERROR, "worker.refused", e);
	stop(d, now);
	return true;
}

static void read_signals(struct dispatcher *d, long long now)
{
	struct signalfd_siginfo s;

	while (read(d->signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		if (s.ssi_signo == SIGCHLD)
			children_reap(d);
		else if (s.ssi_signo == SIGHUP)
			reload(d);
		else
			stop(d, now);
	}
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/*--- phases */

/* When what could not be told by then is left untold. */
static long long given_up_us(const struct dispatcher *d)
{
	return d->end_us + d->farewell_us + d->grace_ms * 1000LL;
}

/* Nothing runs and nothing is to be said: then say goodbye. Without a database, wait a little, then
 * go anyway: what we held is put back when our lease is over. */
static void step_phase(struct dispatcher *d, long long now)
{
	if (d->phase == PHASE_RUN && d->beat.attached && claims_drained(d))
		stop(d, now);
	if (d->phase == PHASE_DRAIN && !d->patient && now >= d->end_us)
		begin_end(d, now);
	if ((d->phase == PHASE_DRAIN || d->phase == PHASE_END) && hands_busy(d) == 0) {
		if (lines_quiet(d) || !d->beat.worker) {
			d->phase = PHASE_OVER;
			d->end_us = now + d->farewell_us;
		} else if (now >= given_up_us(d)) {
			tow_log(TOW_WARN, "worker.unreported", "outcomes=%zu", d->done.n);
			d->phase = PHASE_OVER;
			d->end_us = now;
		}
	}
}

static bool finished(const struct dispatcher *d, long long now)
{
	return d->phase == PHASE_OVER && (d->beat.detached || !d->beat.worker || now >= d->end_us);
}

static long long phase_wake(const struct dispatcher *d)
{
	if (d->phase == PHASE_END && hands_busy(d) == 0)
		return given_up_us(d);
	return d->phase == PHASE_RUN || d->phase == PHASE_END ||
			       (d->phase == PHASE_DRAIN && d->patient)
		       ? LLONG_MAX
		       : d->end_us;
}

/* Our lease is over: we were stopped, or cut off, and somebody may have our jobs. Nothing is
 * started or said until a heartbeat has told. */
static void mind_the_gap(struct dispatcher *d, long long now)
{
	struct runs back = { 0 };
	long long silent_us = now - d->beat.heard_us;

	if (d->distrust || !d->beat.worker || silent_us < d->config.lease_ms * 1000LL)
		return;
	tow_log(TOW_WARN, "worker.overslept", "ms=%lld", silent_us / 1000);
	d->distrust = true;
	d->beat.urgent = true;
	for (size_t i = 0; i < d->slots.n; i++)
		slot_take_back(d->slots.items[i], &back);
	hands_back(d, &back);
}

/*--- the loop */

static long long least(long long a, long long b)
{
	return a < b ? a : b;
}

static size_t gather(struct dispatcher *d, struct pollfd *p)
{
	size_t n = 0;

	p[n++] = (struct pollfd){ .fd = d->signals, .events = POLLIN };
	tow_link_poll(&d->beat.link, &p[n++]);
	tow_link_poll(&d->steps.link, &p[n++]);
	for (int i = 0; i < LINES; i++)
		tow_link_poll(&d->lines[i].link, &p[n++]);
	for (size_t i = 0; i < d->slots.n; i++) {
		const struct slot *s = d->slots.items[i];
		short out = s->outbox.len > 0 ? POLLOUT : 0;

		p[n++] = (struct pollfd){ .fd = s->exited ? -1 : s->socket,
					  .events = (short)(POLLIN | out) };
		p[n++] = (struct pollfd){ .fd = s->exited ? -1 : s->out, .events = POLLIN };
		p[n++] = (struct pollfd){ .fd = s->exited ? -1 : s->err, .events = POLLIN };
	}
	return n;
}

static long long next_wake(const struct dispatcher *d, long long now)
{
	long long wake = least(beat_wake(d, now), lines_wake(d, now));

	wake = least(wake, watch_wake(d, now));
	wake = least(wake, steps_wake(d, now));
	wake = least(wake, phase_wake(d));
	if (d->watchdog_us)
		wake = least(wake, d->turn_us + d->watchdog_us);
	return wake;
}

static void sleep_until(struct pollfd *p, size_t n, long long wake, long long now)
{
	long long us = wake <= now ? 0 : wake - now;
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	(void)ppoll(p, n, wake == LLONG_MAX ? NULL : &t, NULL);
}

static void turn(struct dispatcher *d, struct pollfd *p, long long now)
{
	const struct pollfd *slot = p + FIXED;

	for (size_t i = 0; i < d->slots.n; i++, slot += 3)
		if (slot[0].revents || slot[1].revents || slot[2].revents)
			hands_read(d, d->slots.items[i], now);
	if (p[0].revents)
		read_signals(d, now);
	watch_slots(d, now);
	beat_turn(d, now);
	steps_turn(d, now);
	lines_turn(d, now);
	if (hands_fork(d))
		slots_fork(&d->slots, now);
	hands_give(d, now);
	lines_turn(d, now); /* what was just given or ended may be worth another call */
	hands_give(d, now); /* an answer may have come this moment, and nothing else wakes us */
	step_phase(d, now);
}

static void loop(struct dispatcher *d)
{
	struct pollfd *p = NULL;
	size_t room = 0;
	long long now = tow_mono_us();

	while (!finished(d, now)) {
		size_t need = FIXED + 3 * d->slots.n, n;
		long long wake = next_wake(d, now);

		if (!p || need > room)
			p = tow_xrealloc(p, (room = need) * sizeof(*p));
		n = gather(d, p);
		sleep_until(p, n, wake, now);
		now = tow_mono_us();
		mind_the_gap(d, now);
		if (d->watchdog_us && now - d->turn_us >= d->watchdog_us) {
			tow_sd_notify("WATCHDOG=1");
			d->turn_us = now;
		}
		turn(d, p, now);
	}
	free(p);
}

static void release(struct dispatcher *d)
{
	slots_release(&d->slots);
	reports_release(&d->reports);
	runs_free(&d->done);
	lines_forget(d);
	for (int i = 0; i < LINES; i++)
		tow_db_closep(&d->lines[i].link.db);
	tow_db_closep(&d->beat.link.db);
	tow_db_closep(&d->steps.link.db);
	lows_forget(&d->lows);
	free(d->claims.parked);
	for (size_t i = 0; i < d->n_queues; i++) {
		runs_free(&d->queues[i]->stock);
		pool_release(&d->queues[i]->own);
		free(d->queues[i]->name);
		free(d->queues[i]);
	}
	free(d->queues);
	free(d->beat.mistake);
	pool_release(&d->shared);
	kinds_release(&d->kinds);
	kinds_release(&d->registered);
	config_release(&d->config);
	tow_closep(&d->signals);
}

int dispatcher_run(struct dispatcher *d)
{
	long long now = tow_mono_us();

	srandom((unsigned)(now ^ getpid()));
	d->signals = open_signals();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	slots_init(&d->slots, d->url);
	(void)dispatcher_kinds(d);
	set_queues(d);
	beat_init(d);
	lines_init(d);
	steps_init(d);
	d->watchdog_us = tow_sd_watchdog_ms() * 500;
	d->turn_us = now;
	loop(d);
	tow_log(TOW_INFO, "worker.stopped", NULL);
	release(d);
	if (d->refused)
		return d->refused;
	return d->beat.detached || !d->beat.worker ? EX_OK : EX_TEMPFAIL;
}
