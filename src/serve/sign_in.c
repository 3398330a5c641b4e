#include "sign_in.h"

#include <string.h>

#include "problem.h"
#include "tow/http.h"
#include "tow/json.h"
#include "tow/log.h"

enum { MOST_SIGN_IN = 4096 }; /* anybody may send one, and JSON takes a hundred times its length */

static void note_sign_in(struct turn *t)
{
	if (strcmp(t->err.class, "TW401") == 0) {
		strangers_add(&t->desk->strangers, REFUSED_SIGN_IN,
			      guard_client(&t->desk->guard, t->q));
		desk_turn(t->desk);
	} else if (problem_status(&t->err) < 500) {
		strangers_failed(&t->desk->strangers, &t->err);
	}
}

int sign_in(struct turn *t)
{
	TOW_AUTO_JSON *body = NULL;
	TOW_AUTO_ROWS *rows = NULL;
	const char *secret;
	if (t->q->len > MOST_SIGN_IN || t->q->strange)
		return turn_refuse(t, 413, "the body is longer than 4 KiB",
				   "send {\"token\": ...} and nothing else");
	if (!turn_is_json(t->q) || !tow_json_parse(&body, t->q->body, t->q->len, &t->err) ||
	    !(secret = tow_json_str(body, "token", NULL)))
		return turn_refuse(t, 422, "send {\"token\": ...} as JSON", NULL);
	if (http_header(t->q, "Origin") && !guard_origin(&t->desk->guard, t->q, &t->err))
		return turn_fail(t);
	if (!desk_connected(t->desk, &t->err) ||
	    !tow_call(desk_ask(t->desk), &rows, &t->err, "tow.sign_in",
		      tow_sha256_hex(t->q->arena, secret, strlen(secret)))) {
		note_sign_in(t);
		return turn_fail(t);
	}
	http_say(t->r, "Set-Cookie",
		 guard_cookie(&t->desk->guard, t->q->arena, tow_rows_get(rows, 0, "secret")));
	return turn_say_json(t,
			     tow_fmt(t->q->arena, "{\"name\":\"%s\",\"role\":\"%s\"}",
				     tow_rows_get(rows, 0, "name"), tow_rows_get(rows, 0, "role")));
}

int sign_out(struct turn *t)
{
	const char *token = NULL;
	if (!guard_token(&t->desk->guard, t->q, true, &token, &t->err) ||
	    !desk_connected(t->desk, &t->err) ||
	    (token && !tow_call(desk_ask(t->desk), NULL, &t->err, "tow.sign_out", token)))
		return turn_fail(t);
	http_say(t->r, "Set-Cookie", guard_cookie(&t->desk->guard, t->q->arena, NULL));
	return t->r->status = 204;
}
