/* Needs a server: TOW_TEST_URL names a database in which a schema of its own may be made. Without
 * it only what needs no server is tested, and the rest is reported as skipped. */
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "src/core/sqlstate.h"
#include "tow/db.h"
#include "tow/fs.h"

static struct tow_arena arena;
static struct tow_db *db;
static const char *test_url;

static struct tow_db *connect_as(const char *name)
{
	struct tow_db *made = NULL;
	struct tow_err e = { 0 };
	ck_assert_msg(tow_db_open(&made, test_url, name, &e), "%s", e.text);
	return made;
}

static void script(const char *sql)
{
	struct tow_err e = { 0 };
	ck_assert_msg(tow_db_script(db, &e, sql), "%s", e.text);
}

static const char schema[] =
	"drop schema if exists core_test cascade; create schema core_test;"
	"create function core_test.echo(a text, b text) returns table (a text, b text) "
	"language sql as 'select $1, $2';"
	"create function core_test.defaults(a text default 'A', b text default 'B', c int default "
	"3) "
	"returns text language sql as $$select concat_ws(',', a, b, c)$$;"
	"create function core_test.types(out i int, out big bigint, out n numeric, out f float8, "
	"out b bool, out j json, out jb jsonb, out t text) language sql as "
	"$$select 1, 9007199254740993, 2.50, 0.5, true, '{}'::json, '[]'::jsonb, null::text$$;"
	"create function core_test.fail(state text, message text, detail text, hint text) "
	"returns void language plpgsql as $$begin raise exception using errcode = state, "
	"message = message, detail = detail, hint = hint; end$$;"
	"create function core_test.die() returns void language sql as "
	"'select pg_terminate_backend(pg_backend_pid())';"
	"create function core_test.listen() returns void language plpgsql as "
	"$$begin execute 'listen core_bell'; end$$;"
	"create function core_test.ring(p text) returns void language sql as "
	"$$select pg_notify('core_bell', p)$$;"
	"create function core_test.talk() returns void language plpgsql as "
	"$$begin raise notice 'n'; raise warning 'w'; end$$;"
	"create view core_test.three as select generate_series(1, 3) as n;";

static void enter(void)
{
	db = connect_as("test");
	script(schema);
}

static void leave(void)
{
	tow_db_closep(&db);
	tow_arena_release(&arena);
}

#define CALL(rows, ...)                                                                          \
	do {                                                                                     \
		struct tow_err e_ = { 0 };                                                       \
		ck_assert_msg(tow_call(db, rows, &e_, __VA_ARGS__), "%s %s", e_.class, e_.text); \
	} while (0)

/* The answer's first value, kept after its rows are gone. */
static const char *value(struct tow_rows *rows)
{
	const char *v = tow_strdup(&arena, tow_rows_at(rows, 0, 0));
	tow_rows_free(rows);
	return v;
}

static const char *setting(const char *name)
{
	struct tow_rows *rows = NULL;
	CALL(&rows, "pg_catalog.current_setting", name);
	return value(rows);
}

/* --- calls and rows */

START_TEST(text_in_rows_out)
{
	TOW_AUTO_ROWS *rows = NULL;
	CALL(&rows, "core_test.echo", "it's; --", NULL);
	ck_assert_uint_eq(tow_rows_count(rows), 1);
	ck_assert_uint_eq(tow_rows_width(rows), 2);
	ck_assert_str_eq(tow_rows_name(rows, 1), "b");
	ck_assert_str_eq(tow_rows_get(rows, 0, "a"), "it's; --");
	ck_assert_ptr_null(tow_rows_get(rows, 0, "b"));
	ck_assert_ptr_null(tow_rows_get(rows, 0, "A"));
	ck_assert_ptr_null(tow_rows_get(rows, 1, "a"));
	ck_assert_ptr_null(tow_rows_at(rows, 0, 2));
	CALL(NULL, "core_test.echo", "nobody", "looks");
	CALL(NULL, "pg_catalog.now");
}
END_TEST

START_TEST(types_are_told)
{
	TOW_AUTO_ROWS *r = NULL;
	CALL(&r, "core_test.types");
	static const char kinds[] = "nnnnbjjt";
	for (size_t i = 0; i < strlen(kinds); i++) {
		ck_assert_int_eq(tow_rows_is_number(r, i), kinds[i] == 'n');
		ck_assert_int_eq(tow_rows_is_bool(r, i), kinds[i] == 'b');
		ck_assert_int_eq(tow_rows_is_json(r, i), kinds[i] == 'j');
	}
	ck_assert_int_eq(tow_rows_int(r, 0, "i"), 1);
	ck_assert(tow_rows_int(r, 0, "big") == 9007199254740993LL);
	ck_assert_int_eq(tow_rows_int(r, 0, "t"), 0);
	ck_assert_str_eq(tow_rows_get(r, 0, "n"), "2.50");
}
END_TEST

