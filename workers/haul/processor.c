/* haul.processor: a daemon's turn. Looks for complete downloads in a category, has them placed, and
 * then, if any was, a media server told; waits for both without a slot.
 * Its settings: category, library, target, heartbeat_interval and job_interval_seconds. */
#include <string.h>

#include "session.h"

static const char *quoted(struct tow_job *j, const char *text)
{
	TOW_AUTO_BUF b = { 0 };

	tow_json_quote(&b, text, strlen(text));
	return tow_strdup(tow_job_arena(j), b.data);
}

static bool launch(struct tow_job *j, const char *kind, const char *args, struct tow_err *e)
{
	return tow_job_spawn(j,
			     tow_fmt(tow_job_arena(j),
				     "{\"kind\":\"%s\",\"queue\":\"haul\",\"args\":%s}", kind,
				     args),
			     e) &&
	       tow_wait_children(j, e);
}

static bool rest(struct tow_job *j, const char *why)
{
	tow_job_status(j,
		       tow_fmt(tow_job_arena(j), "%s, sleeping for %lld seconds", why,
			       tow_json_int(tow_job_args(j), "job_interval_seconds", 300)),
		       0);
	return true;
}

static bool check(struct tow_job *j, struct tow_err *e)
{
	const struct tow_json *args = tow_job_args(j);
	const char *category = tow_json_str(args, "category", "xxx"),
		   *library = tow_json_str(args, "library", NULL);
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_db *db;

	tow_job_status(j, "Checking for pending downloads", 0);
	if (!tow_job_db(j, &db, e) || !tow_call(db, &rows, e, "haul.pending", category, library))
		return false;
	if (strcmp(tow_rows_at(rows, 0, 0), "0") == 0)
		return rest(j, "No pending downloads");
	tow_job_log(j, TOW_INFO, "%s downloads to process", tow_rows_at(rows, 0, 0));
	tow_job_status(
		j, tow_fmt(tow_job_arena(j), "Processing %s downloads", tow_rows_at(rows, 0, 0)),
		0);
	return launch(j, "haul.process",
		      library ? tow_fmt(tow_job_arena(j), "{\"category\":%s,\"library\":%s}",
					quoted(j, category), quoted(j, library))
			      : tow_fmt(tow_job_arena(j), "{\"category\":%s}", quoted(j, category)),
		      e);
}

/* What the first child, haul.process, said. */
static bool processed(struct tow_job *j, long long *n, struct tow_err *e)
{
	const char *memory = tow_job_memory(j), *id;
	const struct tow_json *one;
	TOW_AUTO_JSON *doc = NULL;
	void *iter = NULL;

	*n = 0;
	if (!tow_json_parse(&doc, memory, strlen(memory), e))
		return false;
	while ((one = tow_json_next(tow_json_get(tow_json_get(doc, "children"), "results"), &iter,
				    &id)))
		*n += tow_json_int(one, "processed", 0);
	return true;
}

static bool scan(struct tow_job *j, struct tow_err *e)
{
	const char *target = tow_json_str(tow_job_args(j), "target", NULL);
	long long n;

	if (!processed(j, &n, e))
		return false;
	tow_job_log(j, TOW_INFO, "%lld downloads processed", n);
	if (n == 0 || !target)
		return rest(j, tow_fmt(tow_job_arena(j), "Processed %lld downloads", n));
	tow_job_status(j, "Waiting for the metadata scan", 0);
	return launch(j, "haul.scan",
		      tow_fmt(tow_job_arena(j), "{\"target\":%s}", quoted(j, target)), e);
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	struct tow_children c = tow_job_children(j);

	switch (c.total) {
	case 0:
		return check(j, e);
	case 1:
		return scan(j, e);
	default:
		return rest(j, "Scan completed");
	}
}

const struct tow_kind tow_kind_processor = {
	.name = "haul.processor",
	.help = "a daemon's turn: {\"category\": \"xxx\", \"library\": \"L\", \"target\": \"T\"}",
	.timeout_s = 3600,
	.wants_db = true,
	.run = run,
};
