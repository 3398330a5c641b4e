#include "xxh.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "tow/mem.h"

struct xxh {
	XXH3_state_t *state; /* wants an alignment of its own */
};

struct xxh *xxh_create(void)
{
	struct xxh *h = tow_xcalloc(1, sizeof(*h));

	h->state = XXH3_createState();
	if (!h->state)
		abort();
	xxh_reset(h);
	return h;
}

void xxh_free(struct xxh *h)
{
	if (!h)
		return;
	XXH3_freeState(h->state);
	free(h);
}

void xxh_reset(struct xxh *h)
{
	XXH3_128bits_reset(h->state);
}

void xxh_add(struct xxh *h, const void *data, size_t len)
{
	XXH3_128bits_update(h->state, data, len);
}

void xxh_zeros(struct xxh *h, size_t len)
{
	static const char zeros[64 * 1024];

	while (len > 0) {
		size_t n = len < sizeof(zeros) ? len : sizeof(zeros);

		xxh_add(h, zeros, n);
		len -= n;
	}
}

void xxh_hex(const struct xxh *h, char hex[XXH_HEX_SIZE])
{
	XXH128_canonical_t bytes;

	XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(h->state));
	for (size_t i = 0; i < sizeof(bytes.digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes.digest[i]);
}

unsigned long long xxh_short(const void *data, size_t len)
{
	return XXH3_64bits(data, len);
}
