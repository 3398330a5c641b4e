/* haul.tend: a daemon's turn. Looks after what no client's monitor comes back to; what that is, and
 * when to look again, is decided in haul.tend. */
#include "tow/db.h"
#include "tow/kind.h"

static bool run(struct tow_job *j, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_db *db;

	return tow_job_db(j, &db, e) && tow_call(db, &rows, e, "haul.tend") &&
	       tow_job_snooze(j, e, (double)tow_rows_int(rows, 0, "tend") / 1000);
}

const struct tow_kind tow_kind_tend = {
	.name = "haul.tend",
	.help = "a daemon's turn: what no monitor looks after; the first download makes it",
	.timeout_s = 600,
	.wants_db = true,
	.run = run,
};
