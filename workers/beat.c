/* The heartbeat's connection: attach, beat, report progress and logs, hear the bell, and know when
 * our lease may be somebody else's. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "dispatcher.h"
#include "tow/log.h"
#include "tow/proc.h"

#define REPORT_EVERY_US 250000
#define REPORT_SOON_US	20000
#define REPORT_MOST	1000 /* lines */
#define KINDS_EVERY_US	30000000
#define MEMORY_EVERY_US 10000000
#define RELOCK_US	5000000
#define UNANSWERED_US	1000000
#define MISTAKE_US	80000000000 /* tow.status looks back for a day */

static long long every_us(const struct dispatcher *d)
{
	long long every = d->config.lease_ms * 1000LL / 6;

	return every < 2000000 ? every : 2000000;
}

/* An answer that takes longer than this will not come: the connection is half open. */
static long long patience_us(const struct dispatcher *d)
{
	long long quarter = d->config.lease_ms * 1000LL / 4;

	return quarter > 3000000 ? 3000000 : quarter;
}

/* How long before the end of its lease a worker gives up: more than the longest pause between two
 * attempts to connect, where the lease is long enough for that. */
static long long margin_us(const struct dispatcher *d)
{
	long long lease = d->config.lease_ms * 1000LL;
	long long margin = lease / 8 < 2000000 ? 2000000 : lease / 8;

	return lease / 2 < margin ? lease / 2 : margin;
}

