/* haul.fetch: downloads a file by itself, for clients of driver web. What it has stays when it ends
 * too early, and the next attempt goes on from there. */
#include <string.h>

#include "session.h"
#include "tow/fetch.h"

#define TELL_US	  1000000
#define SMOOTHING 0.3 /* how much the last second counts in the speed that is told */
#define AGAIN_S	  5   /* after a failure that came after progress */

/* What was told last. */
struct told {
	long long us, at;
	double down;
};

static struct tow_fetch_what what_of(const struct tow_rows *rows, const char *root)
{
	return (struct tow_fetch_what){
		.url = tow_rows_get(rows, 0, "link"),
		.root = root,
		.key = tow_rows_get(rows, 0, "key"),
		.of = tow_rows_get(rows, 0, "own"),
		.name = tow_rows_get(rows, 0, "name"),
		.named = strcmp(tow_rows_get(rows, 0, "named"), "t") == 0,
		.checksum = tow_rows_get(rows, 0, "checksum"),
		.rate = tow_rows_int(rows, 0, "down_limit"),
		.stall_ms = (long)tow_rows_int(rows, 0, "stall_ms"),
		.then = tow_rows_get(rows, 0, "library"),
		.reserve = tow_rows_int(rows, 0, "reserve"),
	};
}

/*--- what is told */

#define UNANSWERED (-1.0) /* no speed, not even none */

static void add_text(struct tow_buf *b, const char *name, const char *text)
{
	if (!text)
		return;
	tow_buf_addf(b, ",\"%s\":", name);
	tow_json_quote(b, text, strlen(text));
}

static bool tell(struct tow_job *j, struct tow_db *db, const char *root,
		 const struct tow_fetch_seen *seen, double down, const char *error,
		 struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_BUF b = { 0 };

	tow_buf_addf(&b, "{\"at\":%lld", seen->at);
	if (seen->size >= 0)
		tow_buf_addf(&b, ",\"size\":%lld", seen->size);
	if (!error && down >= 0)
		tow_buf_addf(&b, ",\"down\":%.0f", down);
	add_text(&b, "key", seen->key);
	add_text(&b, "name", seen->name);
	add_text(&b, "folder", seen->key ? tow_fmt(&a, "%s/%s", root, seen->key) : NULL);
	add_text(&b, "error", error);
	tow_buf_addc(&b, '}');
	return tow_call(db, NULL, e, "haul.fetching", work_download(j), b.data);
}

/* Once a second, and only what has changed; but as long as it reads what is here already, which may
 * take minutes, nobody shall think that the server is silent. */
static bool tell_now_and_then(struct tow_job *j, struct tow_db *db, const char *root,
			      const struct tow_fetch *f, struct told *told, struct tow_err *e)
{
	struct tow_fetch_seen seen = tow_fetch_seen(f);
	long long now = tow_mono_us(), past = now - told->us, came = seen.at - told->at;
	double down;

	tow_job_count(j, seen.at, seen.size > 0 ? seen.size : 0, seen.name);
	if (past < TELL_US)
		return true;
	down = 1e6 * (double)(came > 0 ? came : 0) / (double)past;
	if (told->down > 0 && came > 0)
		down = SMOOTHING * down + (1 - SMOOTHING) * told->down;
	if (seen.reading) {
		down = UNANSWERED;
	} else if (came == 0 && told->down <= 0) {
		told->us = now;
		return true;
	}
	*told = (struct told){ now, seen.at, down };
	return tell(j, db, root, &seen, down, NULL, e);
}

/*--- how it ends */

/* Who has told the job to end knows why. */
static bool moved_on(struct tow_job *j, const struct tow_err *why)
{
	if (strcmp(why->class, "TW410") != 0)
		return false;
	tow_job_log(j, TOW_INFO, "%s", why->text);
	return true;
}

/* A server that breaks off again and again, and each time gives a little more, is not given up. */
static bool failed(struct tow_job *j, struct tow_db *db, const char *root,
		   const struct tow_fetch_seen *seen, struct tow_err *e)
{
	struct tow_err also = { 0 };

	if (moved_on(j, e))
		return true;
	if (e->code != TOW_RETRY)
		return work_failed(j, db, NULL, e);
	if (!tell(j, db, root, seen, 0, e->text, &also)) {
		if (moved_on(j, &also))
			return true;
		if (!work_again(j, &also))
			return work_failed(j, db, NULL, e);
		*e = also;
		return false;
	}
	if (seen->at > seen->found && strncmp(e->class, "http.", 5) == 0 && seen->retry_after < 0) {
		tow_job_log(j, TOW_WARN, "%s; it has come further, and goes on", e->text);
		return tow_job_snooze(j, e, AGAIN_S);
	}
	if (seen->retry_after >= 0)
		(void)tow_job_retry_in(j, e, (double)seen->retry_after);
	return work_failed(j, db, NULL, e);
}

static bool go(struct tow_job *j, struct tow_db *db, const char *root, struct tow_fetch *f,
	       struct tow_err *e)
{
	struct tow_fetch_seen seen = tow_fetch_seen(f);
	struct told told = { tow_mono_us(), seen.at, 0 };

	if (!tell(j, db, root, &seen, UNANSWERED, NULL, e))
		return false;
	while (tow_fetch_more(f)) {
		if (tow_job_stopping(j))
			return tow_fail(e, TOW_CANCELLED, "asked to stop");
		if (!tell_now_and_then(j, db, root, f, &told, e))
			return false;
	}
	return true;
}

static bool fetch(struct tow_job *j, struct tow_db *db, const char *root,
		  const struct tow_fetch_what *what, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);
	struct tow_fetch_seen seen = { .size = -1, .retry_after = -1 };
	struct tow_fetched got;
	struct tow_fetch *f;
	bool ok;

	if (!tow_fetch_begin(&f, what, e))
		return failed(j, db, root, &seen, e);
	ok = go(j, db, root, f, e);
	seen = tow_fetch_seen(f);
	seen.key = tow_strdup(a, seen.key);
	seen.name = tow_strdup(a, seen.name);
	if (ok)
		ok = tow_fetch_end(f, a, &got, e);
	else
		tow_fetch_drop(f);
	if (!ok)
		return failed(j, db, root, &seen, e);
	if (tow_call(db, NULL, e, "haul.fetched", work_download(j), got.key, got.name,
		     tow_fmt(a, "%s/%s", root, got.key), tow_fmt(a, "%lld", got.size)))
		return true;
	return moved_on(j, e) || work_failed(j, db, NULL, e);
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_fetch_what what;
	const char *root;
	struct tow_db *db;

	if (!work_begin(j, &db, "haul.begin_fetch", &rows, e))
		return false;
	if (!rows)
		return true;
	if (!tow_fetch_root(tow_job_arena(j), tow_rows_get(rows, 0, "root"), &root, e))
		return work_failed(j, db, NULL, e);
	what = what_of(rows, root);
	return fetch(j, db, root, &what, e);
}

const struct tow_kind tow_kind_fetch = {
	.name = "haul.fetch",
	.help = "downloads a file by itself: {\"download\": ID}; haul.grab makes it",
	.timeout_s = 86400,
	.wants_db = true,
	.run = run,
};