START_TEST(views_are_read)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err e;
	ck_assert(tow_db_view(db, &rows, &e, "core_test.three"));
	ck_assert_uint_eq(tow_rows_count(rows), 3);
	ck_assert_int_eq(tow_rows_int(rows, 2, "n"), 3);
}
END_TEST

static const char *defaults(const char *a, const char *b, const char *c)
{
	const struct tow_arg args[] = { { "a", a }, { "b", b }, { "c", c } };
	struct tow_rows *rows = NULL;
	struct tow_err e = { 0 };
	ck_assert_msg(tow_db_call_named(db, &rows, &e, "core_test.defaults", args, 3), "%s",
		      e.text);
	return value(rows);
}

START_TEST(named_nulls_leave_the_default)
{
	ck_assert_str_eq(defaults("x", "y", "9"), "x,y,9");
	ck_assert_str_eq(defaults(NULL, "y", NULL), "A,y,3");
	ck_assert_str_eq(defaults(NULL, NULL, NULL), "A,B,3");
	ck_assert_str_eq(defaults("x", NULL, "7"), "x,B,7");
}
END_TEST

static long prepared(const char *like)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err e;
	long n = 0;
	ck_assert(tow_db_view(db, &rows, &e, "pg_catalog.pg_prepared_statements"));
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		n += strstr(tow_rows_get(rows, i, "statement"), like) != NULL;
	return n;
}

START_TEST(a_statement_is_prepared_once)
{
	for (int i = 0; i < 5; i++) {
		CALL(NULL, "core_test.echo", "a", "b");
		defaults("x", NULL, NULL);
	}
	defaults("x", "y", NULL);
	ck_assert_int_eq(prepared("core_test.echo($1, $2)"), 1);
	ck_assert_int_eq(prepared("core_test.defaults(a => $1)"), 1);
	ck_assert_int_eq(prepared("core_test.defaults(a => $1, b => $2)"), 1);
}
END_TEST

START_TEST(names_are_checked)
{
	static const char *const bad[] = { "", "f(); drop table x", "F", "a b", "a\"b" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const struct tow_arg arg = { bad[i], "x" };
		struct tow_err e = { 0 };
		ck_assert(!tow_call(db, NULL, &e, bad[i], "x"));
		ck_assert_int_eq(e.code, TOW_BUG);
		ck_assert(!tow_db_view(db, NULL, &e, bad[i]));
		ck_assert(!tow_db_call_named(db, NULL, &e, "core_test.defaults", &arg, 1));
		ck_assert_int_eq(e.code, TOW_BUG);
	}
	CALL(NULL, "pg_catalog.now");
}
END_TEST

START_TEST(large_values_go_both_ways)
{
	size_t size = 8 * 1024 * 1024;
	char *big = tow_alloc(&arena, size + 1);
	memset(big, 'x', size);
	for (int i = 0; i < 2; i++) { /* unprepared, prepared */
		TOW_AUTO_ROWS *rows = NULL;
		CALL(&rows, "core_test.echo", big, big);
		ck_assert_uint_eq(strlen(tow_rows_get(rows, 0, "b")), size);
	}
}
END_TEST

/* --- errors */

