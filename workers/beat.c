/* The heartbeat's connection: attach, beat, hear the bell. What jobs print goes over it by
 * telling.c; what its silence means is in lease.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "dispatcher.h"
#include "tow/log.h"
#include "tow/proc.h"

#define KINDS_EVERY_US	30000000
#define MEMORY_EVERY_US 10000000
#define RELOCK_US	5000000
#define MISTAKE_US	80000000000 /* tow.status looks back for a day */

static long long every_us(const struct dispatcher *d)
{
	long long every = d->config.lease_ms * 1000LL / 6;

	return every < 2000000 ? every : 2000000;
}

void beat_init(struct dispatcher *d)
{
	tow_link_init(&d->beat.link, d->direct, "worker beat");
	telling_init(d);
}

void beat_again(struct dispatcher *d)
{
	d->beat.attached = false;
	d->beat.wanted++;
}

void beat_reloaded(struct dispatcher *d, const char *mistake)
{
	free(d->beat.mistake);
	d->beat.mistake = *mistake ? tow_xstrdup(mistake) : NULL;
	d->beat.reloaded = true;
}

void beat_ask(struct dispatcher *d, enum beat_call what, const char *verb,
	      const char *const *values, size_t n, long long now)
{
	struct tow_err e = { 0 };

	if (!tow_link_send(&d->beat.link, now, &e, verb, values, n)) {
		d->beat.attached = false;
		tow_log_again(TOW_WARN, "beat.lost", &e, &d->beat.failing);
		return;
	}
	d->beat.call = what;
}

/*--- attach */

/* Other clocks than the database's decide nothing; people want to know of one that is wrong. */
static void write_clock(char text[40])
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	snprintf(text, 40, "%lld.%06ld", (long long)t.tv_sec, t.tv_nsec / 1000);
}

/* An attach whose answer is lost may have been committed: this says that the next is the same
 * worker's. Without one we might be there twice for as long as a lease. */
static const char *ticket(struct beat *b)
{
	unsigned long long random[2];

	if (b->worker)
		return NULL;
	if (!b->ticket[0] && getrandom(random, sizeof(random), 0) == sizeof(random))
		snprintf(b->ticket, sizeof(b->ticket), "%016llx%016llx", random[0], random[1]);
	return b->ticket[0] ? b->ticket : NULL;
}

