#include "tow/channel.h"

#include <string.h>

#include "tow/secret.h"

const struct tow_channel_driver *tow_channel_driver(const char *name)
{
	for (const struct tow_channel_driver *const *d = tow_channel_drivers; *d; d++)
		if (strcmp((*d)->name, name) == 0)
			return *d;
	return NULL;
}

bool tow_channel_open(struct tow_channel *c, const struct tow_channel_driver *driver,
		      const struct tow_channel_conf *conf, struct tow_err *e)
{
	*c = (struct tow_channel){ .driver = driver, .conf = conf, .retry_after = -1 };
	for (const char *const *need = driver->needs; need && *need; need++)
		if (!tow_channel_option(c, *need)) {
			tow_fail_class(e, TOW_FINAL, "channel.options", "it is not told its '%s'",
				       *need);
			return tow_hint(e, "tow channel set NAME --%s VALUE", *need);
		}
	return tow_http_open(&c->http, e);
}

void tow_channel_close(struct tow_channel *c)
{
	tow_http_close(c->http);
	*c = (struct tow_channel){ 0 };
}

const char *tow_channel_option(const struct tow_channel *c, const char *name)
{
	return tow_json_str(c->conf->options, name, NULL);
}

static bool fail_auth(const struct tow_channel *c, struct tow_err *e)
{
	tow_fail_class(e, TOW_FINAL, "channel.auth",
		       c->conf->secret ? "it does not know this password or token, or it may not "
					 "do this"
				       : "it asks who we are");
	return tow_hint(e, "look at the channel's user and secret");
}

bool tow_channel_post(struct tow_channel *c, struct tow_arena *a, const char *url,
		      const char *const *headers, const char *body, struct tow_err *e)
{
	const struct tow_http_request q = { .method = "POST",
					    .url = url,
					    .headers = headers,
					    .body = body,
					    .body_len = strlen(body),
					    .timeout_ms = c->conf->timeout_ms };
	struct tow_http_answer answer;

	c->retry_after = -1;
	if (tow_http_ask(c->http, a, &q, &answer, e)) {
		if (answer.status == 401 || answer.status == 403)
			return fail_auth(c, e);
		c->retry_after = tow_http_retry_after(&answer);
		if (tow_http_ok(&answer, e))
			return true;
	}
	tow_secret_hush(e, c->conf->secret);
	return false;
}