START_TEST(a_sqlstate_says_what_may_be_done)
{
	static const struct {
		const char *state;
		enum tow_code code;
	} cases[] = {
		{ "08000", TOW_RETRY },	    { "40001", TOW_RETRY }, { "40P01", TOW_RETRY },
		{ "53100", TOW_RETRY },	    { "55P03", TOW_RETRY }, { "57P01", TOW_RETRY },
		{ "57014", TOW_CANCELLED }, { "TW404", TOW_FINAL }, { "22P02", TOW_FINAL },
		{ "23505", TOW_FINAL },	    { "42501", TOW_FINAL }, { "55006", TOW_FINAL },
		{ "P0001", TOW_FINAL },	    { "XX000", TOW_FINAL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tow_err e = { 0 };
		ck_assert(!tow_call(db, NULL, &e, "core_test.fail", cases[i].state, "m", "", ""));
		ck_assert_str_eq(e.class, cases[i].state);
		ck_assert_msg(e.code == cases[i].code, "%s", cases[i].state);
	}
	ck_assert(tow_db_alive(db));
	ck_assert_int_eq(sqlstate_code("25P03", false), TOW_RETRY); /* it cost the connection */
	ck_assert_int_eq(sqlstate_code("28P01", false), TOW_FINAL);
}
END_TEST

START_TEST(message_detail_and_hint_arrive)
{
	struct tow_err e;
	ck_assert(!tow_call(db, NULL, &e, "core_test.fail", "TW409", "job 7 runs", "since noon",
			    "cancel it"));
	ck_assert_str_eq(e.text, "job 7 runs (since noon)");
	ck_assert_str_eq(e.hint, "cancel it");
	ck_assert(!tow_call(db, NULL, &e, "core_test.fail", "TW409", "job 7 runs", "job 7", ""));
	ck_assert_str_eq(e.text, "job 7 runs"); /* the detail says nothing more */
	ck_assert_str_eq(e.hint, "");
}
END_TEST

START_TEST(what_is_missing_is_hinted_at)
{
	struct tow_err e;
	ck_assert(!tow_call(db, NULL, &e, "core_test.none", "x"));
	ck_assert_str_eq(e.class, "42883");
	ck_assert_int_eq(e.code, TOW_FINAL);
	ck_assert_ptr_nonnull(strstr(e.hint, "tow migrate"));
	ck_assert(!tow_call(db, NULL, &e, "no_schema.f"));
	ck_assert_str_eq(e.class, "3F000");
	ck_assert_ptr_nonnull(strstr(e.hint, "tow migrate"));
	ck_assert(!tow_db_view(db, NULL, &e, "core_test.none"));
	ck_assert_str_eq(e.class, "42P01");
	CALL(NULL, "pg_catalog.now");
}
END_TEST

/* --- statements that the server has lost */

START_TEST(a_lost_statement_is_made_again)
{
	for (int i = 0; i < 3; i++) {
		CALL(NULL, "core_test.echo", "a", "b");
		script("deallocate all");
		CALL(NULL, "core_test.echo", "a", "b");
	}
	CALL(NULL, "core_test.echo", "a", "b");
	ck_assert_int_eq(prepared("core_test.echo"), 1);
}
END_TEST

START_TEST(a_changed_result_is_planned_again)
{
	static const char *const bodies[] = { "returns table (a int) language sql as 'select 1'",
					      "returns table (a int, b text) language sql as "
					      "$$select 2, 'b'$$" };
	for (size_t i = 0; i < 2; i++) {
		TOW_AUTO_ROWS *rows = NULL;
		script("drop function if exists core_test.shape()");
		script(tow_fmt(&arena, "create function core_test.shape() %s", bodies[i]));
		CALL(&rows, "core_test.shape");
		ck_assert_uint_eq(tow_rows_width(rows), i + 1);
		ck_assert_int_eq(tow_rows_int(rows, 0, "a"), (int)i + 1);
	}
	CALL(NULL, "core_test.shape"); /* prepared again */
	CALL(NULL, "core_test.shape");
}
END_TEST

START_TEST(inside_a_transaction_nothing_is_repeated)
{
	struct tow_err e;
	CALL(NULL, "core_test.echo", "a", "b");
	script("begin; deallocate all");
	ck_assert(!tow_call(db, NULL, &e, "core_test.echo", "a", "b"));
	ck_assert_str_eq(e.class, "26000");
	script("rollback");
	CALL(NULL, "core_test.echo", "a", "b");
}
END_TEST

START_TEST(a_statement_that_is_there_already_is_used)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err e;
	CALL(NULL, "core_test.echo", "a", "b");
	ck_assert(tow_db_view(db, &rows, &e, "pg_catalog.pg_prepared_statements"));
	const char *name = NULL;
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		if (strstr(tow_rows_get(rows, i, "statement"), "core_test.echo"))
			name = tow_rows_get(rows, i, "name");
	ck_assert_ptr_nonnull(name);
	tow_db_closep(&db);
	db = connect_as("test");
	script(tow_fmt(&arena, "prepare %s(text, text) as select * from core_test.echo($1, $2)",
		       name));
	CALL(NULL, "core_test.echo", "a", "b"); /* as behind a pooler */
}
END_TEST

/* --- in two halves */