static void ask_attach(struct dispatcher *d, long long now)
{
	TOW_AUTO_BUF queues = { 0 };
	TOW_AUTO_BUF slots = { 0 };
	TOW_AUTO_BUF shared = { 0 };
	TOW_AUTO_BUF kinds = { 0 };
	char host[256] = "", pid[24], lease[32], worker[24], clock[40];

	for (size_t i = 0; i < d->n_queues; i++) {
		if (!d->queues[i]->pool)
			continue;
		tow_array_add(&queues, d->queues[i]->name, strlen(d->queues[i]->name));
		tow_buf_addf(&slots, "%c%d", slots.len ? ',' : '{', queue_slots(d->queues[i]));
		tow_buf_addf(&shared, "%c%d", shared.len ? ',' : '{',
			     d->queues[i]->pool == &d->shared ? d->shared.slots : 0);
	}
	for (size_t i = 0; i < d->kinds.n; i++)
		tow_array_add(&kinds, d->kinds.items[i].name, strlen(d->kinds.items[i].name));
	tow_buf_adds(&queues, queues.len ? "}" : "{}");
	tow_buf_adds(&slots, slots.len ? "}" : "{}");
	tow_buf_adds(&shared, shared.len ? "}" : "{}");
	tow_buf_adds(&kinds, kinds.len ? "}" : "{}");
	gethostname(host, sizeof(host) - 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	snprintf(lease, sizeof(lease), "%ld ms", d->config.lease_ms);
	snprintf(worker, sizeof(worker), "%lld", d->beat.worker);
	write_clock(clock);
	d->beat.sent_us = now;
	d->beat.asked = d->beat.wanted;
	beat_ask(d, BEAT_ATTACH, "tow.attach",
		 (const char *[]){ d->config.name ? d->config.name : host, host, pid, TOW_VERSION,
				   queues.data, slots.data, kinds.data, lease,
				   d->beat.worker ? worker : NULL, d->config.listen ? "t" : "f",
				   tow_db_pooled(d->beat.link.db) ? "f" : "t", clock, shared.data,
				   ticket(&d->beat) },
		 14, now);
}

/* Queue ids come in the order in which the queues were named. An answer about queues that were
 * other ones meanwhile says nothing of these. */
static void take_ids(struct dispatcher *d, const long long *ids, size_t n)
{
	size_t at = 0;

	if (d->beat.asked != d->beat.wanted)
		return;
	for (size_t i = 0; i < d->n_queues; i++)
		if (d->queues[i]->pool && at < n)
			d->queues[i]->id = (int)ids[at++];
	d->beat.attached = true;
	if (d->phase == PHASE_RUN)
		tow_sd_notify("READY=1\nSTATUS=attached");
}

static void note_pooler(struct beat *b)
{
	bool pooled = tow_db_pooled(b->link.db);

	if (pooled && !b->pooled)
		tow_log(TOW_WARN, "worker.pooled",
			"hint='the heartbeat goes through a pooler: no bell rings, so we poll, and "
			"others wait for our lease if we die; --direct or TOW_DIRECT_URL: an "
			"address past it'");
	b->pooled = pooled;
}

static void on_attach(struct dispatcher *d, const struct tow_rows *rows)
{
	struct beat *b = &d->beat;
	TOW_AUTO_FREE long long *ids = NULL;
	size_t n = 0;
	bool first = b->worker == 0, held;

	if (tow_rows_count(rows) != 1 || !ints_parse(tow_rows_get(rows, 0, "queue_ids"), &ids, &n))
		return;
	held = strcmp(tow_rows_get(rows, 0, "held"), "t") == 0;
	b->worker = tow_rows_int(rows, 0, "worker");
	b->ticket[0] = '\0';
	b->heard_us = b->sent_us;
	d->begun = true;
	d->distrust = false;
	d->unminded_us = 0; /* what was away may have been the database */
	snprintf(b->bell, sizeof(b->bell), "%s", tow_rows_get(rows, 0, "bell"));
	take_ids(d, ids, n);
	tow_log(TOW_INFO, first ? "worker.attached" : "worker.again", "worker=%lld held=%s",
		b->worker, held ? "yes" : "no");
	b->held = held;
	note_pooler(b);
	b->urgent = true;
	b->reloaded |= first && b->mistake; /* a new worker has it, too */
	claims_wake(d, true);
}

/*--- kinds registered in the database */

static void on_kinds(struct dispatcher *d, const struct tow_rows *rows)
{
	const struct tow_kind *how = kinds_builtin("sql");

	d->beat.kinds_heard = true;
	kinds_release(&d->registered);
	for (size_t i = 0; how && i < tow_rows_count(rows); i++)
		kinds_add(&d->registered, tow_rows_get(rows, i, "name"), how)->timeout_ms =
			(long)tow_rows_int(rows, i, "timeout_ms");
	if (dispatcher_kinds(d))
		beat_again(d);
}

/* Before the first answer nothing is claimed; later, now and then. */
static bool kinds_due(const struct dispatcher *d, long long now)
{
	const struct beat *b = &d->beat;

	return d->config.sql_kinds && !b->no_sql_kinds &&
	       (!b->kinds_us || !b->kinds_heard || now - b->kinds_us > KINDS_EVERY_US);
}

/*--- beats */

/* Of ours and all slots: a look at each costs more than a beat does. */
static void measure(struct dispatcher *d, long long now)
{
	struct beat *b = &d->beat;

	if (b->memory_us && now - b->memory_us < MEMORY_EVERY_US)
		return;
	b->memory_us = now;
	b->memory = tow_proc_memory(getpid());
	for (size_t i = 0; b->memory >= 0 && i < d->slots.n; i++) {
		pid_t pid = d->slots.items[i]->pid;
		long long its = pid ? tow_proc_memory(pid) : 0;

		b->memory += its > 0 ? its : 0;
	}
}

static void ask_beat(struct dispatcher *d, long long now)
{
	TOW_AUTO_BUF jobs = { 0 };
	TOW_AUTO_BUF runs = { 0 };
	char worker[24], clock[40], memory[24];

	hands_held(d, &jobs, &runs);
	snprintf(worker, sizeof(worker), "%lld", d->beat.worker);
	write_clock(clock);
	measure(d, now);
	snprintf(memory, sizeof(memory), "%lld", d->beat.memory);
	d->beat.urgent = false;
	d->beat.sent_us = now;
	beat_ask(d, BEAT_BEAT, "tow.heartbeat",
		 (const char *[]){ worker, d->phase == PHASE_RUN ? "running" : "draining",
				   jobs.data, runs.data, clock,
				   d->beat.memory < 0 ? NULL : memory },
		 6, now);
}

static void on_beat(struct dispatcher *d, const struct tow_rows *rows, long long now)
{
	bool unminded = false;

	d->beat.heard_us = d->beat.sent_us;
	d->beat.backoff_us = 0;
	d->beat.failing = (struct tow_repeat){ 0 };
	d->distrust = false;
	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		const char *what = tow_rows_get(rows, i, "what");

		if (strcmp(what, "lost") == 0)
			hands_lost(d, tow_rows_int(rows, i, "run"), now);
		else if (strcmp(what, "cancel") == 0)
			hands_cancel(d, tow_rows_int(rows, i, "run"),
				     tow_rows_get(rows, i, "detail"), now);
		else if (strcmp(what, "tick") == 0)
			unminded = true;
		else if (strcmp(what, "leave") == 0)
			dispatcher_leave(d, now);
		else if (strcmp(what, "sweep") == 0)
			lows_sweep(&d->lows);
		else if (strcmp(what, "gone") == 0) {
			hands_forget(d, now);
			return;
		}
	}
	children_scheduler(d, unminded, now);
}

