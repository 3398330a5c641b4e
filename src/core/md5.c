/* MD5 (RFC 1321), for protocols that ask for it: it keeps nothing secret. */
#include <string.h>

#include "digest.h"
#include "tow/http.h"

static uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static uint32_t little_endian(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The four rounds of 3.4: which word, and how the other three are mixed. */
static uint32_t mixed(const uint32_t v[4], int i, int *word)
{
	switch (i / 16) {
	case 0:
		*word = i;
		return (v[1] & v[2]) | (~v[1] & v[3]);
	case 1:
		*word = (5 * i + 1) % 16;
		return (v[3] & v[1]) | (~v[3] & v[2]);
	case 2:
		*word = (3 * i + 5) % 16;
		return v[1] ^ v[2] ^ v[3];
	default:
		*word = 7 * i % 16;
		return v[2] ^ (v[1] | ~v[3]);
	}
}

static void compress(uint32_t *state, const unsigned char *block)
{
	static const uint32_t k[64] = {
		0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
		0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
		0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
		0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
		0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
		0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
		0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
		0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
		0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
		0xeb86d391,
	};
	static const int by[4][4] = {
		{ 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
	};
	uint32_t v[4];

	memcpy(v, state, sizeof(v));
	for (int i = 0; i < 64; i++) {
		int word = 0;
		uint32_t sum = v[0] + mixed(v, i, &word) + k[i];

		sum += little_endian(block + 4 * (size_t)word);
		v[0] = v[3];
		v[3] = v[2];
		v[2] = v[1];
		v[1] += rotate(sum, by[i / 16][i % 4]);
	}
	for (int i = 0; i < 4; i++)
		state[i] += v[i];
}

const struct digest_kind digest_md5 = {
	.name = "md5",
	.begin = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 },
	.size = 16,
	.little_endian = true,
	.compress = compress,
};

char *tow_md5_hex(struct tow_arena *a, const char *text)
{
	char hex[DIGEST_HEX_SIZE];
	struct digest d;

	digest_init(&d, &digest_md5);
	digest_add(&d, text, strlen(text));
	digest_hex(&d, hex);
	return tow_strdup(a, hex);
}
