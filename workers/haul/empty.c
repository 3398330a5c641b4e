/* haul.empty: removes what has been in a library's recycle bin for as long as the library says. */
#include "session.h"
#include "tow/place.h"

static bool empty(struct tow_job *j, struct tow_err *e)
{
	const char *library = tow_json_str(tow_job_args(j), "library", "");
	struct tow_emptied done;
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_db *db;

	if (!tow_job_db(j, &db, e) || !tow_call(db, &rows, e, "haul.begin_empty", library))
		return false;
	if (tow_rows_count(rows) == 0)
		return true; /* it keeps all, or is gone */
	if (!tow_place_empty(tow_rows_get(rows, 0, "root"), tow_rows_get(rows, 0, "before"), &done,
			     e))
		return tow_wrap(e, "library %s", library);
	tow_job_log(j, TOW_INFO,
		    "library %s: files removed from the recycle bin: %lld, bytes: %lld", library,
		    done.files, done.bytes);
	tow_job_result(j, tow_fmt(tow_job_arena(j), "{\"files\":%lld,\"bytes\":%lld}", done.files,
				  done.bytes));
	return true;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	if (empty(j, e))
		return true;
	(void)work_again(j, e);
	return false;
}

const struct tow_kind tow_kind_empty = {
	.name = "haul.empty",
	.help = "empties a recycle bin: {\"library\": \"NAME\"}; haul-tend makes it, once a day",
	.timeout_s = 3600,
	.wants_db = true,
	.run = run,
};