/* At once, and of a mistake that is not mended once a day. */
static bool reload_due(const struct beat *b, long long now)
{
	return b->reloaded || (b->mistake && now - b->reload_us > MISTAKE_US);
}

static void ask_reloaded(struct dispatcher *d, long long now)
{
	char worker[24];

	snprintf(worker, sizeof(worker), "%lld", d->beat.worker);
	d->beat.reload_us = now;
	d->beat.reloaded = false;
	beat_ask(d, BEAT_RELOADED, "tow.reloaded", (const char *[]){ worker, d->beat.mistake }, 2,
		 now);
}

static bool may_detach(const struct dispatcher *d)
{
	return d->phase == PHASE_OVER && !reports_any(&d->reports);
}

static void ask_kinds(struct dispatcher *d, long long now)
{
	d->beat.kinds_us = now;
	beat_ask(d, BEAT_KINDS, "tow.sql_kinds", NULL, 0, now);
}

static void next_call(struct dispatcher *d, long long now)
{
	struct beat *b = &d->beat;
	char worker[24];

	if (!b->attached) {
		ask_attach(d, now);
	} else if (may_detach(d)) {
		snprintf(worker, sizeof(worker), "%lld", b->worker);
		beat_ask(d, BEAT_DETACH, "tow.detach", (const char *[]){ worker }, 1, now);
	} else if (!b->kinds_heard && kinds_due(d, now)) {
		ask_kinds(d, now);
	} else if (b->urgent || now - b->sent_us >= every_us(d)) {
		ask_beat(d, now);
	} else if (reload_due(b, now)) {
		ask_reloaded(d, now);
	} else if (now >= telling_at(d)) {
		telling_ask(d, now);
	} else if (kinds_due(d, now)) {
		ask_kinds(d, now);
	} else if (!b->held && !b->pooled && d->config.listen &&
		   now - b->connected_us > RELOCK_US) {
		b->connected_us = now;
		ask_attach(d, now);
	}
}

/*--- turns */

static void answered(struct dispatcher *d, const struct tow_rows *rows, long long now)
{
	enum beat_call what = d->beat.call;

	d->beat.call = BEAT_NONE;
	switch (what) {
	case BEAT_ATTACH:
		on_attach(d, rows);
		break;
	case BEAT_KINDS:
		on_kinds(d, rows);
		break;
	case BEAT_BEAT:
		on_beat(d, rows, now);
		break;
	case BEAT_DETACH:
		d->beat.detached = true;
		break;
	case BEAT_REPORT:
		telling_done(d);
		break;
	case BEAT_RELOADED:
	case BEAT_NONE:
		break;
	}
}

/* An attach that is answered says nothing of the beat that comes after it: the pauses grow until
 * one of those is. */
