/* SHA-1 (FIPS 180-4): what older publishers say of their files. */
#include <string.h>

#include "digest.h"
#include "tow/http.h"

static uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The four functions and constants of 4.1.1 and 4.2.1. */
static uint32_t mixed(const uint32_t v[5], int t)
{
	switch (t / 20) {
	case 0:
		return ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5a827999;
	case 1:
		return (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1;
	case 2:
		return ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) + 0x8f1bbcdc;
	default:
		return (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6;
	}
}

static void compress(uint32_t *state, const unsigned char *block)
{
	uint32_t w[80], v[5];

	for (int t = 0; t < 16; t++)
		w[t] = big_endian(block + 4 * (size_t)t);
	for (int t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(v, state, sizeof(v));
	for (int t = 0; t < 80; t++) {
		uint32_t next = rotate(v[0], 5) + mixed(v, t) + v[4] + w[t];

		memmove(v + 1, v, 4 * sizeof(*v));
		v[2] = rotate(v[2], 30);
		v[0] = next;
	}
	for (int i = 0; i < 5; i++)
		state[i] += v[i];
}

const struct digest_kind digest_sha1 = {
	.name = "sha1",
	.begin = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 },
	.size = 20,
	.compress = compress,
};

char *tow_sha1_hex(struct tow_arena *a, const void *data, size_t len)
{
	char hex[DIGEST_HEX_SIZE];
	struct digest d;

	digest_init(&d, &digest_sha1);
	digest_add(&d, data, len);
	digest_hex(&d, hex);
	return tow_strdup(a, hex);
}

char *tow_sha1_base64(struct tow_arena *a, const char *text)
{
	unsigned char out[DIGEST_SIZE];
	struct digest d;

	digest_init(&d, &digest_sha1);
	digest_add(&d, text, strlen(text));
	digest_end(&d, out);
	return tow_base64(a, out, digest_sha1.size);
}
