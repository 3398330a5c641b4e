#include "desk.h"

#include <stdio.h>
#include <string.h>

#include "coding.h"
#include "files.h"
#include "problem.h"
#include "sign_in.h"
#include "socket.h"
#include "tow/link.h"
#include "tow/log.h"
#include "tow/proc.h"

enum { PATIENCE_MS = 11000, ROUTES_FOR_US = 1000000 };

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool reads(const struct http_request *q)
{
	return is(q->method, "GET") || is(q->method, "HEAD");
}

/* --- the database */

static void begin(const struct desk *d)
{
	atomic_store(d->turned_us, tow_mono_us());
}

struct tow_db *desk_ask(const struct desk *d)
{
	begin(d);
	return d->db;
}

/* Behind a pooler a statement's time is limited from here alone. */
static bool set_session(const struct desk *d, struct tow_err *e)
{
	tow_db_limit(d->db, PATIENCE_MS);
	return tow_db_pooled(d->db) ||
	       (tow_call(desk_ask(d), NULL, e, "set_config", "statement_timeout", "10s", "false") &&
		tow_call(desk_ask(d), NULL, e, "set_config", "timezone", "UTC", "false"));
}

/* Whoever asks has done nothing wrong and can do nothing about it: a 503, and the log says why. A
 * login that is refused is not tried with each request. */
static bool note_refusal(struct desk *d, struct tow_err *e)
{
	if (!tow_db_refusal(e))
		return false;
	e->code = TOW_RETRY;
	e->class[0] = '\0';
	d->refused = *e;
	d->again_us = tow_mono_us() + tow_backoff_next(&d->backoff_us);
	return false;
}

/* The description is made of them. */
static bool load_routes(struct desk *d, struct tow_err *e)
{
	long long newest = d->routes.newest;
	d->routes_us = tow_mono_us();
	if (!routes_load(&d->routes, desk_ask(d), e)) {
		tow_db_blame_login(d->db, "tow_server", e);
		return note_refusal(d, e);
	}
	if (d->routes.newest != newest) {
		d->described = NULL;
		tow_arena_reset(&d->arena);
	}
	return true;
}

/* Another one may come to stand at the same address, while some of us still ask the one before. */
static bool know_server(struct desk *d, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!tow_call(desk_ask(d), &rows, e, "pg_postmaster_start_time"))
		return false;
	snprintf(d->server, sizeof d->server, "%s", tow_rows_at(rows, 0, 0));
	return true;
}

bool desk_connected(struct desk *d, struct tow_err *e)
{
	if (d->db && tow_db_lives(d->db))
		return true;
	tow_db_closep(&d->db);
	if (tow_mono_us() < d->again_us) {
		*e = d->refused;
		return false;
	}
	if (tow_db_open(&d->db, d->url, "serve", e) && set_session(d, e) && know_server(d, e) &&
	    load_routes(d, e)) {
		d->backoff_us = 0;
		return true;
	}
	tow_db_closep(&d->db);
	return note_refusal(d, e);
}

/* --- answers: each returns its status */

/* Whoever tries many costs the database a word now and then, which says how many they were. No
 * connection is opened for that. */
void desk_turn(struct desk *d)
{
	if (strangers_are_due(&d->strangers) && d->db && tow_db_lives(d->db))
		strangers_tell(&d->strangers, desk_ask(d));
}

/* A program's token; the cookie of a browser is over some day without anybody's doing. */
static void note_stranger(struct turn *t)
{
	if (!is(t->err.class, "TW401") || !http_header(t->q, "Authorization"))
		return;
	strangers_add(&t->desk->strangers, REFUSED_TOKEN, guard_client(&t->desk->guard, t->q));
	desk_turn(t->desk);
}

static int refuse_stranger(struct turn *t, const char *token)
{
	tow_fail_class(&t->err, TOW_FINAL, "TW401",
		       token ? "no such token, or it has expired" : "sign in first");
	if (token)
		tow_hint(&t->err, "tow token add NAME makes another, tow token link an address "
				  "that signs in");
	else
		tow_hint(&t->err, "send Authorization: Bearer TOKEN; tow token add NAME makes one");
	problem_of_err(t->q->arena, t->r, &t->err);
	return t->r->status;
}

