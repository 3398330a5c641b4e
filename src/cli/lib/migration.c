#include "migration.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "drivers.h"
#include "sqlfolder.h"
#include "tow/json.h"
#include "tow/sqlfiles.h"

/* The file that makes what the others are recorded in; it alone may be run again. */
static const char bootstrap[] = "sql/tow/schema/0000_migration.sql";

/* The advisory lock of a migration; any number will do that nobody else uses in this database. */
static const char lock_number[] = "7630710";

/* Short, because whoever waits for our lock has all later readers wait behind it; so we give up
 * soon, let them pass, and come again. */
static const char opening[] = "begin;"
			      "set local lock_timeout = '2s';"
			      "set local statement_timeout = 0;"
			      "set local idle_in_transaction_session_timeout = 0;"
			      "set local check_function_bodies = off;"
			      "set local search_path = pg_catalog, pg_temp";
enum { TRIES = 8 };

/* One migration's view of itself: the files, and the same as the JSON that SQL reads. */
struct work {
	struct migration *m;
	const struct tow_sql_file *files;
	const char *json;
	struct tow_rows *plan;
};

static void free_work(struct work *w)
{
	tow_rows_freep(&w->plan);
}

static void say(struct work *w, const char *what, const char *area, const char *name)
{
	w->m->changes++;
	if (w->m->say)
		w->m->say(tow_fmt(w->m->arena, "%s %s%s%s", what, area ? area : "", area ? "/" : "",
				  name));
}

static const char *to_json(struct tow_arena *a, const struct tow_sql_file *files)
{
	TOW_AUTO_BUF out = { 0 };
	tow_buf_addc(&out, '[');
	for (const struct tow_sql_file *f = files; f->path; f++) {
		tow_buf_adds(&out, f == files ? "{\"path\":" : ",{\"path\":");
		tow_json_quote(&out, f->path, strlen(f->path));
		tow_buf_adds(&out, ",\"text\":");
		tow_json_quote(&out, f->text, f->len);
		tow_buf_addc(&out, '}');
	}
	tow_buf_addc(&out, ']');
	return tow_strdup(a, out.data);
}

static bool find_bootstrap(const struct work *w, size_t *n, struct tow_err *e)
{
	for (*n = 0; w->files[*n].path; ++*n)
		if (strcmp(w->files[*n].path, bootstrap) == 0)
			return true;
	return tow_fail(e, TOW_FINAL, "there is no file '%s'", bootstrap);
}

/* --- transactions */

static bool open_transaction(struct work *w, struct tow_err *e)
{
	return tow_db_script(w->m->db, e, opening);
}

/* One that fails means that the connection is gone, and the transaction with it. */
static void undo(struct work *w)
{
	bool undone = tow_db_alive(w->m->db) && tow_db_script(w->m->db, NULL, "rollback");
	(void)undone;
}

/* Runs a transaction, again when it met a lock that it would not wait for. */
static bool transact(struct work *w, bool (*body)(struct work *, size_t, struct tow_err *),
		     size_t n, struct tow_err *e)
{
	for (int try = 1;; try++) {
		if (open_transaction(w, e) && body(w, n, e) && tow_db_script(w->m->db, e, "commit"))
			return true;
		undo(w);
		if (e->code != TOW_RETRY || !tow_db_alive(w->m->db))
			return false;
		if (try == TRIES)
			return tow_hint(e, "a session keeps a lock on something that must change; "
					   "find it with :locks of contrib/psql/towrc, or try "
					   "again later");
		poll(NULL, 0, 100 * try + (int)(random() % 100));
	}
}

/* --- schema files */

static bool record_schema(struct work *w, size_t n, struct tow_err *e)
{
	return tow_call(w->m->db, NULL, e, "tow_store.migrate_record_schema", w->json,
			tow_fmt(w->m->arena, "%zu", n));
}

static bool apply_schema(struct work *w, size_t n, struct tow_err *e)
{
	if (!tow_db_script(w->m->db, e, w->files[n].text) || !record_schema(w, n, e))
		return tow_wrap(e, "%s", w->files[n].path);
	return true;
}

/* --- code files */

static bool run_code(struct work *w, size_t n, struct tow_err *e)
{
	return tow_db_script(w->m->db, e, w->files[n].text);
}

/* `create or replace` refuses another return type (42P13) and other columns (42P16); with an old
 * signature beside a new one a call may be ambiguous (42725). */
