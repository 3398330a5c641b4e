/* haul.processor: a daemon's turn. Looks for complete downloads in a category, has them placed, and
 * then, if any was, the library's media servers told; waits for both without a slot. Its settings:
 * category, library, target, heartbeat_interval, job_interval_seconds.
 *
 * Where a turn is follows from its children: none yet, the one that places, then those that tell.
 */
#include <string.h>

#include "session.h"

#define BACK_OFF_S 30

static const char *quoted(struct tow_job *j, const char *text)
{
	TOW_AUTO_BUF b = { 0 };

	tow_json_quote(&b, text, strlen(text));
	return tow_strdup(tow_job_arena(j), b.data);
}

static bool spawn(struct tow_job *j, const char *kind, const char *tag, const char *args,
		  struct tow_err *e)
{
	tow_job_log(j, TOW_INFO, "launches %s (%s) with %s", tag, kind, args);
	return tow_job_spawn(
		j,
		tow_fmt(tow_job_arena(j),
			"{\"kind\":\"%s\",\"queue\":\"haul\",\"policy\":\"haul.work\",\"tags\":"
			"[\"%s\"],\"args\":%s}",
			kind, tag, args),
		e);
}

static double setting(struct tow_job *j, const char *name, long long fallback)
{
	long long n = tow_json_int(tow_job_args(j), name, fallback);

	return n > 0 ? (double)n : (double)fallback;
}

/* Goes on when they have ended, or to say again what is being done. */
static bool wait(struct tow_job *j, struct tow_err *e)
{
	return tow_wait(j, "children", NULL, setting(j, "heartbeat_interval", 30), e);
}

static bool rest(struct tow_job *j, const char *why, double seconds, struct tow_err *e)
{
	tow_job_status(j, tow_fmt(tow_job_arena(j), "%s, sleeping for %.0f seconds", why, seconds),
		       0);
	return tow_job_snooze(j, e, seconds);
}

static bool rest_as_set(struct tow_job *j, const char *why, struct tow_err *e)
{
	return rest(j, why, setting(j, "job_interval_seconds", 300), e);
}

static const char *some(struct tow_job *j, long long n, const char *noun)
{
	return tow_fmt(tow_job_arena(j), "%lld %s%s", n, noun, n == 1 ? "" : "s");
}

