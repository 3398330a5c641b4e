/* What a publisher says that a file is: "sha256:HEX", or sha1, md5, xxh128. */
#ifndef TOW_CORE_CHECKSUM_H
#define TOW_CORE_CHECKSUM_H

#include <stddef.h>

#include "digest.h"
#include "tow/err.h"
#include "xxh.h"

struct checksum {
	char wanted[DIGEST_HEX_SIZE]; /* in lower case; "": nothing is known, and all of it fits */
	struct digest digest;
	struct xxh *xxh; /* instead */
};

/* NULL and "" are no checksum. Class "config.checksum" for what is none of these. */
TOW_MUST bool checksum_begin(struct checksum *c, const char *said, struct tow_err *e);
void checksum_reset(struct checksum *c); /* from the first byte on again */
void checksum_add(struct checksum *c, const void *data, size_t len);
/* got: what it is instead; ends it. */
bool checksum_fits(struct checksum *c, char got[DIGEST_HEX_SIZE]);
void checksum_release(struct checksum *c);

#endif
