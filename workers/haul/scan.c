/* haul.scan: tells a media server of folders that have changed, all at once, and follows the scan
 * to its end where the server says how far it is. */
#include <string.h>
#include <time.h>

#include "session.h"
#include "tow/place.h"

#define LOOK_MS 1000

static const char *const *paths_of(struct tow_arena *a, const char *json, struct tow_err *e)
{
	TOW_AUTO_JSON *list = NULL;
	const char **paths;
	size_t n;

	if (!tow_json_parse(&list, json, strlen(json), e))
		return NULL;
	n = tow_json_len(list);
	paths = tow_alloc(a, (n + 1) * sizeof(*paths));
	for (size_t i = 0; i < n; i++)
		paths[i] = tow_place_bytes(a, tow_json_text(tow_json_at(list, i)));
	/* "" stands for everything, whatever else is named */
	return n > 0 && *paths[0] == '\0' ? tow_alloc(a, sizeof(*paths)) : paths;
}

static bool follow(struct tow_job *j, struct tow_target *t, const char *job, struct tow_err *e)
{
	struct timespec look = { LOOK_MS / 1000, LOOK_MS % 1000 * 1000000L };

	for (;;) {
		TOW_AUTO_ARENA a = { 0 };
		struct tow_target_progress p = { .percent = -1 };

		if (!t->driver->follow(t, &a, job, &p, e))
			return false;
		tow_job_progress(j, p.percent, p.note);
		if (p.state == TARGET_FAILED)
			return tow_fail_class(e, TOW_RETRY, "target.refused", "the scan failed: %s",
					      p.note ? p.note : "it does not say why");
		if (p.state == TARGET_DONE)
			return true;
		if (tow_job_stopping(j))
			return tow_fail(e, TOW_CANCELLED, "asked to stop");
		(void)nanosleep(&look, NULL);
	}
}

static bool scan(struct tow_job *j, const struct tow_rows *rows, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);
	struct tow_target_scan what = { .event = tow_rows_get(rows, 0, "event"),
					.data = tow_rows_get(rows, 0, "data") };
	AUTO_TARGET_SESSION s = { 0 };
	const char *job = NULL;

	what.paths = paths_of(a, tow_rows_get(rows, 0, "paths"), e);
	if (!what.paths || !target_session_open(&s, rows, e) ||
	    !s.target.driver->scan(&s.target, a, &what, &job, e))
		return false;
	return !job || !s.target.driver->follow || follow(j, &s.target, job, e);
}

static bool tell(struct tow_job *j, struct tow_err *e)
{
	const char *name = tow_json_str(tow_job_args(j), "target", ""),
		   *id = tow_fmt(tow_job_arena(j), "%lld", tow_job_id(j));
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err also = { 0 };
	struct tow_db *db;

	if (!tow_job_db(j, &db, e))
		return false;
	if (!tow_call(db, &rows, e, "haul.begin_scan", name, id))
		return strcmp(e->class, "TW410") == 0;
	if (strcmp(tow_rows_get(rows, 0, "paths"), "[]") == 0)
		return true; /* told by another job meanwhile */
	if (scan(j, rows, e))
		return tow_call(db, NULL, e, "haul.scanned", name, id);
	if (e->code != TOW_CANCELLED &&
	    !tow_call(db, NULL, &also, "haul.scanned", name, id, e->class, e->text, e->hint))
		tow_job_log(j, TOW_WARN, "%s", also.text);
	return false;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	if (tell(j, e))
		return true;
	(void)work_again(j, e);
	return false;
}

const struct tow_kind tow_kind_scan = {
	.name = "haul.scan",
	.help = "tells a media server what has changed: {\"target\": \"NAME\"}; imports make it",
	.timeout_s = 3600,
	.wants_db = true,
	.run = run,
};