static enum tow_db_state take_all(struct tow_rows **rows, struct tow_err *e)
{
	enum tow_db_state state;
	while ((state = tow_db_take(db, rows, e)) == TOW_DB_BUSY) {
		struct pollfd p = { tow_db_fd(db), POLLIN, 0 };
		if (tow_db_wants_write(db))
			p.events |= POLLOUT;
		ck_assert_int_gt(poll(&p, 1, 30000), 0);
	}
	return state;
}

static bool send_echo(const char *a, struct tow_err *e)
{
	return tow_db_send(db, e, "core_test.echo", (const char *const[]){ a, "b" }, 2);
}

START_TEST(sent_and_taken)
{
	struct tow_err e;
	for (int i = 0; i < 3; i++) {
		TOW_AUTO_ROWS *rows = NULL;
		char a[] = "mine";
		ck_assert(send_echo(a, &e));
		memset(a, 'x', sizeof a - 1); /* the value was copied */
		ck_assert_int_eq(take_all(&rows, &e), TOW_DB_DONE);
		ck_assert_str_eq(tow_rows_get(rows, 0, "a"), "mine");
	}
	ck_assert_int_eq(prepared("core_test.echo"), 1);
	ck_assert(send_echo("x", &e));
	ck_assert_int_eq(take_all(NULL, &e), TOW_DB_DONE);
	CALL(NULL, "core_test.echo", "a", "b");
}
END_TEST

START_TEST(large_values_are_sent_in_pieces)
{
	size_t size = 16 * 1024 * 1024;
	char *big = tow_alloc(&arena, size + 1);
	struct tow_err e;
	memset(big, 'x', size);
	for (int i = 0; i < 2; i++) {
		TOW_AUTO_ROWS *rows = NULL;
		ck_assert(send_echo(big, &e));
		ck_assert_int_eq(take_all(&rows, &e), TOW_DB_DONE);
		ck_assert_uint_eq(strlen(tow_rows_get(rows, 0, "a")), size);
	}
}
END_TEST

START_TEST(busy_until_the_answer_is_there)
{
	TOW_AUTO_DB *holder = connect_as("holder");
	struct tow_err e;
	static const char *const key[] = { "4711" };
	ck_assert(tow_call(holder, NULL, &e, "pg_catalog.pg_advisory_lock", "4711"));
	ck_assert(tow_db_send(db, &e, "pg_catalog.pg_advisory_lock", key, 1));
	for (int i = 0; i < 20; i++) {
		struct pollfd p = { tow_db_fd(db), POLLIN, 0 };
		poll(&p, 1, 5);
		ck_assert_int_eq(tow_db_take(db, NULL, &e), TOW_DB_BUSY);
	}
	ck_assert(!send_echo("second", &e)); /* one at a time */
	ck_assert_int_eq(e.code, TOW_BUG);
	ck_assert(!tow_db_script(db, &e, "select 1"));
	ck_assert_int_eq(e.code, TOW_BUG);
	ck_assert(tow_call(holder, NULL, &e, "pg_catalog.pg_advisory_unlock", "4711"));
	ck_assert_int_eq(take_all(NULL, &e), TOW_DB_DONE);
	ck_assert_int_eq(tow_db_take(db, NULL, &e), TOW_DB_FAILED);
	ck_assert_int_eq(e.code, TOW_BUG);
}
END_TEST

START_TEST(what_takes_too_long_is_cancelled)
{
	struct tow_err e;
	tow_db_limit(db, 100);
	ck_assert(!tow_call(db, NULL, &e, "pg_catalog.pg_sleep", "3600"));
	ck_assert_str_eq(e.class, "57014");
	CALL(NULL, "core_test.echo", "ready", "for the next");
	tow_db_limit(db, 0);
	ck_assert(tow_call(db, NULL, &e, "pg_catalog.pg_sleep", "0.2"));
}
END_TEST

START_TEST(failures_are_taken_too)
{
	struct tow_err e;
	static const char *const fail[] = { "TW404", "no job", "", "look" };
	for (int i = 0; i < 2; i++) {
		ck_assert(tow_db_send(db, &e, "core_test.fail", fail, 4));
		ck_assert_int_eq(take_all(NULL, &e), TOW_DB_FAILED);
		ck_assert_str_eq(e.class, "TW404");
	}
	ck_assert(tow_db_send(db, &e, "core_test.none", NULL, 0));
	ck_assert_int_eq(take_all(NULL, &e), TOW_DB_FAILED);
	ck_assert_str_eq(e.class, "42883");
	CALL(NULL, "core_test.echo", "ready", "for the next");
}
END_TEST

