/* Requests to aria2: see aria2.h. */
#include <string.h>

#include "aria2.h"

#define MAX_LISTING (256ul << 20)

void aria2_put_text(struct tow_buf *b, const char *text)
{
	tow_json_quote(b, text, strlen(text));
}

void aria2_put(const struct tow_client *c, struct tow_arena *a, struct tow_buf *calls,
	       const char *method, const char *params)
{
	if (calls->len)
		tow_buf_addc(calls, ',');
	tow_buf_addf(calls, "{\"methodName\":\"aria2.%s\",\"params\":[", method);
	if (c->conf->secret)
		aria2_put_text(calls, tow_fmt(a, "token:%s", c->conf->secret));
	if (c->conf->secret && *params)
		tow_buf_addc(calls, ',');
	tow_buf_adds(calls, params);
	tow_buf_adds(calls, "]}");
}

static const char *address(const struct tow_client *c, struct tow_arena *a)
{
	const char *url = c->conf->url, *slash = strrchr(url, '/');

	return slash && strcmp(slash, "/jsonrpc") == 0 ? url : tow_fmt(a, "%s/jsonrpc", url);
}

static bool fail_said(const struct tow_client *c, const struct tow_json *error, struct tow_err *e)
{
	const char *text = tow_json_str(error, "message", "it does not say what is wrong");

	if (strcmp(text, "Unauthorized") == 0) {
		tow_fail_class(e, TOW_FINAL, "client.auth",
			       c->conf->secret ? "wrong secret" : "it asks for a secret");
		return tow_hint(e, "the secret is what it was given as --rpc-secret");
	}
	if (strstr(text, "is not found") || strncmp(text, "Invalid GID", 11) == 0)
		return tow_fail_class(e, TOW_FINAL, "client.gone", "%.300s", text);
	return tow_fail_class(e, TOW_FINAL, "client.refused", "%.300s", text);
}

static bool post(struct tow_client *c, struct tow_arena *a, const struct tow_buf *calls,
		 struct tow_http_answer *answer, struct tow_err *e)
{
	static const char *const headers[] = { "Content-Type: application/json", NULL };
	TOW_AUTO_BUF body = { 0 };
	struct tow_http_request q = {
		.method = "POST",
		.url = address(c, a),
		.headers = headers,
		.timeout_ms = c->conf->timeout_ms,
		.max_bytes = MAX_LISTING,
	};

	tow_buf_adds(&body, "{\"jsonrpc\":\"2.0\",\"id\":\"tow\",\"method\":\"system.multicall\","
			    "\"params\":[[");
	tow_buf_add(&body, calls->data, calls->len);
	tow_buf_adds(&body, "]]}");
	q.body = body.data;
	q.body_len = body.len;
	return tow_http_ask(c->http, a, &q, answer, e);
}

bool aria2_ask(struct tow_client *c, struct tow_arena *a, const struct tow_buf *calls,
	       struct tow_json **doc, struct tow_err *e)
{
	struct tow_http_answer answer;

	if (!post(c, a, calls, &answer, e))
		return false;
	if (answer.status == 401) {
		tow_fail_class(e, TOW_FINAL, "client.auth", "it asks for a user and a password");
		return tow_hint(e, "start it with --rpc-secret instead of --rpc-user");
	}
	if (tow_json_parse(doc, answer.body, answer.body_len, NULL)) {
		if (tow_json_is_array(tow_json_get(*doc, "result")))
			return true;
		if (tow_json_is_object(tow_json_get(*doc, "error")))
			return fail_said(c, tow_json_get(*doc, "error"), e);
	}
	if (!tow_http_ok(&answer, e))
		return false;
	return tow_fail_class(e, TOW_RETRY, "client.garbled", "what it answered is not JSON-RPC");
}

bool aria2_said(const struct tow_client *c, const struct tow_json *doc, size_t call,
		const struct tow_json **value, struct tow_err *e)
{
	const struct tow_json *result = tow_json_at(tow_json_get(doc, "result"), call);

	if (tow_json_is_object(result))
		return fail_said(c, result, e);
	if (tow_json_len(result) != 1)
		return tow_fail_class(e, TOW_RETRY, "client.garbled",
				      "a call was answered with nothing");
	*value = tow_json_at(result, 0);
	return true;
}

bool aria2_tell(struct tow_client *c, struct tow_arena *a, const char *method, const char *gid,
		struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_BUF calls = { 0 };
	const struct tow_json *ignored;

	aria2_put(c, a, &calls, method, tow_fmt(a, "\"%s\"", gid));
	return aria2_ask(c, a, &calls, &doc, e) && aria2_said(c, doc, 0, &ignored, e);
}
