/* What MD5, SHA-1 and SHA-256 have in common: blocks of 64 bytes, and the length at the end. */
#include "digest.h"

#include <string.h>

void digest_init(struct digest *d, const struct digest_kind *kind)
{
	*d = (struct digest){ .kind = kind };
	memcpy(d->state, kind->begin, sizeof(d->state));
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len > 0) {
		size_t held = d->len % DIGEST_BLOCK, room = DIGEST_BLOCK - held;
		size_t n = len < room ? len : room;

		if (n == DIGEST_BLOCK)
			d->kind->compress(d->state, p);
		else
			memcpy(d->part + held, p, n);
		if (n == room && held > 0)
			d->kind->compress(d->state, d->part);
		d->len += n;
		p += n;
		len -= n;
	}
}

/* The byte of a number of so many bytes that stands at this place. */
static unsigned char byte_at(const struct digest *d, uint64_t number, size_t at, size_t bytes)
{
	return (unsigned char)(number >> 8 * (d->kind->little_endian ? at : bytes - 1 - at));
}

void digest_end(struct digest *d, unsigned char out[DIGEST_SIZE])
{
	static const unsigned char padding[DIGEST_BLOCK] = { 0x80 };
	uint64_t bits = d->len * 8;
	size_t held = d->len % DIGEST_BLOCK;
	unsigned char tail[8];

	for (size_t i = 0; i < sizeof(tail); i++)
		tail[i] = byte_at(d, bits, i, sizeof(tail));
	digest_add(d, padding, (held < 56 ? 56 : 120) - held);
	digest_add(d, tail, sizeof(tail));
	for (size_t i = 0; i < d->kind->size; i++)
		out[i] = byte_at(d, d->state[i / 4], i % 4, 4);
}

void digest_hex(struct digest *d, char hex[DIGEST_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char out[DIGEST_SIZE];

	digest_end(d, out);
	for (size_t i = 0; i < d->kind->size; i++) {
		hex[2 * i] = digits[out[i] >> 4];
		hex[2 * i + 1] = digits[out[i] & 15];
	}
	hex[2 * d->kind->size] = '\0';
}
