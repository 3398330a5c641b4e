/* haul.undo: takes back the files that an import placed, the last one first, where nobody has
 * changed them since. */
#include <stdlib.h>

#include "session.h"
#include "tow/place.h"

static unsigned long long number(const struct tow_rows *rows, size_t i, const char *column)
{
	const char *text = tow_rows_get(rows, i, column);

	return text ? strtoull(text, NULL, 10) : 0;
}

static bool take_back(struct tow_job *j, struct tow_db *db, const struct tow_rows *rows, size_t i,
		      struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);
	const char *mode = tow_rows_get(rows, i, "mode"), *target = tow_rows_get(rows, i, "target");
	struct tow_placed placed = {
		.mode = mode ? tow_place_mode_from(mode) : PLACE_NONE,
		.to = tow_place_bytes(a, target),
		.replaced = tow_place_bytes(a, tow_rows_get(rows, i, "replaced")),
		.former = { tow_rows_int(rows, i, "former_size"), number(rows, i, "former_ino") },
		.hash = tow_rows_get(rows, i, "hash"),
		.size = tow_rows_int(rows, i, "size"),
		.dev = number(rows, i, "dev"),
		.ino = number(rows, i, "ino"),
	};
	struct tow_unplaced did;

	if (!tow_place_undo(tow_rows_get(rows, i, "root"), &placed, &did, e))
		return tow_wrap(e, "'%s'", target);
	if (did.kept && placed.mode != PLACE_NONE)
		tow_job_log(j, TOW_WARN, "'%s' was changed since, and stays", target);
	if (placed.replaced && !did.former)
		tow_job_log(j, TOW_WARN, "what was '%s' before does not come back: '%s' %s", target,
			    tow_rows_get(rows, i, "replaced"),
			    did.kept ? "stays where it is" : "is gone, or was changed");
	return tow_call(db, NULL, e, "haul.undone", tow_rows_get(rows, i, "id"),
			did.kept ? "t" : "f", did.former ? "t" : "f");
}

static bool undo(struct tow_job *j, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_db *db;

	if (!work_names_download(j, e) || !tow_job_db(j, &db, e) ||
	    !tow_call(db, &rows, e, "haul.begin_undo", work_download(j)))
		return false;
	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		tow_job_count(j, (long long)i, (long long)tow_rows_count(rows), NULL);
		if (!take_back(j, db, rows, i, e))
			return false;
	}
	return true;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	if (undo(j, e))
		return true;
	(void)work_again(j, e);
	return false;
}

const struct tow_kind tow_kind_undo = {
	.name = "haul.undo",
	.help = "takes back what an import placed: {\"download\": ID}",
	.timeout_s = 3600,
	.wants_db = true,
	.run = run,
};