START_TEST(a_lost_statement_is_sent_again)
{
	struct tow_err e;
	TOW_AUTO_ROWS *rows = NULL;
	CALL(NULL, "core_test.echo", "a", "b");
	script("deallocate all");
	ck_assert(send_echo("again", &e));
	ck_assert_int_eq(take_all(&rows, &e), TOW_DB_DONE);
	ck_assert_str_eq(tow_rows_get(rows, 0, "a"), "again");
}
END_TEST

/* --- connections that break */

START_TEST(a_killed_connection_is_known)
{
	struct tow_err e;
	ck_assert(tow_db_alive(db));
	ck_assert(!tow_call(db, NULL, &e, "core_test.die"));
	ck_assert_int_eq(e.code, TOW_RETRY);
	ck_assert_str_eq(e.class, "57P01");
	ck_assert(!tow_db_alive(db));
	ck_assert(!tow_call(db, NULL, &e, "core_test.echo", "a", "b"));
	ck_assert_int_eq(e.code, TOW_RETRY);
	ck_assert_str_eq(e.class, "08006");
	ck_assert_ptr_null(strchr(e.text, '\n'));
}
END_TEST

START_TEST(killed_while_idle)
{
	TOW_AUTO_DB *killer = connect_as("killer");
	const char *pid = tow_fmt(&arena, "%d", tow_db_backend(db)), *channel, *payload;
	struct tow_err e;
	CALL(NULL, "core_test.echo", "a", "b");
	ck_assert(tow_call(killer, NULL, &e, "pg_catalog.pg_terminate_backend", pid, "30000"));
	while (tow_db_alive(db)) { /* a worker that waits for a bell finds out */
		struct pollfd p = { tow_db_fd(db), POLLIN, 0 };
		ck_assert_int_gt(poll(&p, 1, 30000), 0);
		ck_assert(!tow_db_bell(db, &channel, &payload));
	}
	ck_assert(!send_echo("x", &e) || take_all(NULL, &e) == TOW_DB_FAILED);
	ck_assert_int_eq(e.code, TOW_RETRY);
}
END_TEST

START_TEST(a_child_that_closes_leaves_the_connection)
{
	pid_t child = fork();
	if (child == 0) {
		tow_db_close(db);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	CALL(NULL, "core_test.echo", "still", "here");
}
END_TEST

/* --- bells, scripts, settings */

static bool wait_for_bell(const char **channel, const char **payload)
{
	while (!tow_db_bell(db, channel, payload)) {
		struct pollfd p = { tow_db_fd(db), POLLIN, 0 };
		if (poll(&p, 1, 30000) <= 0)
			return false;
	}
	return true;
}

START_TEST(bells_ring)
{
	TOW_AUTO_DB *other = connect_as("other");
	const char *channel, *payload;
	struct tow_err e;
	CALL(NULL, "core_test.listen");
	ck_assert(!tow_db_bell(db, &channel, &payload));
	ck_assert(tow_call(other, NULL, &e, "core_test.ring", "one"));
	ck_assert(tow_call(other, NULL, &e, "core_test.ring", "two"));
	ck_assert(wait_for_bell(&channel, &payload));
	ck_assert_str_eq(channel, "core_bell");
	ck_assert_str_eq(payload, "one");
	ck_assert(wait_for_bell(&channel, &payload));
	ck_assert_str_eq(payload, "two");
	ck_assert(!tow_db_bell(db, &channel, &payload));
}
END_TEST

START_TEST(a_bell_beside_a_call_is_kept)
{
	TOW_AUTO_DB *other = connect_as("other");
	const char *channel, *payload;
	struct tow_err e;
	CALL(NULL, "core_test.listen");
	ck_assert(tow_call(other, NULL, &e, "core_test.ring", "early"));
	CALL(NULL, "core_test.echo", "a", "b");
	ck_assert(wait_for_bell(&channel, &payload));
	ck_assert_str_eq(payload, "early");
}
END_TEST

START_TEST(a_script_names_the_line)
{
	struct tow_err e;
	ck_assert(tow_db_script(db, &e, ""));
	ck_assert(
		tow_db_script(db, &e, "create table core_test.t (i int); drop table core_test.t"));
	ck_assert(!tow_db_script(db, &e, "select 'é';\nselect 1;\nselect nonsense;\n"));
	ck_assert_str_eq(e.class, "42703");
	ck_assert_msg(strncmp(e.text, "line 3: ", 8) == 0, "%s", e.text);
	CALL(NULL, "pg_catalog.now");
}
END_TEST

/* What is printed to stderr while f runs. */
static const char *printed_by(void (*f)(void))
{
	char text[1024];
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);
	ck_assert_ptr_nonnull(file);
	dup2(fileno(file), STDERR_FILENO);
	f();
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(file);
	size_t n = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[n] = '\0';
	return tow_strdup(&arena, text);
}