static void begin_anew(struct beat *b, long long now)
{
	tow_link_drop(&b->link, now);
	b->link.retry_at_us = now + tow_backoff_next(&b->backoff_us);
	b->attached = false;
}

static void complain(struct dispatcher *d, const char *event, const struct tow_err *e,
		     long long now)
{
	if (!dispatcher_refused(d, e, !d->begun, now))
		tow_log_again(TOW_WARN, event, e, &d->beat.failing);
}

static void refused(struct dispatcher *d, struct tow_err *e, long long now)
{
	struct beat *b = &d->beat;
	enum beat_call what = b->call;

	b->call = BEAT_NONE;
	if (what == BEAT_KINDS) {
		b->no_sql_kinds = strcmp(e->class, "42883") == 0;
		b->kinds_heard = true; /* that we shall not hear of any, for now */
		tow_log_err(TOW_DEBUG, "kinds.unknown", e);
		return;
	}
	if (what == BEAT_DETACH) {
		b->detached = true;
		return;
	}
	if (what == BEAT_RELOADED) { /* an older schema: the log has it */
		tow_log_err(TOW_DEBUG, "reload.untold", e);
		return;
	}
	if (strcmp(e->class, "TW410") == 0) {
		hands_forget(d, now);
		return;
	}
	if (what == BEAT_REPORT) {
		telling_refused(d, e, now);
		return;
	}
	tow_db_blame_login(b->link.db, "tow_worker", e);
	begin_anew(b, now);
	complain(d, "beat.refused", e, now);
}

static void ring(struct dispatcher *d)
{
	const char *channel, *payload;

	while (tow_db_bell(d->beat.link.db, &channel, &payload)) {
		if (strcmp(channel, d->beat.bell) == 0 && strcmp(payload, "cancel") == 0)
			d->beat.urgent = true;
		else
			claims_wake(d, true);
	}
}

/* Connected, but the answer does not come: half open, or the server is stuck. */
static bool silent(const struct dispatcher *d, long long now)
{
	const struct tow_link *l = &d->beat.link;

	return l->state == TOW_LINK_BUSY && now - l->since_us > lease_patience_us(d);
}

void beat_turn(struct dispatcher *d, long long now)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct beat *b = &d->beat;
	struct tow_err e = { 0 };

	switch (tow_link_turn(&b->link, now, &rows, &e)) {
	case TOW_LINK_CONNECTED:
		b->connected_us = now;
		b->attached = false;
		lows_forget(&d->lows); /* a server that crashed gives out positions again */
		break;
	case TOW_LINK_ANSWERED:
		answered(d, rows, now);
		break;
	case TOW_LINK_REFUSED:
		refused(d, &e, now);
		break;
	case TOW_LINK_LOST:
		b->attached = false;
		b->reloaded |= b->call == BEAT_RELOADED;
		b->call = BEAT_NONE;
		complain(d, "beat.lost", &e, now);
		break;
	case TOW_LINK_NOTHING:
		break;
	}
	if (b->link.state == TOW_LINK_IDLE || b->link.state == TOW_LINK_BUSY)
		ring(d);
	if (b->link.state == TOW_LINK_IDLE && !b->detached)
		next_call(d, now);
	lease_watch(d, now);
	if (silent(d, now)) {
		tow_log(TOW_WARN, "beat.silent", "ms=%lld", (now - b->link.since_us) / 1000);
		tow_link_drop(&b->link, now);
		b->attached = false;
		b->reloaded |= b->call == BEAT_RELOADED;
		b->call = BEAT_NONE;
		lines_redial(d, now);
		steps_redial(d, now);
	}
}

long long beat_wake(const struct dispatcher *d, long long now)
{
	const struct beat *b = &d->beat;
	long long wake = tow_link_wake(&b->link), report = telling_at(d);

	if (b->link.state == TOW_LINK_BUSY)
		wake = b->link.since_us + lease_patience_us(d);
	if (b->link.state == TOW_LINK_BUSY || b->link.state == TOW_LINK_DIALING)
		return wake < lease_wake(d, now) ? wake : lease_wake(d, now);
	if (b->link.state != TOW_LINK_IDLE)
		return wake;
	if (!b->attached || b->urgent || b->reloaded || may_detach(d))
		return now;
	wake = b->sent_us + every_us(d);
	return report < wake ? report : wake;
}
