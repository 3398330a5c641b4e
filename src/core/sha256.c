/* SHA-256 (FIPS 180-4), and HMAC (RFC 2104) by it. */
#include <string.h>
#include <time.h>

#include "digest.h"
#include "tow/http.h"

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The message schedule: 6.2.2, step 1. */
static void expand(uint32_t w[64], const unsigned char *block)
{
	for (int t = 0; t < 16; t++)
		w[t] = big_endian(block + 4 * (size_t)t);
	for (int t = 16; t < 64; t++) {
		uint32_t x = w[t - 15], y = w[t - 2];
		uint32_t s0 = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3;
		uint32_t s1 = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10;
		w[t] = s1 + w[t - 7] + s0 + w[t - 16];
	}
}

/* 6.2.2, steps 2 to 4; v holds the standard's a to h. */
static void compress(uint32_t *state, const unsigned char *block)
{
	static const uint32_t k[64] = {
		0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
		0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
		0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
		0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
		0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
		0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
		0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
		0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
		0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
		0xc67178f2,
	};
	uint32_t w[64], v[8];
	expand(w, block);
	memcpy(v, state, sizeof v);
	for (int t = 0; t < 64; t++) {
		uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
		uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t t1 = v[7] + s1 + choice + k[t] + w[t];
		uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
		uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
		memmove(v + 1, v, 7 * sizeof *v);
		v[4] += t1;
		v[0] = t1 + s0 + majority;
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

const struct digest_kind digest_sha256 = {
	.name = "sha256",
	.begin = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
		   0x1f83d9ab, 0x5be0cd19 },
	.size = 32,
	.compress = compress,
};

/* --- HMAC */

static void hmac_init(struct digest *d, const unsigned char key[DIGEST_BLOCK], unsigned char pad)
{
	unsigned char block[DIGEST_BLOCK];
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = key[i] ^ pad;
	digest_init(d, &digest_sha256);
	digest_add(d, block, sizeof block);
}

static void digest_of(const void *data, size_t len, unsigned char digest[DIGEST_SIZE])
{
	struct digest d;
	digest_init(&d, &digest_sha256);
	digest_add(&d, data, len);
	digest_end(&d, digest);
}

char *tow_sha256_hex(struct tow_arena *a, const void *data, size_t len)
{
	char hex[DIGEST_HEX_SIZE];
	struct digest d;
	digest_init(&d, &digest_sha256);
	digest_add(&d, data, len);
	digest_hex(&d, hex);
	return tow_strdup(a, hex);
}

char *tow_hmac_sha256_hex(struct tow_arena *a, const char *key, const char *text, size_t len)
{
	unsigned char padded[DIGEST_BLOCK] = { 0 }, inner[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	struct digest d;
	size_t key_len = strlen(key);
	if (key_len > sizeof padded)
		digest_of(key, key_len, padded);
	else
		memcpy(padded, key, key_len);
	hmac_init(&d, padded, 0x36);
	digest_add(&d, text, len);
	digest_end(&d, inner);
	hmac_init(&d, padded, 0x5c);
	digest_add(&d, inner, sizeof inner);
	digest_hex(&d, hex);
	return tow_strdup(a, hex);
}

/* The clock is for the receiver only, who refuses what was said long ago. */
char *tow_http_signature(struct tow_arena *a, const char *key, const char *body)
{
	long long now = (long long)time(NULL);
	const char *text = tow_fmt(a, "%lld.%s", now, body);

	return tow_fmt(a, "Tow-Signature: t=%lld,v1=%s", now,
		       tow_hmac_sha256_hex(a, key, text, strlen(text)));
}