static bool is_in_the_way(const struct tow_err *e)
{
	return strcmp(e->class, "42P13") == 0 || strcmp(e->class, "42P16") == 0 ||
	       strcmp(e->class, "42725") == 0;
}

static bool make_room(struct work *w, size_t n, struct tow_err *e)
{
	return tow_db_script(w->m->db, e, "rollback to savepoint code_file") &&
	       tow_call(w->m->db, NULL, e, "tow_store.migrate_make_room", w->files[n].text);
}

static bool run_code_file(struct work *w, size_t n, bool *dropped, struct tow_err *e)
{
	if (!tow_db_script(w->m->db, e, "savepoint code_file"))
		return false;
	bool done = run_code(w, n, e);
	if (!done && is_in_the_way(e)) {
		*dropped = true;
		done = make_room(w, n, e) && run_code(w, n, e);
	}
	if (!done)
		return tow_wrap(e, "%s", w->files[n].path);
	return tow_db_script(w->m->db, e, "release savepoint code_file");
}

/* What a file named zz_* does concerns what the others define: grants, first rows. */
static bool is_closing(const struct work *w, size_t row)
{
	return strncmp(tow_rows_get(w->plan, row, "name"), "zz_", strlen("zz_")) == 0;
}

/* The plan's rows are in the order in which the files are to be run. */
static bool run_code_files(struct work *w, bool closing, bool *dropped, struct tow_err *e)
{
	*dropped = false;
	for (size_t row = 0; row < tow_rows_count(w->plan); row++) {
		bool is_code = strcmp(tow_rows_get(w->plan, row, "part"), "code") == 0;
		if (is_code && tow_rows_get(w->plan, row, "n") && is_closing(w, row) == closing &&
		    !run_code_file(w, (size_t)tow_rows_int(w->plan, row, "n"), dropped, e))
			return false;
	}
	return true;
}

static bool retire(struct work *w, struct tow_err *e)
{
	TOW_AUTO_ROWS *gone = NULL;
	if (!tow_call(w->m->db, &gone, e, "tow_store.migrate_retire", w->json))
		return false;
	for (size_t row = 0; row < tow_rows_count(gone); row++)
		say(w, "retire", NULL, tow_rows_at(gone, row, 0));
	return true;
}

/* What was dropped to make room took our own dependents along, also those of files that had been
 * run already: so everything is run once more, onto what is free now. */
static bool apply_code(struct work *w, size_t unused, struct tow_err *e)
{
	(void)unused;
	bool dropped;
	if (!tow_call(w->m->db, NULL, e, "tow_store.migrate_remember") ||
	    !run_code_files(w, false, &dropped, e) ||
	    (dropped && !run_code_files(w, false, &dropped, e)))
		return false;
	return retire(w, e) && run_code_files(w, true, &dropped, e) &&
	       tow_call(w->m->db, NULL, e, "tow_store.migrate_record_code", w->json);
}

/* --- the plan */

static bool make_plan(struct work *w, struct tow_err *e)
{
	tow_rows_freep(&w->plan);
	return tow_call(w->m->db, &w->plan, e, "tow_store.migrate_plan", w->json);
}

static bool is_due(const struct work *w, size_t row, const char *part)
{
	return strcmp(tow_rows_get(w->plan, row, "part"), part) == 0 &&
	       strcmp(tow_rows_get(w->plan, row, "state"), "same") != 0;
}

static void say_row(struct work *w, size_t row, const char *what)
{
	say(w, what, tow_rows_get(w->plan, row, "area"), tow_rows_get(w->plan, row, "name"));
}

static bool is_bootstrapped(struct work *w, bool *yes, struct tow_err *e)
{
	TOW_AUTO_ROWS *r = NULL;
	if (!tow_call(w->m->db, &r, e, "pg_catalog.to_regprocedure",
		      "tow_store.migrate_plan(jsonb)"))
		return false;
	*yes = tow_rows_at(r, 0, 0) != NULL;
	return true;
}

static bool become_owner(struct work *w, struct tow_err *e)
{
	TOW_AUTO_ROWS *r = NULL;
	if (!tow_call(w->m->db, &r, e, "tow_store.migrate_become_owner")) {
		tow_wrap(e, "become the owner of what is there");
		return tow_hint(e, "migrate as the role that did it first, as a member of it, or "
				   "as a superuser");
	}
	w->m->owner = tow_strdup(w->m->arena, tow_rows_at(r, 0, 0));
	return true;
}

