/* The scheduler's connection: see attend.h. */
#include "attend.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tow/log.h"
#include "tow/proc.h"

#define SILENT_US 70000000 /* no call may take longer: the server limits each to a minute */
#define LIMIT_MS  60000	   /* what a statement may take here */
#define APART_MS  1000	   /* and one that calls users' functions */
#define LEAVE_US  2000000  /* what a goodbye may take: without it we are missed a little later */

/* No wait is much longer than five seconds, so this is also where the watchdog hears from us. */
bool attend_wait(struct clock *c, int fd, short events, long long us)
{
	struct pollfd p[2] = { { .fd = c->signals, .events = POLLIN },
			       { .fd = fd, .events = events } };
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	tow_sd_notify("WATCHDOG=1");
	if (us > 0)
		(void)ppoll(p, 2, &t, NULL);
	else
		(void)poll(p, 2, 0);
	return !p[0].revents;
}

void attend_hear(struct clock *c)
{
	const char *channel, *payload;

	while (tow_db_bell(c->db, &channel, &payload))
		c->rung = true;
}

/* One call, to its end or until we are asked to stop. */
static bool finish(struct clock *c, struct tow_rows **rows, struct tow_err *e)
{
	long long start = tow_mono_us();
	bool cancelled = c->limit_us == 0;

	for (;;) {
		enum tow_db_state state = tow_db_take(c->db, rows, e);

		if (state != TOW_DB_BUSY)
			return state == TOW_DB_DONE;
		if (!cancelled && tow_mono_us() - start > c->limit_us) {
			tow_db_cancel(c->db);
			cancelled = true;
		}
		if (tow_mono_us() - start > SILENT_US)
			return tow_fail_class(e, TOW_RETRY, "08006",
					      "the database does not answer");
		if (!attend_wait(c, tow_db_fd(c->db),
				 tow_db_wants_write(c->db) ? POLLIN | POLLOUT : POLLIN,
				 c->limit_us && c->limit_us < 1000000 ? c->limit_us : 1000000))
			return tow_fail(e, TOW_SHUTDOWN, "asked to stop");
	}
}

bool attend_ask(struct clock *c, struct tow_rows **rows, struct tow_err *e, const char *verb,
		const char *const *values, size_t n)
{
	struct tow_rows *ignored = NULL;
	bool ok = tow_db_send(c->db, e, verb, values, n) && finish(c, rows ? rows : &ignored, e);

	tow_rows_free(ignored);
	if (ok)
		attend_hear(c);
	return ok;
}

/* The server ends what takes longer. Behind a pooler a setting of the session would be somebody
 * else's, too: then we look at the time ourselves. */
static bool limit(struct clock *c, long ms, struct tow_err *e)
{
	char text[24];

	c->limit_us = c->pooled ? ms * 1000LL : 0;
	snprintf(text, sizeof(text), "%ld", ms);
	return c->pooled || attend_ask(c, NULL, e, "tow.limit", (const char *[]){ text }, 1);
}

static void note_pooler(struct clock *c)
{
	bool pooled = tow_db_pooled(c->db);

	if (pooled && !c->pooled)
		tow_log(TOW_WARN, "scheduler.pooled",
			"hint='a pooler stands before the database: no bell rings, so we look "
			"every second; --direct or TOW_DIRECT_URL: an address past it'");
	c->pooled = pooled;
}

bool attend_begin(struct clock *c, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	char host[256] = "", pid[24], now[40];
	struct timespec t;

	gethostname(host, sizeof(host) - 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	c->limit_us = 0;
	if (!tow_db_dial(&c->db, c->url, "scheduler", e) || !finish(c, &rows, e))
		return false;
	note_pooler(c);
	clock_gettime(CLOCK_REALTIME, &t);
	snprintf(now, sizeof(now), "%lld.%06ld", (long long)t.tv_sec, t.tv_nsec / 1000);
	if (!attend_ask(c, &rows, e, "tow.attend",
			(const char *[]){ c->name ? c->name : host, host, pid, TOW_VERSION,
					  c->standby ? "t" : "f", c->pooled ? "f" : "t", now },
			7)) {
		tow_db_blame_login(c->db, "tow_worker", e);
		return false;
	}
	if (tow_rows_count(rows) != 1)
		return tow_fail(e, TOW_BUG, "tow.attend gave %zu rows", tow_rows_count(rows));
	c->id = tow_rows_int(rows, 0, "scheduler");
	if (!limit(c, LIMIT_MS, e))
		return false;
	c->begun = true;
	tow_log(TOW_INFO, "scheduler.attending", "scheduler=%lld standby=%s", c->id,
		c->standby ? "yes" : "no");
	tow_sd_notify("READY=1");
	return true;
}

bool attend_apart(struct clock *c, struct tow_db **own, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;

	*own = c->db;
	c->db = NULL;
	return tow_db_dial(&c->db, c->url, "scheduler duty", e) && finish(c, &rows, e) &&
	       limit(c, APART_MS, e);
}

void attend_back(struct clock *c, struct tow_db *own)
{
	tow_db_closep(&c->db);
	c->db = own;
	c->limit_us = c->pooled ? LIMIT_MS * 1000LL : 0;
}

void attend_leave(struct clock *c)
{
	long long until = tow_mono_us() + LEAVE_US, now;
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err e;
	char id[24];

	snprintf(id, sizeof(id), "%lld", c->id);
	if (!c->db || !c->id || !tow_db_alive(c->db) ||
	    !tow_db_send(c->db, &e, "tow.leave", (const char *[]){ id }, 1))
		return;
	while (tow_db_take(c->db, &rows, &e) == TOW_DB_BUSY && (now = tow_mono_us()) < until) {
		struct pollfd p = { .fd = tow_db_fd(c->db), .events = POLLIN };

		if (tow_db_wants_write(c->db))
			p.events |= POLLOUT;
		(void)poll(&p, 1, (int)((until - now) / 1000) + 1);
	}
}
