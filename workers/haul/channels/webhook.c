/* A program of yours: a POST of {"id", "event", "level", "count", "title", "text", "items"}; items
 * are what happened, one by one. The id is the same when it is sent again. With a secret it is
 * signed as the requests of http jobs are. */
#include <string.h>

#include "tow/channel.h"

static void add_text(struct tow_buf *out, const char *name, const char *text)
{
	tow_buf_addf(out, ",\"%s\":", name);
	tow_json_quote(out, text, strlen(text));
}

static bool send(struct tow_channel *c, struct tow_arena *a, const struct tow_message *m,
		 struct tow_err *e)
{
	TOW_AUTO_BUF out = { 0 };

	tow_buf_addf(&out, "{\"id\":%s", m->id);
	add_text(&out, "event", m->event);
	add_text(&out, "level", m->level);
	tow_buf_addf(&out, ",\"count\":%lld", m->count);
	add_text(&out, "title", m->title);
	add_text(&out, "text", m->text);
	tow_buf_addf(&out, ",\"items\":%s}", m->items);

	const char *headers[] = { "Content-Type: application/json",
				  c->conf->secret ? tow_http_signature(a, c->conf->secret, out.data)
						  : NULL,
				  NULL };
	return tow_channel_post(c, a, c->conf->url, headers, out.data, e);
}

const struct tow_channel_driver tow_channel_webhook = {
	.name = "webhook",
	.title = "a program of yours",
	.usual = "https://host/path",
	.takes = "secret",
	.help = "a program of yours: http(s)://HOST/PATH; what requests are signed with",
	.send = send,
};