/* Of the token: no row, it is none. */
static bool vouch(struct turn *t, const char *token, struct tow_rows **rows)
{
	return tow_call(desk_ask(t->desk), rows, &t->err, "tow.vouch",
			tow_fmt(t->q->arena, "{%s}", token));
}

static int turn_away(struct turn *t, const char *token)
{
	int status = refuse_stranger(t, token);
	note_stranger(t);
	return status;
}

/* What can be got answers HEAD, too. */
static int refuse_method(struct turn *t, const char *gets)
{
	const char *methods = strstr(gets, "GET") ? tow_fmt(t->q->arena, "%s, HEAD", gets) : gets;
	http_say(t->r, "Allow", methods);
	return turn_refuse(t, 405, "that path has no such method", methods);
}

static int say_copy(struct turn *t, int status, const char *type, const char *text)
{
	return turn_say(t, status, tow_strdup(t->q->arena, type),
			text ? tow_strdup(t->q->arena, text) : "");
}

static int answer_row(struct turn *t, const struct tow_rows *rows)
{
	return say_copy(t, (int)tow_rows_int(rows, 0, "status"), tow_rows_get(rows, 0, "type"),
			tow_rows_get(rows, 0, "content"));
}

/* TW410: a migration has written the routes anew. */
static bool routes_are_old(struct turn *t)
{
	return is(t->err.class, "TW410") && load_routes(t->desk, &t->err);
}

/* A migration may have come since they were read. */
static bool may_have_moved(const struct desk *d)
{
	return tow_mono_us() - d->routes_us >= ROUTES_FOR_US;
}

/* It may have added some: whoever asks for what is not there has them read again, now and then. */
static bool read_again(struct turn *t)
{
	return may_have_moved(t->desk) && load_routes(t->desk, &t->err);
}

static bool act(struct turn *t, const char *token, const struct route *route, const char *given)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!tow_call(desk_ask(t->desk), &rows, &t->err, "tow.answer", token, route->id, given,
		      t->q->body, http_header(t->q, "Idempotency-Key")))
		return false;
	answer_row(t, rows);
	return true;
}

static bool answer_again(struct turn *t)
{
	t->coded = &t->held->coded;
	say_copy(t, 200, t->held->type, t->held->text);
	return true;
}

static void keep(struct turn *t, const struct tow_rows *rows, long long looked_us)
{
	known_keep(t->held, tow_rows_get(rows, 0, "seen_now"), tow_rows_get(rows, 0, "type"),
		   t->r->body, looked_us);
	t->coded = t->held->kept ? &t->held->coded : NULL;
}

static bool look_up(struct turn *t, const char *token, const struct route *route, const char *given)
{
	TOW_AUTO_ROWS *rows = NULL;
	long long now = tow_mono_us();
	const char *seen = known_seen(t->held, now);
	if (known_answers(t->held, t->q->came_us))
		return answer_again(t);
	if (!tow_call(desk_ask(t->desk), &rows, &t->err, "tow.answer", token, route->id, given,
		      t->q->body, NULL, seen))
		return false;
	if (seen && tow_rows_int(rows, 0, "status") == 304) {
		t->held->said_us = now;
		return answer_again(t);
	}
	if (answer_row(t, rows) == 200 && tow_rows_get(rows, 0, "seen_now") && t->r->len)
		keep(t, rows, now);
	return true;
}

/* What has been said lately, by any of us, is said again when the database shows nothing else; to
 * whoever had asked when it was looked up, without asking the database. */
static bool look(struct turn *t, const char *token, const struct route *route, const char *given)
{
	const char *asked = tow_fmt(t->q->arena, "%s %s %s %s %s", t->desk->server, token,
				    route->id, given, t->q->body);
	t->held = known_hold(&t->desk->known, asked, t->q->came_us);
	if (look_up(t, token, route, given))
		return true;
	known_let_go(t->held);
	t->held = NULL;
	return false;
}

