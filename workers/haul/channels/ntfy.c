/* ntfy, the public one or one's own: a POST of the text to URL/TOPIC, the title in a header. A
 * secret alone is a token, beside a user a password. */
#include <string.h>

#include "tow/channel.h"
#include "tow/mail.h"

static const char *login(const struct tow_channel *c, struct tow_arena *a)
{
	if (!c->conf->secret)
		return NULL;
	return c->conf->user ? tow_http_basic(a, c->conf->user, c->conf->secret)
			     : tow_fmt(a, "Authorization: Bearer %s", c->conf->secret);
}

static bool send(struct tow_channel *c, struct tow_arena *a, const struct tow_message *m,
		 struct tow_err *e)
{
	const char *priority = tow_channel_option(c, "priority"),
		   *tags = tow_channel_option(c, "tags");
	bool good = strcmp(m->level, "good") == 0, bad = strcmp(m->level, "bad") == 0;
	const char *const headers[] = {
		"Content-Type: text/plain; charset=utf-8",
		tow_fmt(a, "Title: %s", tow_mail_header(a, m->title, " ")),
		tow_fmt(a, "Priority: %s",
			priority ? priority
			: good	 ? "3"
				 : "4"),
		tow_fmt(a, "Tags: %s",
			tags   ? tow_mail_header(a, tags, " ")
			: good ? "white_check_mark"
			: bad  ? "rotating_light"
			       : "warning"),
		login(c, a),
		NULL,
	};

	return tow_channel_post(c, a,
				tow_fmt(a, "%s/%s", c->conf->url, tow_channel_option(c, "topic")),
				headers, m->text, e);
}

const struct tow_channel_driver tow_channel_ntfy = {
	.name = "ntfy",
	.title = "ntfy",
	.usual = "https://ntfy.sh",
	.takes = "user_name secret topic priority tags",
	.help = "ntfy: https://ntfy.sh, or your own; a token, or a password beside a user; --topic",
	.needs = (const char *const[]){ "topic", NULL },
	.send = send,
};
