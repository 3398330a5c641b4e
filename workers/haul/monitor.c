/* haul.monitor: watches one download client, as a daemon of the queue. A turn lasts ten minutes,
 * and keeps one session with the client all the while: it lists what the client holds, hands that
 * to haul.observe in one call, and sleeps for as long as that says, or until the client's settings
 * change (the channel haul_client_ID). What became of a listing is decided there, not here. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"
#include "session.h"

#define TURN_US (600 * 1000000LL)
#define LATCHED 5000 /* ms: who waits for a change looks now and then all the same */
#define LOOK_MS 500  /* how soon it sees that it shall end */

/* One client, while its settings are the same. */
struct watch {
	struct session session;
	char id[24], revision[24];
	bool is_blind; /* and has said so */
};

static void watch_release(struct watch *w)
{
	session_close(&w->session);
	*w = (struct watch){ .is_blind = w->is_blind };
}

#define AUTO_WATCH __attribute__((cleanup(watch_release))) struct watch

/*--- a cycle */

/* An answer of one number; NULL stands for "until something changes". */
static bool says_when(const struct tow_rows *rows)
{
	return tow_rows_count(rows) && tow_rows_at(rows, 0, 0);
}

static long long wait_said(const struct tow_rows *rows)
{
	return says_when(rows) ? atoll(tow_rows_at(rows, 0, 0)) : LATCHED;
}

/* A daemon that works and a client that is down look alike, unless it says so. */
static void say_blind(struct tow_job *j, struct watch *w, const struct tow_err *why)
{
	TOW_AUTO_BUF b = { 0 };

	if (w->is_blind == (why != NULL))
		return;
	if (why)
		tow_buf_addf(&b, "Sees nothing of it: %s", why->text);
	w->is_blind = why != NULL;
	tow_job_status(j, why ? b.data : "Sees it again", 0);
}

/* Where it must not be asked again the session ends: the next one is opened when haul.watch lets.
 */
static bool unreachable(struct tow_job *j, struct watch *w, struct tow_db *db,
			const struct tow_err *why, long long *wait_ms, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;

	if (!tow_call(db, &rows, e, "haul.unreachable", w->id, w->revision, why->class, why->text,
		      why->hint))
		return false;
	*wait_ms = wait_said(rows);
	say_blind(j, w, why);
	if (!says_when(rows))
		watch_release(w);
	return true;
}

/* A value that the database does not take is the client's doing: that is said of it, and it is
 * asked more and more seldom. */
static bool cannot_be(struct tow_err *e, struct tow_err *why)
{
	if (strncmp(e->class, "22", 2) != 0)
		return false;
	tow_fail_class(why, TOW_RETRY, "client.garbled", "it lists what cannot be: %s", e->text);
	*e = (struct tow_err){ 0 };
	return true;
}

static bool cycle(struct tow_job *j, struct watch *w, struct tow_db *db, long long *wait_ms,
		  struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_BUF text = { 0 };
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_listing listing = { 0 };
	struct tow_err why = { 0 };
	long long began = tow_mono_us();
	char took[24];

	if ((!*w->session.client.version &&
	     !w->session.client.driver->hello(&w->session.client, &a, &why)) ||
	    !w->session.client.driver->list(&w->session.client, &a, &listing, &why)) {
		tow_job_log(j, TOW_WARN, "%s", why.text);
		return unreachable(j, w, db, &why, wait_ms, e);
	}
	listing_add(&text, &w->session.client, &listing);
	snprintf(took, sizeof(took), "%lld", (tow_mono_us() - began) / 1000);
	if (!tow_call(db, &rows, e, "haul.observe", w->id, w->revision, text.data, took))
		return cannot_be(e, &why) && unreachable(j, w, db, &why, wait_ms, e);
	*wait_ms = wait_said(rows);
	say_blind(j, w, NULL);
	return true;
}

/*--- settings */

/* A pooler's sessions are not ours to listen in: there a change is seen when the next cycle is due,
 * or the next turn. */
static bool ask(struct tow_db *db, const char *name, struct tow_rows **rows, struct tow_err *e)
{
	return tow_call(db, rows, e, "haul.watch", name, tow_db_pooled(db) ? "f" : "t");
}

static bool is_same(const struct watch *w, const struct tow_rows *rows)
{
	const char *done = tow_rows_get(rows, 0, "done"), *was = w->session.done;

	return strcmp(w->revision, tow_rows_get(rows, 0, "revision")) == 0 &&
	       strcmp(was ? was : "", done ? done : "") == 0;
}

/* Asks who is to be watched; a session goes on while that has not changed. */
static bool look_up(struct tow_job *j, struct watch *w, struct tow_db *db, const char *name,
		    long long *wait_ms, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err why = { 0 };
	const char *wait;

	if (!ask(db, name, &rows, e))
		return false;
	wait = tow_rows_get(rows, 0, "wait_ms");
	*wait_ms = wait ? atoll(wait) : LATCHED;
	if (wait && session_is_open(&w->session) && is_same(w, rows))
		return true;
	watch_release(w);
	snprintf(w->id, sizeof(w->id), "%s", tow_rows_get(rows, 0, "id"));
	snprintf(w->revision, sizeof(w->revision), "%s", tow_rows_get(rows, 0, "revision"));
	return !wait || session_open(&w->session, rows, &why) ||
	       unreachable(j, w, db, &why, wait_ms, e);
}

/*--- a turn */

/* True when the settings may have changed. */
static bool rest(struct tow_job *j, struct tow_db *db, long long wait_ms)
{
	long long until = tow_mono_us() + wait_ms * 1000;
	const char *channel, *payload;
	bool rung = false;

	while (!rung && !tow_job_stopping(j) && tow_mono_us() < until) {
		struct pollfd fd = { .fd = tow_db_fd(db), .events = POLLIN };
		long long left = (until - tow_mono_us()) / 1000 + 1;

		(void)poll(&fd, 1, (int)(left < LOOK_MS ? left : LOOK_MS));
		while (tow_db_bell(db, &channel, &payload))
			rung = true;
		if (!tow_db_alive(db))
			break;
	}
	return rung;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	const char *name = tow_json_str(tow_job_args(j), "client", "");
	long long end = tow_mono_us() + TURN_US, wait_ms = 0;
	AUTO_WATCH w = { 0 };
	struct tow_db *db;
	bool rung = true;

	/* It listens from the first answer on: what has changed before is seen by the second. */
	if (!tow_job_db(j, &db, e) || !ask(db, name, NULL, e))
		return false;
	while (!tow_job_stopping(j) && tow_mono_us() < end) {
		if (rung && !look_up(j, &w, db, name, &wait_ms, e))
			return false;
		if (session_is_open(&w.session) && wait_ms <= 0 && !cycle(j, &w, db, &wait_ms, e))
			return false;
		rung = rest(j, db, wait_ms);
		if (session_is_open(&w.session))
			wait_ms = 0;
		else
			rung = true;
		if (!tow_db_alive(db))
			return tow_fail(e, TOW_RETRY, "the database's connection was lost");
	}
	return true;
}

const struct tow_kind tow_kind_monitor = {
	.name = "haul.monitor",
	.help = "watches a download client: {\"client\": \"NAME\"}; haul.add_client makes it",
	.timeout_s = 3600,
	.wants_db = true,
	.resident = true,
	.run = run,
};