static int call_route(struct turn *t, const char *token, bool again)
{
	TOW_AUTO_BUF given = { 0 }, asked = { 0 };
	const char *methods, *text;
	const char *method = is(t->q->method, "HEAD") ? "GET" : t->q->method;
	const struct route *route =
		routes_find(&t->desk->routes, t->q->arena, method, t->path, &given, &methods);
	if (!route && again && read_again(t))
		return call_route(t, token, false);
	if (!route && !*methods)
		return turn_refuse(t, 404, "there is no such path",
				   "api/v1/openapi.json lists them");
	if (!route)
		return refuse_method(t, methods);
	if (!routes_query(t->q->arena, t->query, &asked))
		return turn_refuse(t, 400, "the query is no list of name=value",
				   "escape as %XX, in UTF-8, what is not plain; %00 is in no text, "
				   "and a hundred of them are the most");
	text = routes_given(t->q->arena, &asked, &given);
	if (reads(t->q) ? look(t, token, route, text) : act(t, token, route, text))
		return t->r->status;
	if (again && routes_are_old(t))
		return call_route(t, token, false);
	note_stranger(t);
	return turn_fail(t);
}

/* Its body is lost: the database may have come back since then. */
static int refuse_long(struct turn *t, const char *token)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!vouch(t, token, &rows))
		return turn_fail(t);
	if (tow_rows_count(rows) == 0)
		return turn_away(t, token);
	return turn_refuse(t, 503, "whose it is could not be looked up",
			   "send it again in a moment");
}

static int api(struct turn *t)
{
	const char *token = NULL;
	if (!turn_is_json(t->q))
		return turn_refuse(t, 415, "the body is not application/json",
				   "send Content-Type: application/json");
	if (!guard_token(&t->desk->guard, t->q, !reads(t->q), &token, &t->err))
		return turn_fail(t);
	if (!token)
		return refuse_stranger(t, NULL);
	if (!desk_connected(t->desk, &t->err))
		return turn_fail(t);
	if (t->q->strange)
		return refuse_long(t, token);
	return call_route(t, token, true);
}

/* --- what is no call of a function */

static int health(struct turn *t)
{
	static const char text[] = "{\"status\":\"ok\",\"version\":\"" TOW_VERSION "\"}";
	return turn_say_json(t, text);
}

static int ready(struct turn *t)
{
	static const char text[] = "{\"status\":\"ready\"}";
	if (!desk_connected(t->desk, &t->err) ||
	    !tow_call(desk_ask(t->desk), NULL, &t->err, "tow.now"))
		return turn_fail(t);
	return turn_say_json(t, text);
}

static int describe(struct turn *t)
{
	struct desk *d = t->desk;
	TOW_AUTO_ROWS *rows = NULL;
	if (!desk_connected(d, &t->err) || (may_have_moved(d) && !load_routes(d, &t->err)))
		return turn_fail(t);
	if (!d->described) {
		if (!tow_call(desk_ask(d), &rows, &t->err, "tow.openapi", TOW_VERSION,
			      d->guard.cookie))
			return turn_fail(t);
		d->described = tow_strdup(&d->arena, tow_rows_at(rows, 0, 0));
		d->coded = (struct coded){ .packed = tow_alloc(&d->arena, strlen(d->described)) };
	}
	t->coded = &d->coded;
	return turn_say_json(t, tow_strdup(t->q->arena, d->described));
}

static int websocket(struct turn *t)
{
	TOW_AUTO_ROWS *rows = NULL;
	const char *token = NULL;
	if (!guard_token(&t->desk->guard, t->q, true, &token, &t->err) ||
	    !desk_connected(t->desk, &t->err) || (token && !vouch(t, token, &rows)))
		return turn_fail(t);
	if (!token || tow_rows_count(rows) == 0)
		return turn_away(t, token);
	if (is(tow_rows_get(rows, 0, "role"), "producer"))
		return turn_refuse(t, 403, "a producer makes jobs, and is told nothing",
				   "listen with a viewer's token: tow token add NAME");
	socket_begin(t->desk->hub, token, tow_rows_get(rows, 0, "owner"), t->q, t->r);
	return t->r->status;
}

static const struct {
	const char *method, *path;
	int (*answer)(struct turn *t);
} own[] = {
	{ "GET", "/api/v1/health", health },	     { "GET", "/api/v1/ready", ready },
	{ "GET", "/api/v1/openapi.json", describe }, { "POST", "/api/v1/session", sign_in },
	{ "DELETE", "/api/v1/session", sign_out },   { "GET", "/api/v1/ws", websocket },
};

static bool is_of_page(const char *path)
{
	return strncmp(path, "/api/", 5) != 0 && !is(path, "/metrics");
}