static void talk_in_call(void)
{
	CALL(NULL, "core_test.talk");
}

static void talk_in_script(void)
{
	script("select core_test.talk()");
}

START_TEST(only_scripts_print_warnings)
{
	tow_db_closep(&db);
	db = connect_as("fresh"); /* no script has run on it */
	ck_assert_str_eq(printed_by(talk_in_call), "");
	ck_assert_str_eq(printed_by(talk_in_script), "warning: w\n");
	ck_assert_str_eq(printed_by(talk_in_call), "");
}
END_TEST

START_TEST(a_session_is_set_up)
{
	ck_assert_str_eq(setting("application_name"), "tow test");
	ck_assert_str_eq(setting("client_encoding"), "UTF8");
	ck_assert(!tow_db_pooled(db));
	struct tow_rows *rows = NULL;
	CALL(&rows, "pg_catalog.pg_backend_pid");
	ck_assert_int_eq(atoi(value(rows)), tow_db_backend(db));
}
END_TEST

static const char *test_url_with(const char *option)
{
	return tow_fmt(&arena, "%s%c%s", test_url, strchr(test_url, '?') ? '&' : '?', option);
}

START_TEST(a_database_that_is_not_there)
{
	struct tow_db *none = NULL;
	struct tow_err e;
	ck_assert(!tow_db_open(&none, test_url_with("dbname=no_such_db"), "test", &e));
	ck_assert_ptr_null(none);
	ck_assert_int_eq(e.code, TOW_FINAL);
	ck_assert_str_eq(e.class, "3D000");
	ck_assert_ptr_nonnull(strstr(e.text, "no_such_db"));
	ck_assert_ptr_null(strchr(e.text, '\n'));
	ck_assert_ptr_nonnull(strstr(e.hint, "create the database \"no_such_db\""));
	ck_assert_int_eq(tow_db_refusal(&e), EX_CONFIG);
}
END_TEST

/* --- what needs no server */

START_TEST(no_server)
{
	struct tow_db *none = NULL;
	struct tow_err e;
	ck_assert(!tow_db_open(&none, "postgresql://me:hush@/canal?host=/nonexistent", "test", &e));
	ck_assert_ptr_null(none);
	ck_assert_int_eq(e.code, TOW_RETRY);
	ck_assert_str_eq(e.class, "08001");
	ck_assert_ptr_nonnull(strstr(e.text, "'canal'"));
	ck_assert_ptr_nonnull(strstr(e.text, "/nonexistent"));
	ck_assert_ptr_null(strstr(e.text, "hush"));
	ck_assert_ptr_null(strchr(e.text, '\n'));
	ck_assert_ptr_nonnull(strstr(e.hint, "pg_isready -h /nonexistent -p 5432"));
	ck_assert_ptr_null(strstr(e.hint, "tow db start"));
	ck_assert_int_eq(tow_db_refusal(&e), 0);
}
END_TEST

/* Lets one client in, and says nothing more. */
static void be_silent(int listener)
{
	static const char welcome[] = "R\0\0\0\10\0\0\0\0Z\0\0\0\5I";
	char head[1024];
	int client = accept(listener, NULL, NULL);
	if (read(client, head, sizeof head) > 0 &&
	    write(client, welcome, sizeof welcome - 1) == sizeof welcome - 1)
		for (;;)
			pause();
	_exit(0);
}

START_TEST(a_server_that_says_nothing_is_left)
{
	char folder[] = "/tmp/tow-silent.XXXXXX", url[128];
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct tow_db *none = NULL;
	struct tow_err e = { 0 };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(at.sun_path, sizeof at.sun_path, "%s/.s.PGSQL.5432", folder);
	snprintf(url, sizeof url, "postgresql:///x?host=%s&port=5432&connect_timeout=2", folder);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	pid_t child = fork();
	if (child == 0)
		be_silent(listener);
	ck_assert(!tow_db_open(&none, url, "test", &e));
	ck_assert_int_eq(e.code, TOW_RETRY);
	ck_assert_ptr_null(none);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(listener);
	unlink(at.sun_path);
	rmdir(folder);
}
END_TEST

