#include "torrent.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH = 32, HASH_BYTES = 20, BASE32_DIGITS = 32 };

/*--- a .torrent: the hash of its member "info", as it is written there */

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

static const char *hash_of_data(struct tow_arena *a, const char *data, size_t len)
{
	static const char info[] = "4:info";
	const char *end = data + len, *at = data + 1;

	if (len == 0 || *data != 'd')
		return NULL;
	while (at < end && *at != 'e') {
		const char *value = text_end(at, end), *next;

		if (!value || !(next = value_end(value, end, 0)))
			return NULL;
		if ((size_t)(value - at) == strlen(info) && memcmp(at, info, strlen(info)) == 0)
			return tow_sha1_hex(a, value, (size_t)(next - value));
		at = next;
	}
	return NULL;
}

/*--- a magnet: 40 hexadecimal digits, or 32 of base32 */

static const char *from_base32(struct tow_arena *a, const char *digits)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz234567", hex[] = "0123456789abcdef";
	char *out = tow_alloc(a, 2 * HASH_BYTES + 1);
	unsigned bits = 0, held = 0;
	size_t n = 0;

	for (size_t i = 0; i < BASE32_DIGITS; i++) {
		const char *digit = strchr(all, tolower((unsigned char)digits[i]));

		bits = bits << 5 | (unsigned)(digit - all);
		for (held += 5; held >= 4; held -= 4)
			out[n++] = hex[bits >> (held - 4) & 15];
	}
	out[n] = '\0';
	return out;
}

static const char *hash_of_magnet(struct tow_arena *a, const char *link)
{
	static const char digits[] = "0123456789abcdefABCDEF",
			  base32[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	const char *at = strcasestr(link, "urn:btih:");
	char *hash;

	if (!at)
		return NULL;
	at += strlen("urn:btih:");
	if (strspn(at, digits) != 2 * HASH_BYTES)
		return strspn(at, base32) == BASE32_DIGITS ? from_base32(a, at) : NULL;
	hash = tow_strndup(a, at, 2 * HASH_BYTES);
	for (char *c = hash; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return hash;
}

const char *torrent_hash(struct tow_arena *a, const struct tow_transfer_new *t)
{
	if (t->data)
		return hash_of_data(a, t->data, t->data_len);
	return strncasecmp(t->link, "magnet:", strlen("magnet:")) == 0 ? hash_of_magnet(a, t->link)
								       : NULL;
}