bool desk_needs_none(const struct desk *d, const char *head)
{
	TOW_AUTO_ARENA a = { 0 };
	size_t skip = strncmp(head, "GET ", 4) == 0 ? 4 : strncmp(head, "HEAD ", 5) == 0 ? 5 : 0;
	size_t len = strcspn(head + skip, " \t\r\n");
	const char *path = guard_path(&d->guard, tow_strndup(&a, head + skip, len));
	path = tow_strndup(&a, path, strcspn(path, "?"));
	return skip && head[skip + len] == ' ' && *path == '/' &&
	       (is_of_page(path) || is(path, "/api/v1/health"));
}

static int dispatch(struct turn *t)
{
	const char *method = is(t->q->method, "HEAD") ? "GET" : t->q->method, *methods = "";
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		if (!is(t->path, own[i].path))
			continue;
		if (is(method, own[i].method))
			return own[i].answer(t);
		methods = tow_fmt(t->q->arena, "%s%s%s", methods, *methods ? ", " : "",
				  own[i].method);
	}
	if (*methods)
		return refuse_method(t, methods);
	if (!is_of_page(t->path))
		return api(t);
	if (!reads(t->q))
		return refuse_method(t, "GET");
	files_answer(t->desk->page, t->path, t->q, t->r);
	return t->r->status;
}

/* What a page at /tow asks for beside itself would be looked for at the root. */
static int redirect(struct turn *t)
{
	http_say(t->r, "Location",
		 tow_fmt(t->q->arena, "%s/%s%s", t->desk->guard.prefix, *t->query ? "?" : "",
			 t->query));
	return t->r->status = 308;
}

/* What a page may do: nothing that did not come from here. */
static void say_always(struct http_reply *r)
{
	http_say(r, "X-Content-Type-Options", "nosniff");
	http_say(r, "Referrer-Policy", "no-referrer");
	http_say(r, "Cross-Origin-Opener-Policy", "same-origin");
	http_say(r, "Cross-Origin-Resource-Policy", "same-origin");
	http_say(r, "Content-Security-Policy",
		 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
		 "connect-src "
		 "'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
		 "frame-ancestors 'none'");
}

static bool is_too_much(struct turn *t)
{
	const struct http_request *q = t->q;
	if (strlen(q->target) > HTTP_MOST_HEAD)
		return turn_refuse(t, 414, "the address is longer than 32 KiB",
				   "send a POST, whose body says it, or fewer filters");
	if (q->head > HTTP_MOST_HEAD)
		return turn_refuse(t, 431, "the head is longer than 32 KiB",
				   "send smaller cookies and headers");
	if (q->too_long)
		return turn_refuse(t, 413,
				   tow_fmt(q->arena, "the body is longer than %d MiB",
					   HTTP_MOST_BODY >> 20),
				   "send it in parts; jobs/many may be called again");
	return q->crowded &&
	       turn_refuse(t, 503, "too much is being sent at once", "send it again in a moment");
}

void desk_answer(void *desk, const struct http_request *q, struct http_reply *r)
{
	struct turn t = { .desk = desk, .q = q, .r = r };
	const char *path = guard_path(&t.desk->guard, q->target);
	size_t len = strcspn(path, "?");
	begin(t.desk);
	t.path = tow_strndup(q->arena, path, len);
	t.query = path[len] ? path + len + 1 : "";
	say_always(r);
	if (is_too_much(&t))
		return;
	if (!guard_host(&t.desk->guard, q, &t.err)) {
		turn_fail(&t);
	} else if (!*t.path) {
		redirect(&t);
	} else if (dispatch(&t) != 101 && !is_of_page(t.path)) {
		http_say(r, "Cache-Control", "private, no-cache");
		if (reads(q))
			coding_apply(q, r, t.coded);
	}
	known_let_go(t.held);
}

bool desk_admits(void *desk, const struct http_request *q)
{
	struct turn t = { .desk = desk, .q = q };
	TOW_AUTO_ROWS *rows = NULL;
	const char *token = NULL;
	begin(t.desk);
	return guard_token(&t.desk->guard, q, true, &token, &t.err) && token &&
	       desk_connected(t.desk, &t.err) && vouch(&t, token, &rows) &&
	       tow_rows_count(rows) > 0;
}

void desk_close(struct desk *d)
{
	if (d->db && tow_db_lives(d->db))
		strangers_tell(&d->strangers, desk_ask(d));
	tow_db_closep(&d->db);
	tow_arena_release(&d->routes.arena);
	tow_arena_release(&d->arena);
}