static bool explain_refusal(struct tow_err *e)
{
	if (strcmp(e->class, "42501") != 0)
		return false;
	return tow_hint(e, "it takes 'grant create on database', or a superuser; with createrole "
			   "it makes the roles, too");
}

/* Bootstrapping is done as whoever we are, all else as the owner. */
static bool bring_bootstrap(struct work *w, struct tow_err *e)
{
	size_t n;
	bool there;
	if (!find_bootstrap(w, &n, e) || !is_bootstrapped(w, &there, e))
		return false;
	if (there && !make_plan(w, e))
		return false;
	bool due = !there;
	for (size_t row = 0; there && row < tow_rows_count(w->plan); row++)
		due = due ||
		      (is_due(w, row, "schema") && (size_t)tow_rows_int(w->plan, row, "n") == n);
	if (!due)
		return true;
	say(w, "schema", "tow", strrchr(bootstrap, '/') + 1);
	return transact(w, apply_schema, n, e) || explain_refusal(e);
}

static bool apply_schemas(struct work *w, struct tow_err *e)
{
	for (size_t row = 0; row < tow_rows_count(w->plan); row++) {
		if (!is_due(w, row, "schema"))
			continue;
		if (!transact(w, apply_schema, (size_t)tow_rows_int(w->plan, row, "n"), e))
			return false;
		say_row(w, row, "schema");
	}
	return true;
}

static bool apply_codes(struct work *w, struct tow_err *e)
{
	size_t due = 0;
	for (size_t row = 0; row < tow_rows_count(w->plan); row++)
		due += is_due(w, row, "code");
	if (due == 0)
		return true;
	if (!transact(w, apply_code, 0, e))
		return false;
	for (size_t row = 0; row < tow_rows_count(w->plan); row++)
		if (is_due(w, row, "code") && tow_rows_get(w->plan, row, "n"))
			say_row(w, row, "code  ");
	return true;
}

static bool prepare(struct work *w, struct migration *m, struct tow_err *e)
{
	*w = (struct work){ .m = m, .files = tow_sql_files };
	if (m->from && !sqlfolder_read(m->arena, m->from, &w->files, e))
		return false;
	w->json = to_json(m->arena, w->files);
	return true;
}

static bool run_locked(struct work *w, struct tow_err *e)
{
	return bring_bootstrap(w, e) && become_owner(w, e) && make_plan(w, e) &&
	       apply_schemas(w, e) && make_plan(w, e) && apply_codes(w, e) &&
	       (w->m->from || drivers_publish(w->m->db, e));
}

bool migration_run(struct migration *m, struct tow_err *e)
{
	__attribute__((cleanup(free_work))) struct work w = { 0 };
	if (tow_db_pooled(m->db)) {
		tow_fail(e, TOW_FINAL, "a migration cannot go through a pooler: it holds a lock");
		return tow_hint(e, "--direct URL or TOW_DIRECT_URL: the address past it");
	}
	if (!prepare(&w, m, e) ||
	    !tow_call(m->db, NULL, e, "pg_catalog.pg_advisory_lock", lock_number))
		return false;
	bool done = run_locked(&w, e);
	if (tow_db_alive(m->db) &&
	    !tow_call(m->db, NULL, done ? e : NULL, "pg_catalog.pg_advisory_unlock", lock_number))
		return false;
	return done;
}

static bool look(struct work *w, struct tow_err *e)
{
	size_t n;
	bool there;
	if (!find_bootstrap(w, &n, e) || !is_bootstrapped(w, &there, e))
		return false;
	if (!there && !tow_db_script(w->m->db, e, w->files[n].text))
		return tow_wrap(e, "%s", w->files[n].path);
	if (!make_plan(w, e))
		return false;
	for (size_t row = 0; row < tow_rows_count(w->plan); row++) {
		if (is_due(w, row, "schema"))
			say_row(w, row, "schema");
		else if (is_due(w, row, "code"))
			say_row(w, row, tow_rows_get(w->plan, row, "n") ? "code  " : "gone  ");
	}
	return true;
}

/* On an empty database the plan needs what the bootstrap makes: made, asked, and undone. */
bool migration_look(struct migration *m, struct tow_err *e)
{
	__attribute__((cleanup(free_work))) struct work w = { 0 };
	if (!prepare(&w, m, e) || !open_transaction(&w, e))
		return false;
	bool done = look(&w, e);
	undo(&w);
	return done;
}