START_TEST(bad_addresses_keep_their_secrets)
{
	static const char *const bad[] = {
		"postgresql://me:hush@[::1/db",
		"host=a password='hush",
		"hush",
		"postgresql://me:hu@sh/hush@localhost/db",
		"postgresql://me:x@hush@localhost/",
		"nonsense=hush",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct tow_db *none = NULL;
		struct tow_err e;
		ck_assert(!tow_db_open(&none, bad[i], "test", &e));
		ck_assert_int_eq(e.code, TOW_FINAL);
		ck_assert_int_eq(tow_db_refusal(&e), EX_CONFIG);
		ck_assert_ptr_null(strstr(e.text, "hush"));
		ck_assert_ptr_null(strstr(e.hint, "hush"));
		ck_assert_ptr_nonnull(strstr(e.hint, "percent-encoded"));
	}
}
END_TEST

static void forget_environment(void)
{
	static const char *const names[] = { "DATABASE_URL", "PGHOST", "PGHOSTADDR", "PGPORT",
					     "PGDATABASE",   "PGUSER", "PGSERVICE",  "TOW_HOME" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
}

START_TEST(addresses_have_an_order)
{
	char home[] = "/tmp/tow-home-XXXXXX";
	struct tow_err e;
	ck_assert_ptr_nonnull(mkdtemp(home));
	setenv("TOW_HOME", home, 1);
	ck_assert_ptr_null(tow_db_url(&arena, NULL)); /* nothing is known: looked for later */
	const char *file = tow_fmt(&arena, "%s/url", home), *found = "";
	ck_assert(!tow_db_find(&arena, &found, &e));
	ck_assert_ptr_nonnull(
		strstr(e.text, tow_fmt(&arena, "there is no instance in '%s'", home)));
	ck_assert_int_eq(tow_err_exit(&e), EX_UNAVAILABLE);
	ck_assert(tow_fs_write(file, "", 0, 0600, &e));
	ck_assert(!tow_db_find(&arena, &found, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "there is no address in"));
	ck_assert_ptr_nonnull(strstr(e.hint, "tow db start"));
	ck_assert_ptr_null(tow_db_url(&arena, NULL));
	ck_assert(tow_fs_write(file, " postgresql:///own \n", 20, 0600, &e));
	ck_assert_str_eq(tow_db_url(&arena, NULL), "postgresql:///own ");
	ck_assert(tow_db_find(&arena, &found, &e));
	ck_assert_str_eq(found, "postgresql:///own ");
	setenv("PGHOST", "", 1); /* empty is as good as not set */
	ck_assert_str_eq(tow_db_url(&arena, ""), "postgresql:///own ");
	setenv("PGUSER", "me", 1);
	ck_assert_ptr_null(tow_db_url(&arena, NULL));
	ck_assert(tow_db_find(&arena, &found, &e));
	ck_assert_ptr_null(found);
	setenv("DATABASE_URL", "postgresql:///env", 1);
	ck_assert_str_eq(tow_db_url(&arena, NULL), "postgresql:///env");
	ck_assert_str_eq(tow_db_url(&arena, "postgresql:///option"), "postgresql:///option");
	unlink(file);
	rmdir(home);
}
END_TEST

START_TEST(a_server_that_nobody_named)
{
	const struct meant meant = { "me", "me", NULL, NULL, false };
	struct tow_err e;
	tow_fail_class(&e, TOW_RETRY, "08001", "cannot connect to database 'me': no such file");
	setenv("HOME", "/nowhere", 1);
	ck_assert(!sqlstate_hint_connect("", "no such file", &meant, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "no server is named, and there is no instance in '/"));
	ck_assert_ptr_nonnull(strstr(e.text, "': cannot connect to database 'me'"));
	ck_assert_ptr_nonnull(strstr(e.hint, "tow up makes one"));
}
END_TEST

START_TEST(the_home_is_absolute)
{
	TOW_AUTO_FREE char *here = getcwd(NULL, 0);
	setenv("TOW_HOME", "/srv/tow", 1);
	ck_assert_str_eq(tow_home(&arena), "/srv/tow");
	setenv("TOW_HOME", "sub", 1);
	ck_assert_str_eq(tow_home(&arena), tow_fmt(&arena, "%s/sub", here));
	unsetenv("TOW_HOME");
	uid_t me = geteuid();
	if (me == 0) {
		ck_assert_str_eq(tow_home(&arena), "/var/lib/towpath");
		ck_assert_int_eq(seteuid(65534), 0);
	}
	setenv("HOME", "/home/me", 1);
	unsetenv("XDG_DATA_HOME");
	ck_assert_str_eq(tow_home(&arena), "/home/me/.local/share/towpath");
	setenv("XDG_DATA_HOME", "/data", 1);
	ck_assert_str_eq(tow_home(&arena), "/data/towpath");
	ck_assert_int_eq(seteuid(me), 0);
}
END_TEST

START_TEST(refusals_are_read)
{
	char state[6] = "?", line[64];
	static const char verbose[] =
		"connection to server at \"h\" (::1), port 5432 failed: FATAL:  28P01: password "
		"authentication failed\nLOCATION:  auth_failed, auth.c:326\n";
	ck_assert(sqlstate_server_spoke(verbose));
	sqlstate_in_message(verbose, state);
	ck_assert_str_eq(state, "28P01");
	sqlstate_in_message("FATAL:  no state here", state);
	ck_assert_str_eq(state, "");
	ck_assert(!sqlstate_server_spoke("failed: Connection refused\n\tIs the server running?\n"));
	sqlstate_one_line(line, sizeof line, "a: no\n\tIs it?\nb: no\n");
	ck_assert_str_eq(line, "a: no; b: no");
	sqlstate_one_line(line, sizeof line,
			  "FATAL:  57P03: is starting up\nLOCATION:  Process, postmaster.c:2371\n");
	ck_assert_str_eq(line, "FATAL:  57P03: is starting up");
	sqlstate_one_line(line, 6, "longer than that\nand more\n");
	ck_assert_str_eq(line, "longe");
}
END_TEST

static Suite *without_server(void)
{
	Suite *s = suite_create("db without a server");
	TCase *t = tcase_create("address");
	tcase_add_checked_fixture(t, forget_environment, leave);
	tcase_add_test(t, no_server);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_server_that_says_nothing_is_left);
	tcase_add_test(t, bad_addresses_keep_their_secrets);
	tcase_add_test(t, addresses_have_an_order);
	tcase_add_test(t, a_server_that_nobody_named);
	tcase_add_test(t, the_home_is_absolute);
	tcase_add_test(t, refusals_are_read);
	suite_add_tcase(s, t);
	return s;
}