void beat_init(struct dispatcher *d)
{
	tow_link_init(&d->beat.link, d->direct, "worker beat");
	d->beat.report_most = REPORT_MOST;
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

static void call(struct dispatcher *d, enum beat_call what, const char *verb,
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
	call(d, BEAT_ATTACH, "tow.attach",
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

/*--- beats and reports */

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
	call(d, BEAT_BEAT, "tow.heartbeat",
	     (const char *[]){ worker, d->phase == PHASE_RUN ? "running" : "draining", jobs.data,
			       runs.data, clock, d->beat.memory < 0 ? NULL : memory },
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

static void ask_report(struct dispatcher *d, long long now)
{
	TOW_AUTO_BUF progress = { 0 };
	TOW_AUTO_BUF log = { 0 };
	char worker[24];

	snprintf(worker, sizeof(worker), "%lld", d->beat.worker);
	reports_write(&d->reports, &progress, &log, d->beat.report_most,
		      d->beat.report_most == REPORT_MOST, now);
	d->beat.report_us = now;
	if (d->reports.lost) {
		tow_log(TOW_WARN, "report.dropped", "lines=%llu", d->reports.lost);
		d->reports.lost = 0;
	}
	call(d, BEAT_REPORT, "tow.report", (const char *[]){ worker, progress.data, log.data }, 3,
	     now);
}

static void on_report(struct dispatcher *d)
{
	struct beat *b = &d->beat;

	reports_sent(&d->reports);
	b->report_backoff_us = 0;
	b->report_most = b->report_most > REPORT_MOST / 2 ? REPORT_MOST : 2 * b->report_most;
}

/* What the database cannot take is looked for by halves, and left out. What it will not take now is
 * sent again. */
static void report_refused(struct dispatcher *d, const struct tow_err *e, long long now)
{
	struct beat *b = &d->beat;
	size_t lines = d->reports.out_lines;

	tow_log_err(TOW_WARN, "report.refused", e);
	if (e->code == TOW_RETRY) {
		b->report_again_us = now + tow_backoff_next(&b->report_backoff_us);
	} else if (strncmp(e->class, "22", 2) != 0) {
		tow_log(TOW_WARN, "report.dropped", "lines=%zu", lines);
		reports_sent(&d->reports);
	} else if (lines > 1 || (lines == 1 && b->report_most == REPORT_MOST)) {
		b->report_most = lines > 1 ? lines / 2 : 1;
	} else {
		reports_leave_out(&d->reports, e->class, now);
		b->report_most = REPORT_MOST;
	}
}

/* Lines soon after they were written, but at most four reports a second; at once at the end, and
 * while a bad line is looked for. */
static long long report_at(const struct dispatcher *d)
{
	const struct beat *b = &d->beat;
	long long soon = d->reports.since_us + REPORT_SOON_US,
		  next = b->report_us + REPORT_EVERY_US;

	if (!reports_any(&d->reports))
		return LLONG_MAX;
	if (d->phase == PHASE_OVER || b->report_most < REPORT_MOST)
		return b->report_again_us;
	next = soon > next ? soon : next;
	return next > b->report_again_us ? next : b->report_again_us;
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
	call(d, BEAT_RELOADED, "tow.reloaded", (const char *[]){ worker, d->beat.mistake }, 2, now);
}

static bool may_detach(const struct dispatcher *d)
{
	return d->phase == PHASE_OVER && !reports_any(&d->reports);
}

static void ask_kinds(struct dispatcher *d, long long now)
{
	d->beat.kinds_us = now;
	call(d, BEAT_KINDS, "tow.sql_kinds", NULL, 0, now);
}

static void next_call(struct dispatcher *d, long long now)
{
	struct beat *b = &d->beat;
	char worker[24];

	if (!b->attached) {
		ask_attach(d, now);
	} else if (may_detach(d)) {
		snprintf(worker, sizeof(worker), "%lld", b->worker);
		call(d, BEAT_DETACH, "tow.detach", (const char *[]){ worker }, 1, now);
	} else if (!b->kinds_heard && kinds_due(d, now)) {
		ask_kinds(d, now);
	} else if (b->urgent || now - b->sent_us >= every_us(d)) {
		ask_beat(d, now);
	} else if (reload_due(b, now)) {
		ask_reloaded(d, now);
	} else if (now >= report_at(d)) {
		ask_report(d, now);
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
		on_report(d);
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
		report_refused(d, e, now);
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

	return l->state == TOW_LINK_BUSY && now - l->since_us > patience_us(d);
}

/* The database, or what stands before it, has taken a connection and says nothing. */
static bool unanswered(const struct beat *b, long long now)
{
	const struct tow_link *l = &b->link;

	if (now - l->since_us < UNANSWERED_US)
		return false;
	return l->state == TOW_LINK_DIALING
		       ? !tow_db_wants_write(l->db)
		       : l->state == TOW_LINK_BUSY && b->connected_us > b->heard_us;
}

static long long lease_us(const struct dispatcher *d)
{
	return d->beat.heard_us + d->config.lease_ms * 1000LL - margin_us(d);
}

/* The lease runs out while the database takes connections but does not answer us: others may have
 * our jobs soon. While it cannot be reached at all nobody can take them, and slots go on. */
static void watch_lease(struct dispatcher *d, long long now)
{
	struct beat *b = &d->beat;

	if (!b->worker || now < lease_us(d) || !unanswered(b, now) || hands_busy(d) == 0)
		return;
	tow_log(TOW_ERROR, "lease.expiring", "worker=%lld silent_ms=%lld", b->worker,
		(now - b->heard_us) / 1000);
	hands_forget(d, now);
}

/* When watch_lease may have something to do; never what has passed. */
static long long lease_wake(const struct dispatcher *d, long long now)
{
	const struct beat *b = &d->beat;
	long long at = b->link.since_us + UNANSWERED_US;

	if (!b->worker)
		return LLONG_MAX;
	if (at < lease_us(d))
		at = lease_us(d);
	return at > now ? at : LLONG_MAX;
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
	watch_lease(d, now);
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
	long long wake = tow_link_wake(&b->link), report = report_at(d);

	if (b->link.state == TOW_LINK_BUSY)
		wake = b->link.since_us + patience_us(d);
	if (b->link.state == TOW_LINK_BUSY || b->link.state == TOW_LINK_DIALING)
		return wake < lease_wake(d, now) ? wake : lease_wake(d, now);
	if (b->link.state != TOW_LINK_IDLE)
		return wake;
	if (!b->attached || b->urgent || b->reloaded || may_detach(d))
		return now;
	wake = b->sent_us + every_us(d);
	return report < wake ? report : wake;
}
