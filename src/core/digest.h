/* MD5, SHA-1, SHA-256: for signing requests, for protocols that ask for one, and for files whose
 * publisher says what they are. Only the last of them stands against people. */
#ifndef TOW_CORE_DIGEST_H
#define TOW_CORE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BLOCK = 64, DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 2 * DIGEST_SIZE + 1 };

struct digest_kind {
	const char *name;
	uint32_t begin[8];
	size_t size;	    /* bytes of the digest */
	bool little_endian; /* else the more significant byte comes first */
	void (*compress)(uint32_t *state, const unsigned char *block);
};
extern const struct digest_kind digest_md5, digest_sha1, digest_sha256;

struct digest {
	const struct digest_kind *kind;
	uint32_t state[8];
	uint64_t len;			  /* bytes so far */
	unsigned char part[DIGEST_BLOCK]; /* what does not fill a block yet */
};

void digest_init(struct digest *d, const struct digest_kind *kind);
void digest_add(struct digest *d, const void *data, size_t len);
void digest_end(struct digest *d, unsigned char out[DIGEST_SIZE]); /* kind->size bytes of it */
void digest_hex(struct digest *d, char hex[DIGEST_HEX_SIZE]);	   /* ends it, too */

#endif
