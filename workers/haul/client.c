#include "tow/client.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const struct tow_client_driver *tow_client_driver(const char *name)
{
	for (const struct tow_client_driver *const *d = tow_client_drivers; *d; d++)
		if (strcmp((*d)->name, name) == 0)
			return *d;
	return NULL;
}

const char *tow_client_host(struct tow_arena *a, const char *url)
{
	const char *at = url ? strstr(url, "://") : NULL, *user;
	size_t len;
	char *host;

	if (!at)
		return NULL;
	at += 3;
	len = strcspn(at, "/?#");
	while ((user = memchr(at, '@', len))) {
		len -= (size_t)(user + 1 - at);
		at = user + 1;
	}
	if (*at == '[')
		len = strcspn(++at, "]/?#");
	else
		len = strcspn(at, ":/?#");
	if (len == 0)
		return NULL;
	host = tow_strndup(a, at, len);
	for (char *c = host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return host;
}

bool tow_client_lists(const struct tow_client_conf *conf, const char *category)
{
	if (!conf->category || (category && strcmp(category, conf->category) == 0))
		return true;
	for (const char *const *d = conf->done; category && d && *d; d++)
		if (strcmp(category, *d) == 0)
			return true;
	return false;
}

bool tow_client_check_link(const struct tow_transfer_new *t, struct tow_err *e)
{
	static const char *const begin[] = { "magnet:", "http://", "https://" };

	for (size_t i = 0; i < sizeof(begin) / sizeof(*begin); i++)
		if (t->data || strncasecmp(t->link, begin[i], strlen(begin[i])) == 0)
			return true;
	return tow_fail_class(e, TOW_FINAL, "client.refused", "'%.100s' is not a link", t->link);
}

static bool has_id(const struct tow_transfer *t, const char *id)
{
	for (const char *const *of = t->ids; *of; of++)
		if (strcmp(*of, id) == 0)
			return true;
	return false;
}

bool tow_client_in_list(struct tow_client *c, struct tow_arena *a, const char *hash,
			struct tow_transfer *out, struct tow_err *e)
{
	struct tow_listing all = { 0 };

	if (!c->driver->list(c, a, &all, e))
		return false;
	for (size_t i = 0; i < all.n; i++) {
		if (has_id(&all.of[i], hash)) {
			*out = all.of[i];
			return true;
		}
	}
	return tow_fail_class(e, TOW_FINAL, "client.gone", "it holds no torrent '%.100s'", hash);
}

bool tow_client_held(struct tow_err *e)
{
	tow_fail_class(e, TOW_FINAL, "client.held", "it holds this torrent already");
	return tow_hint(e, "look for it in the client: remove it there, and retry, or have it "
			   "adopted");
}

bool tow_client_is_local(const char *text)
{
	static const char *const said[] = {
		"No space left",     "not enough space",   "Disk quota exceeded",
		"Permission denied", "Read-only file",	   "Input/output error",
		"File too large",    "Stale file handle",  "Too many open files",
		"Not a directory",   "No such file",	   "Transport endpoint",
		"No such device",    "Operation not perm", "File name too long",
		"Bad address", /* what is mapped and cannot be written: full */
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++)
		if (strstr(text, said[i]))
			return true;
	return false;
}

bool tow_client_open(struct tow_client *c, const struct tow_client_driver *driver,
		     const struct tow_client_conf *conf, struct tow_err *e)
{
	*c = (struct tow_client){ .driver = driver, .conf = conf };
	c->own = driver->own_size ? tow_xcalloc(1, driver->own_size) : NULL;
	return tow_http_open(&c->http, e);
}

void tow_client_close(struct tow_client *c)
{
	if (c->driver && c->driver->close)
		c->driver->close(c);
	tow_http_close(c->http);
	free(c->own);
	*c = (struct tow_client){ 0 };
}
