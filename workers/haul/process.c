/* haul.process: places what is complete in a category of any client, each by a job of its own, and
 * waits for them without a slot. One that fails does not keep the others. */
#include <string.h>

#include "session.h"

static bool take(struct tow_job *j, struct tow_err *e)
{
	const struct tow_json *args = tow_job_args(j);
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_db *db;

	if (!tow_job_db(j, &db, e) ||
	    !tow_call(db, &rows, e, "haul.process", tow_json_str(args, "category", ""),
		      tow_json_str(args, "library", NULL)))
		return false;
	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		const char *job = tow_fmt(tow_job_arena(j),
					  "{\"kind\":\"haul.import\",\"args\":{\"download\":%s},"
					  "\"queue\":\"haul\",\"key\":\"haul.import:%s\","
					  "\"max_attempts\":2,\"policy\":\"haul.work\"}",
					  tow_rows_at(rows, i, 0), tow_rows_at(rows, i, 0));

		if (!tow_job_spawn(j, job, e))
			return false;
	}
	return tow_rows_count(rows) == 0 || tow_wait_children(j, e);
}

/* What each import said, summed up. */
static bool sum_up(struct tow_job *j, struct tow_children c, struct tow_err *e)
{
	const char *memory = tow_job_memory(j), *id;
	long long files = 0, linked = 0, copied = 0;
	const struct tow_json *results, *one;
	TOW_AUTO_JSON *doc = NULL;
	void *iter = NULL;

	if (!tow_json_parse(&doc, memory, strlen(memory), e))
		return false;
	results = tow_json_get(tow_json_get(doc, "children"), "results");
	while ((one = tow_json_next(results, &iter, &id))) {
		tow_job_log(j, TOW_INFO, "%s: %lld files, %lld linked, %lld copied",
			    tow_json_str(one, "title", "?"), tow_json_int(one, "files", 0),
			    tow_json_int(one, "linked", 0), tow_json_int(one, "copied", 0));
		files += tow_json_int(one, "files", 0);
		linked += tow_json_int(one, "linked", 0);
		copied += tow_json_int(one, "copied", 0);
	}
	if (c.failed > 0)
		tow_job_log(j, TOW_WARN, "%lld of %lld downloads failed", c.failed, c.total);
	tow_job_result(j, tow_fmt(tow_job_arena(j),
				  "{\"processed\":%lld,\"failed\":%lld,\"files\":%lld,\"linked\":"
				  "%lld,\"copied\":%lld}",
				  c.completed, c.failed, files, linked, copied));
	return true;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	struct tow_children c = tow_job_children(j);

	return c.total > 0 ? sum_up(j, c, e) : take(j, e);
}

const struct tow_kind tow_kind_process = {
	.name = "haul.process",
	.help = "places what is complete in a category: {\"category\": \"xxx\"}",
	.timeout_s = 300,
	.wants_db = true,
	.run = run,
};
