#include "checksum.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct digest_kind *const kinds[] = { &digest_sha256, &digest_sha1, &digest_md5 };

static const struct digest_kind *kind_of(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strlen(kinds[i]->name) == len && strncmp(kinds[i]->name, name, len) == 0)
			return kinds[i];
	return NULL;
}

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdefABCDEF") == len;
}

bool checksum_begin(struct checksum *c, const char *said, struct tow_err *e)
{
	size_t name = said ? strcspn(said, ":") : 0;
	const struct digest_kind *kind = said && said[name] ? kind_of(said, name) : NULL;
	bool by_xxh = said && strncmp(said, "xxh128:", name + 1) == 0;
	size_t digits = kind ? 2 * kind->size : XXH_HEX_SIZE - 1;

	*c = (struct checksum){ 0 };
	if (!said || !*said)
		return true;
	if ((!kind && !by_xxh) || !is_hex(said + name + 1, digits)) {
		tow_fail_class(e, TOW_FINAL, "config.checksum", "bad checksum '%.100s'", said);
		return tow_hint(e, "write sha256:, sha1:, md5: or xxh128:, and the digits");
	}
	for (size_t i = 0; i < digits; i++)
		c->wanted[i] = (char)tolower((unsigned char)said[name + 1 + i]);
	if (kind)
		digest_init(&c->digest, kind);
	else
		c->xxh = xxh_create();
	return true;
}

void checksum_reset(struct checksum *c)
{
	if (c->xxh)
		xxh_reset(c->xxh);
	else if (*c->wanted)
		digest_init(&c->digest, c->digest.kind);
}

void checksum_add(struct checksum *c, const void *data, size_t len)
{
	if (c->xxh)
		xxh_add(c->xxh, data, len);
	else if (*c->wanted)
		digest_add(&c->digest, data, len);
}

bool checksum_fits(struct checksum *c, char got[DIGEST_HEX_SIZE])
{
	*got = '\0';
	if (c->xxh)
		xxh_hex(c->xxh, got);
	else if (*c->wanted)
		digest_hex(&c->digest, got);
	return strcmp(got, c->wanted) == 0;
}

void checksum_release(struct checksum *c)
{
	xxh_free(c->xxh);
	*c = (struct checksum){ 0 };
}
