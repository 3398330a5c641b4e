/* sql: a function in the database as a handler, registered there by an admin (tow.sql_kind). The
 * worker learns which there are when it attaches. The function's work and the proof that the job is
 * still ours are one transaction. */
#include <stdio.h>
#include <string.h>

#include "tow/kind.h"

/* The SQLSTATE is the class: policies can tell a deadlock from a bad argument. */
static bool failed(struct tow_err *e)
{
	char class[sizeof(e->class)];

	snprintf(class, sizeof(class), "sql.%.40s", e->class);
	memcpy(e->class, class, sizeof(class));
	if (strncmp(class, "sql.TW4", 7) == 0)
		e->code = TOW_FINAL;
	else if (e->code == TOW_FINAL && strncmp(class, "sql.22", 6) != 0 &&
		 strncmp(class, "sql.42", 6) != 0)
		e->code = TOW_RETRY;
	return false;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	char job[24], number[24];
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_db *db;

	snprintf(job, sizeof(job), "%lld", tow_job_id(j));
	snprintf(number, sizeof(number), "%lld", tow_job_run(j));
	if (!tow_job_db(j, &db, e))
		return false;
	if (!tow_call(db, &rows, e, "tow.run_sql", job, number, tow_job_kind(j),
		      tow_job_args_text(j)))
		return failed(e);
	if (tow_rows_count(rows) > 0 && tow_rows_at(rows, 0, 0))
		tow_job_result(j, tow_rows_at(rows, 0, 0));
	return true;
}

const struct tow_kind tow_kind_sql = {
	.name = "sql",
	.help = "a function in the database: tow.sql_kind(name, function)",
	.family = true,
	.wants_db = true,
	.run = run,
};
