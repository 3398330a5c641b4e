/* Whoever wants to be told: a POST of {"event", "paths", "library", "data"}. With a secret it is
 * signed as the requests of http jobs are: the header Tow-Signature carries t=<unix time>,v1=<HMAC-
 * SHA256 of "t.body"> in hexadecimal. Anything from 200 to 299 is a yes. A first call tells the
 * event "hello", and no paths. */
#include <string.h>

#include "tow/target.h"

static void add_text(struct tow_buf *out, const char *text)
{
	if (text)
		tow_json_quote(out, text, strlen(text));
	else
		tow_buf_adds(out, "null");
}

static const char *body_of(const struct tow_target *t, struct tow_arena *a,
			   const struct tow_target_scan *s)
{
	const char *const *paths = tow_target_texts(a, s->paths);
	TOW_AUTO_BUF out = { 0 };

	tow_buf_adds(&out, "{\"event\":");
	add_text(&out, s->event);
	tow_buf_adds(&out, ",\"library\":");
	add_text(&out, t->conf->library);
	tow_buf_adds(&out, ",\"paths\":[");
	for (const char *between = ""; *paths; paths++, between = ",") {
		tow_buf_adds(&out, between);
		add_text(&out, *paths);
	}
	tow_buf_adds(&out, "],\"data\":");
	tow_buf_adds(&out, s->data ? s->data : "null");
	tow_buf_addc(&out, '}');
	return tow_strdup(a, out.data);
}

static bool tell(struct tow_target *t, struct tow_arena *a, const struct tow_target_scan *s,
		 struct tow_err *e)
{
	TOW_AUTO_JSON *data = NULL;
	const char *body = body_of(t, a, s);
	const char *headers[] = { "Content-Type: application/json",
				  t->conf->secret ? tow_http_signature(a, t->conf->secret, body)
						  : NULL,
				  NULL };
	const struct tow_http_request q = { .method = "POST",
					    .url = t->conf->url,
					    .headers = headers,
					    .body = body,
					    .body_len = strlen(body) };

	if (s->data && !tow_json_parse(&data, s->data, strlen(s->data), e))
		return tow_wrap(e, "what is to be told");
	return tow_target_ask(t, a, &q, NULL, e);
}

static bool hello(struct tow_target *t, struct tow_arena *a, struct tow_err *e)
{
	const struct tow_target_scan s = { .event = "hello" };

	return tell(t, a, &s, e);
}

static bool scan(struct tow_target *t, struct tow_arena *a, const struct tow_target_scan *s,
		 const char **job, struct tow_err *e)
{
	*job = NULL;
	return tell(t, a, s, e);
}

const struct tow_target_driver tow_target_webhook = {
	.name = "webhook",
	.title = "a program of yours",
	.usual = "https://host/path",
	.takes = "secret section",
	.help = "a program of yours: http(s)://HOST/PATH; what requests are signed with",
	.can = TARGET_CAN_PATHS,
	.hello = hello,
	.scan = scan,
};
