#include "sha256.h"

#include <string.h>
#include <time.h>

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
static void compress(uint32_t state[8], const unsigned char *block)
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

void sha256_init(struct sha256 *s)
{
	*s = (struct sha256){ .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
					 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
	const unsigned char *p = data;
	while (len > 0) {
		size_t held = s->len % SHA256_BLOCK, room = SHA256_BLOCK - held;
		size_t n = len < room ? len : room;
		memcpy(s->part + held, p, n);
		s->len += n;
		p += n;
		len -= n;
		if (n == room)
			compress(s->state, s->part);
	}
}

void sha256_end(struct sha256 *s, unsigned char digest[SHA256_SIZE])
{
	static const unsigned char padding[SHA256_BLOCK] = { 0x80 };
	uint64_t bits = s->len * 8;
	size_t held = s->len % SHA256_BLOCK;
	unsigned char tail[8];
	for (int i = 0; i < 8; i++)
		tail[i] = (unsigned char)(bits >> (56 - 8 * i));
	sha256_add(s, padding, (held < 56 ? 56 : 120) - held);
	sha256_add(s, tail, sizeof tail);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		digest[i] = (unsigned char)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}

/* --- HMAC (RFC 2104) */

static void hmac_init(struct sha256 *s, const unsigned char key[SHA256_BLOCK], unsigned char pad)
{
	unsigned char block[SHA256_BLOCK];
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = key[i] ^ pad;
	sha256_init(s);
	sha256_add(s, block, sizeof block);
}

static void digest_of(const void *data, size_t len, unsigned char digest[SHA256_SIZE])
{
	struct sha256 s;
	sha256_init(&s);
	sha256_add(&s, data, len);
	sha256_end(&s, digest);
}

char *tow_hmac_sha256_hex(struct tow_arena *a, const char *key, const char *text, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char padded[SHA256_BLOCK] = { 0 }, digest[SHA256_SIZE];
	struct sha256 s;
	size_t key_len = strlen(key);
	if (key_len > sizeof padded)
		digest_of(key, key_len, padded);
	else
		memcpy(padded, key, key_len);
	hmac_init(&s, padded, 0x36);
	sha256_add(&s, text, len);
	sha256_end(&s, digest);
	hmac_init(&s, padded, 0x5c);
	sha256_add(&s, digest, sizeof digest);
	sha256_end(&s, digest);
	char *hex = tow_alloc(a, 2 * SHA256_SIZE + 1);
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	return hex;
}

/* The clock is for the receiver only, who refuses what was said long ago. */
char *tow_http_signature(struct tow_arena *a, const char *key, const char *body)
{
	long long now = (long long)time(NULL);
	const char *text = tow_fmt(a, "%lld.%s", now, body);

	return tow_fmt(a, "Tow-Signature: t=%lld,v1=%s", now,
		       tow_hmac_sha256_hex(a, key, text, strlen(text)));
}
