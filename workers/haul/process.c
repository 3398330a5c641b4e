/* haul.process: places what is complete in a category of any client, each by a job of its own, and
 * waits for them without a slot. One that fails does not keep the others. */
#include <string.h>

#include "session.h"

#define OTHERS_S 10

/* The jobs that place them, remembered before any is made; *fresh: by this run. */
static const char *jobs_of(struct tow_job *j, struct tow_db *db, bool *fresh, struct tow_err *e)
{
	const char *jobs = tow_step(j, "taken");
	TOW_AUTO_ROWS *rows = NULL;

	*fresh = !jobs;
	if (jobs)
		return jobs;
	if (!tow_call(db, &rows, e, "haul.process", tow_json_str(tow_job_args(j), "category", ""),
		      tow_json_str(tow_job_args(j), "library", NULL)))
		return NULL;
	jobs = tow_strdup(tow_job_arena(j), tow_rows_at(rows, 0, 0));
	return tow_step_done(j, "taken", jobs, e) ? jobs : NULL;
}

static bool launch(struct tow_job *j, const char *jobs, struct tow_err *e)
{
	TOW_AUTO_JSON *list = NULL;

	if (!tow_json_parse(&list, jobs, strlen(jobs), e))
		return false;
	for (size_t i = 0; i < tow_json_len(list); i++)
		if (!tow_job_spawn(j, tow_json_dump(tow_job_arena(j), tow_json_at(list, i)), e))
			return false;
	return true;
}

/* Somebody else's job may be at one of them, whose key kept ours from being made. */
static bool run(struct tow_job *j, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	const char *jobs;
	struct tow_db *db;
	bool fresh;

	if (!tow_job_db(j, &db, e) || !(jobs = jobs_of(j, db, &fresh, e)))
		return false;
	if (fresh && strcmp(jobs, "[]") != 0)
		return launch(j, jobs, e) && tow_wait_children(j, e);
	if (!tow_call(db, &rows, e, "haul.processed", jobs))
		return false;
	if (strcmp(tow_rows_get(rows, 0, "open"), "0") != 0)
		return launch(j, jobs, e) && tow_job_snooze(j, e, OTHERS_S);
	tow_job_result(j, tow_rows_get(rows, 0, "said"));
	return true;
}

const struct tow_kind tow_kind_process = {
	.name = "haul.process",
	.help = "places what is complete in a category: {\"category\": \"xxx\"}",
	.timeout_s = 300,
	.wants_db = true,
	.run = run,
};
