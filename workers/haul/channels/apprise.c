/* An Apprise API: a POST of {"title", "body", "type"} to http://HOST/notify/KEY, whose
 * configuration it knows; or to http://HOST/notify, with a secret: the addresses of services, which
 * hold their tokens. */
#include <string.h>

#include "tow/channel.h"

static const char *type_of(const struct tow_message *m)
{
	return strcmp(m->event, "test") == 0   ? "info"
	       : strcmp(m->level, "good") == 0 ? "success"
	       : strcmp(m->level, "bad") == 0  ? "failure"
					       : "warning";
}

static void add_text(struct tow_buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	tow_buf_addf(out, "%c\"%s\":", out->len ? ',' : '{', name);
	tow_json_quote(out, text, strlen(text));
}

static bool send(struct tow_channel *c, struct tow_arena *a, const struct tow_message *m,
		 struct tow_err *e)
{
	static const char *const headers[] = { "Content-Type: application/json", NULL };
	TOW_AUTO_BUF out = { 0 };

	add_text(&out, "title", m->title);
	add_text(&out, "body", m->text);
	add_text(&out, "type", type_of(m));
	add_text(&out, "format", "text");
	add_text(&out, "tag", tow_channel_option(c, "tags"));
	add_text(&out, "urls", c->conf->secret);
	tow_buf_addc(&out, '}');
	return tow_channel_post(c, a, c->conf->url, headers, out.data, e);
}

const struct tow_channel_driver tow_channel_apprise = {
	.name = "apprise",
	.title = "Apprise",
	.usual = "http://127.0.0.1:8000/notify/KEY",
	.takes = "secret tags",
	.help = "an Apprise API: http://HOST:8000/notify/KEY, or /notify and the services' "
		"addresses as the secret",
	.send = send,
};
