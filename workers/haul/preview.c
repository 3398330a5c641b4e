/* haul.preview: what an import would do, without doing it. The client is asked and archives are
 * looked into; nothing is written anywhere. */
#include "contents.h"

static bool run(struct tow_job *j, struct tow_err *e)
{
	TOW_AUTO_ROWS *conf = NULL, *plan = NULL;
	struct contents c = { 0 };
	struct tow_db *db;

	if (!work_names_download(j, e) || !tow_job_db(j, &db, e) ||
	    !tow_call(db, &conf, e, "haul.begin_preview", work_download(j)) ||
	    !contents_list(j, db, conf, &c, e) || !contents_unpack(j, db, conf, true, &c, e) ||
	    !tow_call(db, &plan, e, "haul.preview", work_download(j), c.files_json,
		      c.unpacked_json))
		return false;
	tow_job_result(j, tow_rows_at(plan, 0, 0));
	return true;
}

const struct tow_kind tow_kind_preview = {
	.name = "haul.preview",
	.help = "plans an import without doing it: {\"download\": ID}; tow haul plan makes it",
	.timeout_s = 3600,
	.wants_db = true,
	.run = run,
};