static void add_calls(TCase *t)
{
	tcase_add_test(t, text_in_rows_out);
	tcase_add_test(t, types_are_told);
	tcase_add_test(t, views_are_read);
	tcase_add_test(t, named_nulls_leave_the_default);
	tcase_add_test(t, a_statement_is_prepared_once);
	tcase_add_test(t, names_are_checked);
	tcase_add_test(t, large_values_go_both_ways);
	tcase_add_test(t, a_sqlstate_says_what_may_be_done);
	tcase_add_test(t, message_detail_and_hint_arrive);
	tcase_add_test(t, what_is_missing_is_hinted_at);
	tcase_add_test(t, a_lost_statement_is_made_again);
	tcase_add_test(t, a_changed_result_is_planned_again);
	tcase_add_test(t, inside_a_transaction_nothing_is_repeated);
	tcase_add_test(t, a_statement_that_is_there_already_is_used);
}

static void add_the_rest(TCase *t)
{
	tcase_add_test(t, sent_and_taken);
	tcase_add_test(t, large_values_are_sent_in_pieces);
	tcase_add_test(t, busy_until_the_answer_is_there);
	tcase_add_test(t, what_takes_too_long_is_cancelled);
	tcase_add_test(t, failures_are_taken_too);
	tcase_add_test(t, a_lost_statement_is_sent_again);
	tcase_add_test(t, a_killed_connection_is_known);
	tcase_add_test(t, killed_while_idle);
	tcase_add_test(t, a_child_that_closes_leaves_the_connection);
	tcase_add_test(t, bells_ring);
	tcase_add_test(t, a_bell_beside_a_call_is_kept);
	tcase_add_test(t, a_script_names_the_line);
	tcase_add_test(t, only_scripts_print_warnings);
	tcase_add_test(t, a_session_is_set_up);
	tcase_add_test(t, a_database_that_is_not_there);
}

static Suite *with_server(void)
{
	Suite *s = suite_create("db");
	TCase *t = tcase_create("db");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, enter, leave);
	add_calls(t);
	add_the_rest(t);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	enum { SKIPPED = 77 };
	test_url = getenv("TOW_TEST_URL");
	SRunner *r = srunner_create(without_server());
	if (test_url)
		srunner_add_suite(r, with_server());
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	if (failed)
		return EXIT_FAILURE;
	if (!test_url)
		puts("SKIP: TOW_TEST_URL names no database to call");
	return test_url ? EXIT_SUCCESS : SKIPPED;
}
