/* Mail by SMTP. Without TLS it goes to this host only, where somebody says so elsewhere. */
#include "tow/mail.h"

#include <string.h>

#include "tow/channel.h"
#include "tow/secret.h"

static const char *const *addresses(struct tow_arena *a, const char *list)
{
	const char **out = tow_alloc(a, (strlen(list) / 2 + 2) * sizeof(*out));
	char *save = NULL;
	size_t n = 0;

	for (char *one = strtok_r(tow_strdup(a, list), ",", &save); one;
	     one = strtok_r(NULL, ",", &save))
		out[n++] = one;
	return out;
}

static bool is_here(const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
	       (strncmp(host, "localhost", 9) == 0 && (!host[9] || strchr(":/", host[9])));
}

static bool send(struct tow_channel *c, struct tow_arena *a, const struct tow_message *m,
		 struct tow_err *e)
{
	const char *starttls = tow_channel_option(c, "starttls");
	const struct tow_mail mail = {
		.url = c->conf->url,
		.user = c->conf->user,
		.secret = c->conf->secret,
		.starttls = starttls ? strcmp(starttls, "on") == 0 : !is_here(c->conf->url),
		.id = m->id,
		.from = tow_channel_option(c, "from"),
		.to = addresses(a, tow_channel_option(c, "to")),
		.subject = m->title,
		.text = m->text,
		.timeout_ms = c->conf->timeout_ms,
	};

	if (tow_mail_send(&mail, e))
		return true;
	tow_secret_hush(e, c->conf->secret);
	return false;
}

const struct tow_channel_driver tow_channel_mail = {
	.name = "mail",
	.title = "mail",
	.usual = "smtp://127.0.0.1:587",
	.takes = "user_name secret from to starttls",
	.help = "SMTP: smtp://HOST:587 (STARTTLS) or smtps://HOST:465; the password; --from, --to",
	.needs = (const char *const[]){ "from", "to", NULL },
	.send = send,
};
