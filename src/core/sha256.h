/* SHA-256 (FIPS 180-4), for signing requests. */
#ifndef TOW_CORE_SHA256_H
#define TOW_CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_BLOCK = 64 };

struct sha256 {
	uint32_t state[8];
	uint64_t len;			  /* bytes so far */
	unsigned char part[SHA256_BLOCK]; /* what does not fill a block yet */
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_end(struct sha256 *s, unsigned char digest[SHA256_SIZE]);

#endif
