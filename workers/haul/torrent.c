#include "torrent.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH = 32, BASE32_DIGITS = 32, V2_DIGITS = 64 };

static const char digits[] = "0123456789abcdefABCDEF";

/*--- a .torrent: the hashes of its member "info", as it is written there */

/* "5:hello" */
static const char *text_end(const char *at, const char *end)
{
	size_t len = 0;

	for (; at < end && isdigit((unsigned char)*at) && len <= (size_t)(end - at); at++)
		len = 10 * len + (size_t)(*at - '0');
	return at < end && *at == ':' && len < (size_t)(end - at) ? at + 1 + len : NULL;
}

/* NULL where it does not end, or is no value. */
static const char *value_end(const char *at, const char *end, int depth)
{
	if (at >= end || depth > DEPTH)
		return NULL;
	if (*at == 'i') {
		at = memchr(at, 'e', (size_t)(end - at));
		return at ? at + 1 : NULL;
	}
	if (*at != 'l' && *at != 'd')
		return text_end(at, end);
	for (at++; at && at < end && *at != 'e';)
		at = value_end(at, end, depth + 1);
	return at && at < end ? at + 1 : NULL;
}

/* The value of a member, and its end; NULL: there is none of that name, or this is no dictionary.
 */
static const char *member(const char *dict, const char *end, const char *name, const char **next)
{
	const char *at = dict + 1;

	if (dict >= end || *dict != 'd')
		return NULL;
	while (at < end && *at != 'e') {
		const char *value = text_end(at, end);

		if (!value || !(*next = value_end(value, end, 0)))
			return NULL;
		if ((size_t)(value - at) == strlen(name) && memcmp(at, name, strlen(name)) == 0)
			return value;
		at = *next;
	}
	return NULL;
}

/* One of both versions has the pieces of the first among its members. */
static struct torrent_id id_of_data(struct tow_arena *a, const char *data, size_t len)
{
	const char *end = NULL, *of = NULL;
	const char *info = member(data, data + len, "4:info", &end);
	const char *version = info ? member(info, end, "12:meta version", &of) : NULL;
	bool second = version && of - version == 3 && memcmp(version, "i2e", 3) == 0;

	if (!info)
		return (struct torrent_id){ 0 };
	return (struct torrent_id){
		.v1 = !second || member(info, end, "6:pieces", &of)
			      ? tow_sha1_hex(a, info, (size_t)(end - info))
			      : NULL,
		.v2 = second ? tow_sha256_hex(a, info, (size_t)(end - info)) : NULL,
	};
}

/*--- a magnet: 40 hexadecimal digits, or 32 of base32; of version 2 1220 (SHA-256, 32 bytes) and 64
 */

static const char *from_base32(struct tow_arena *a, const char *text)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz234567", hex[] = "0123456789abcdef";
	char *out = tow_alloc(a, TORRENT_DIGITS + 1);
	unsigned bits = 0, held = 0;
	size_t n = 0;

	for (size_t i = 0; i < BASE32_DIGITS; i++) {
		const char *digit = strchr(all, tolower((unsigned char)text[i]));

		bits = bits << 5 | (unsigned)(digit - all);
		for (held += 5; held >= 4; held -= 4)
			out[n++] = hex[bits >> (held - 4) & 15];
	}
	out[n] = '\0';
	return out;
}

static const char *lower(struct tow_arena *a, const char *text, size_t len)
{
	char *hash = tow_strndup(a, text, len);

	for (char *c = hash; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return hash;
}

/* What follows urn in the first "xt=" or "xt.1=" that begins with it: a name may hold anything. */
static const char *topic(const char *link, const char *urn)
{
	for (const char *at = strchr(link, '?'); at; at = strchr(at + 1, '&')) {
		const char *value = at + 1;

		if (strncasecmp(value, "xt", 2) != 0)
			continue;
		value += 2;
		if (*value == '.')
			value += 1 + strspn(value + 1, "0123456789");
		if (*value == '=' && strncasecmp(value + 1, urn, strlen(urn)) == 0)
			return value + 1 + strlen(urn);
	}
	return NULL;
}

static const char *v1_of_magnet(struct tow_arena *a, const char *link)
{
	static const char base32[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	const char *at = topic(link, "urn:btih:");

	if (!at)
		return NULL;
	if (strspn(at, digits) == TORRENT_DIGITS)
		return lower(a, at, TORRENT_DIGITS);
	return strspn(at, base32) == BASE32_DIGITS ? from_base32(a, at) : NULL;
}

static const char *v2_of_magnet(struct tow_arena *a, const char *link)
{
	const char *at = topic(link, "urn:btmh:1220");

	return at && strspn(at, digits) == V2_DIGITS ? lower(a, at, V2_DIGITS) : NULL;
}

bool torrent_is_magnet(const char *link)
{
	return strncasecmp(link, "magnet:", strlen("magnet:")) == 0;
}

struct torrent_id torrent_id(struct tow_arena *a, const struct tow_transfer_new *t)
{
	if (t->data)
		return id_of_data(a, t->data, t->data_len);
	if (!torrent_is_magnet(t->link))
		return (struct torrent_id){ 0 };
	return (struct torrent_id){ .v1 = v1_of_magnet(a, t->link),
				    .v2 = v2_of_magnet(a, t->link) };
}

const char *torrent_hash(struct tow_arena *a, const struct torrent_id *id)
{
	return id->v1 ? id->v1 : id->v2 ? tow_strndup(a, id->v2, TORRENT_DIGITS) : NULL;
}
