/* PostgreSQL: text in, rows out. The only SQL that C speaks is `select * from <verb>($1, ...)` and
 * `select * from <view>`; everything else is a function in sql/. Errors carry the SQLSTATE as their
 * class, the server's hint as their hint, and a code that says whether the same call may be
 * repeated.
 *
 * The address is a URL or conninfo string; NULL is what tow_db_find says at that moment. */
#ifndef TOW_DB_H
#define TOW_DB_H

#include <stddef.h>

#include "tow/err.h"
#include "tow/mem.h"

struct tow_db;
struct tow_rows;

TOW_MUST bool tow_db_open(struct tow_db **db, const char *url, const char *application,
			  struct tow_err *e);
void tow_db_close(struct tow_db *db);
void tow_db_closep(struct tow_db **db);
bool tow_db_alive(const struct tow_db *db);  /* false once the connection is known to be broken */
int tow_db_backend(const struct tow_db *db); /* the server process's id */
/* For what a login may not do (42501): names the login, and the role to grant. */
void tow_db_blame_login(const struct tow_db *db, const char *role, struct tow_err *e);
/* What trying again does not put right, because somebody has to mend the address, grant or migrate:
 * the exit status (<sysexits.h>) of a program that it keeps from its work. 0: it may pass. */
int tow_db_refusal(const struct tow_err *e);
/* A pooler stands between, which may give each transaction another server process: no lock, LISTEN
 * or setting of the session may be taken, since it would be left behind in somebody else's. */
bool tow_db_pooled(const struct tow_db *db);
void tow_db_cancel(struct tow_db *db); /* ask the server to end the call under way */
/* From now on calls that are waited for are cancelled when they take longer; 0: they are not. It
 * holds also where no setting of the session may be taken. */
void tow_db_limit(struct tow_db *db, int ms);

/* The address that every command uses: --database, else DATABASE_URL, else PG*, else the private
 * cluster under $TOW_HOME. Allocated in a. NULL: it is looked for each time that somebody connects,
 * since PG* say it, or there is no private cluster yet. */
const char *tow_db_url(struct tow_arena *a, const char *option);

/* Where the address NULL leads now: to the private cluster, or as libpq reads the environment
 * (*url is NULL). Fails where $TOW_HOME is set and has no instance, or does not say where. */
TOW_MUST bool tow_db_find(struct tow_arena *a, const char **url, struct tow_err *e);

/* An address past a pooler, for what needs a session of its own: --direct, else TOW_DIRECT_URL,
 * which goes with the address in the environment and not with --database; else NULL. */
const char *tow_db_direct_url(struct tow_arena *a, const char *direct, const char *database);

/* $TOW_HOME, else /var/lib/towpath for root, else $XDG_DATA_HOME/towpath, else
 * ~/.local/share/towpath. */
const char *tow_home(struct tow_arena *a);

/* One call and its rows. Values are text (arrays in PostgreSQL's own notation), NULL is SQL's null.
 * With names, arguments are passed by name and those whose value is NULL are left out, so that
 * defaults apply. rows may be NULL when the answer does not matter. Statements are prepared on
 * first use, a connection each; never through a pooler. */
struct tow_arg {
	const char *name, *value;
};
TOW_MUST bool tow_db_call(struct tow_db *db, struct tow_rows **rows, struct tow_err *e,
			  const char *verb, const char *const *values, size_t n);
TOW_MUST bool tow_db_call_named(struct tow_db *db, struct tow_rows **rows, struct tow_err *e,
				const char *verb, const struct tow_arg *args, size_t n);
TOW_MUST bool tow_db_view(struct tow_db *db, struct tow_rows **rows, struct tow_err *e,
			  const char *view);
/* Arrays of words as PostgreSQL writes them: adds a word, with the brace that opens or a comma
 * before it. Whoever writes one closes it. */
void tow_array_add(struct tow_buf *array, const char *word, size_t len);

#define tow_call(db, rows, e, verb, ...)                                                 \
	tow_db_call(db, rows, e, verb, (const char *const[]){ NULL, ##__VA_ARGS__ } + 1, \
		    sizeof((const char *const[]){ NULL, ##__VA_ARGS__ }) / sizeof(char *) - 1)

/* The same in two halves, for a process that waits in ppoll: send, wait for fd to be readable, then
 * take. take: TOW_DB_BUSY until the whole answer is there; DONE gives the rows; FAILED fills e (and
 * the connection may be broken, see alive). One call at a time a connection. */
enum tow_db_state { TOW_DB_BUSY, TOW_DB_DONE, TOW_DB_FAILED };
TOW_MUST bool tow_db_send(struct tow_db *db, struct tow_err *e, const char *verb,
			  const char *const *values, size_t n);
enum tow_db_state tow_db_take(struct tow_db *db, struct tow_rows **rows, struct tow_err *e);
/* tow_db_open in the same two halves: dial, wait for fd, take; DONE gives no rows. */
TOW_MUST bool tow_db_dial(struct tow_db **db, const char *url, const char *application,
			  struct tow_err *e);
int tow_db_fd(const struct tow_db *db);
bool tow_db_wants_write(const struct tow_db *db); /* also wait for POLLOUT; then call take */

/* A notification that has arrived, if any: the channel and payload are valid until the next call.
 * Reads what the socket has; false when there is none. */
bool tow_db_bell(struct tow_db *db, const char **channel, const char **payload);

/* Whether a connection that listens to nothing is still there: finds out what happened while nobody
 * asked. What the server said before it left is read first: only a second look sees that it left.
 */
bool tow_db_lives(struct tow_db *db);

/* For `tow migrate` alone: a script of many statements, run as it is. */
TOW_MUST bool tow_db_script(struct tow_db *db, struct tow_err *e, const char *sql);

size_t tow_rows_count(const struct tow_rows *r);
size_t tow_rows_width(const struct tow_rows *r);
const char *tow_rows_name(const struct tow_rows *r, size_t column);
bool tow_rows_is_number(const struct tow_rows *r, size_t column);
bool tow_rows_is_json(const struct tow_rows *r, size_t column);
bool tow_rows_is_bool(const struct tow_rows *r, size_t column);
bool tow_rows_is_instant(const struct tow_rows *r, size_t column);
bool tow_rows_is_list(const struct tow_rows *r, size_t column);	   /* an array of words */
bool tow_rows_is_numbers(const struct tow_rows *r, size_t column); /* of ids */
const char *tow_rows_at(const struct tow_rows *r, size_t row, size_t column); /* NULL for null */
const char *tow_rows_get(const struct tow_rows *r, size_t row,
			 const char *name); /* NULL for null or no such column */
long long tow_rows_int(const struct tow_rows *r, size_t row, const char *name); /* 0 for null */
void tow_rows_free(struct tow_rows *r);
void tow_rows_freep(struct tow_rows **r);
#define TOW_AUTO_DB   __attribute__((cleanup(tow_db_closep))) struct tow_db
#define TOW_AUTO_ROWS __attribute__((cleanup(tow_rows_freep))) struct tow_rows

#endif