static bool is_known(const char *name)
{
	static const char *const known[] = { "category", "library", "target", "heartbeat_interval",
					     "job_interval_seconds" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

/* A word that nobody knows is a setting that somebody believes in. A turn remembers nothing of the
 * one before, but the slot does: it says the same words once to each daemon. */
static void note_unknown(struct tow_job *j)
{
	static struct tow_buf told;
	TOW_AUTO_BUF words = { 0 };
	const char *name, *line;
	void *iter = NULL;

	while (tow_json_next(tow_job_args(j), &iter, &name))
		if (!is_known(name))
			tow_buf_addf(&words, "%s'%s'", words.len ? ", " : "", name);
	if (words.len == 0)
		return;
	line = tow_fmt(tow_job_arena(j), "\n%lld: %s\n", tow_job_id(j), words.data);
	if (told.len && strstr(told.data, line))
		return;
	tow_job_log(j, TOW_WARN,
		    "the config has %s, which means nothing here: category, library, target, "
		    "heartbeat_interval and job_interval_seconds do",
		    words.data);
	tow_buf_adds(&told, line);
}

/*--- the three parts of a turn */

static bool check(struct tow_job *j, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);
	const char *category = tow_json_str(tow_job_args(j), "category", "xxx"),
		   *library = tow_json_str(tow_job_args(j), "library", NULL);
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_db *db;
	long long n;

	note_unknown(j);
	tow_job_status(j, "Checking for pending downloads", 0);
	if (!tow_job_db(j, &db, e) || !tow_call(db, &rows, e, "haul.pending", category, library))
		return false;
	n = tow_rows_int(rows, 0, "pending");
	if (n == 0)
		return rest_as_set(j, "No pending downloads", e);
	tow_job_status(j, tow_fmt(a, "Processing %s", some(j, n, "download")), 0);
	return spawn(j, "haul.process", "PROCESS_DOWNLOADS",
		     library ? tow_fmt(a, "{\"category\":%s,\"library\":%s}", quoted(j, category),
				       quoted(j, library))
			     : tow_fmt(a, "{\"category\":%s}", quoted(j, category)),
		     e) &&
	       wait(j, e);
}

/* Says of each download how it went; how many are in their place. */
static long long report(struct tow_job *j, const struct tow_json *said)
{
	const struct tow_json *items = tow_json_get(said, "items");

	for (size_t i = 0; i < tow_json_len(items); i++) {
		const struct tow_json *one = tow_json_at(items, i);
		const char *error = tow_json_str(one, "error", NULL),
			   *title = tow_json_str(one, "title", "?");

		if (error)
			tow_job_log(j, TOW_WARN, "%s: %s", title, error);
		else
			tow_job_log(j, TOW_INFO, "%s: %s, %lld linked, %lld copied", title,
				    some(j, tow_json_int(one, "files", 0), "file"),
				    tow_json_int(one, "linked", 0), tow_json_int(one, "copied", 0));
	}
	tow_job_log(j, TOW_INFO, "%s processed, %lld failed: %s, %lld linked, %lld copied",
		    some(j, tow_json_int(said, "processed", 0), "download"),
		    tow_json_int(said, "failed", 0),
		    some(j, tow_json_int(said, "files", 0), "file"),
		    tow_json_int(said, "linked", 0), tow_json_int(said, "copied", 0));
	return tow_json_int(said, "processed", 0);
}

/* What the child that placed them said; -1: it did not get there. */
static bool hear(struct tow_job *j, long long *processed, struct tow_err *e)
{
	const char *memory = tow_job_memory(j), *id;
	const struct tow_json *said;
	TOW_AUTO_JSON *doc = NULL;
	void *iter = NULL;

	*processed = -1;
	if (!tow_json_parse(&doc, memory, strlen(memory), e))
		return false;
	said = tow_json_next(tow_json_get(tow_json_get(doc, "children"), "results"), &iter, &id);
	if (said && tow_json_get(said, "processed"))
		*processed = report(j, said);
	return true;
}

static bool tell(struct tow_job *j, struct tow_err *e)
{
	const char *library = tow_json_str(tow_job_args(j), "library", NULL),
		   *target = tow_json_str(tow_job_args(j), "target", NULL);
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_db *db;
	long long n;

	if (!hear(j, &n, e) || !tow_job_db(j, &db, e) ||
	    !tow_call(db, &rows, e, "haul.listeners", library, target))
		return false;
	if (n < 0) {
		tow_job_log(j, TOW_ERROR, "PROCESS_DOWNLOADS failed: its own log says how");
		return rest(j, "Processing failed", BACK_OFF_S, e);
	}
	if (n == 0 || tow_rows_count(rows) == 0)
		return rest_as_set(
			j, tow_fmt(tow_job_arena(j), "Processed %s", some(j, n, "download")), e);
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		if (!spawn(j, "haul.scan", "STASH_SCAN",
			   tow_fmt(tow_job_arena(j), "{\"target\":%s}",
				   quoted(j, tow_rows_at(rows, i, 0))),
			   e))
			return false;
	tow_job_status(j, "Waiting for the metadata scan", 0);
	return wait(j, e);
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	struct tow_children c = tow_job_children(j);

	if (c.total == 0)
		return check(j, e);
	if (c.completed + c.failed + c.cancelled < c.total) {
		tow_job_log(j, TOW_DEBUG, "waits for %s",
			    c.total == 1 ? "PROCESS_DOWNLOADS" : "STASH_SCAN");
		return wait(j, e);
	}
	if (c.total == 1)
		return tell(j, e);
	return rest_as_set(j, c.failed ? "Processed, but a scan failed" : "Scan completed", e);
}

const struct tow_kind tow_kind_processor = {
	.name = "haul.processor",
	.help = "a daemon's turn: {\"category\": \"xxx\", \"library\": \"L\", \"target\": \"T\"}",
	.timeout_s = 3600,
	.wants_db = true,
	.run = run,
};
