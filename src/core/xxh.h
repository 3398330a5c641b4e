/* XXH3 of 128 bits, as xxhsum -H2 prints it: fast, against accidents, not against people. */
#ifndef TOW_CORE_XXH_H
#define TOW_CORE_XXH_H

#include <stddef.h>

enum { XXH_HEX_SIZE = 33 };

struct xxh;
struct xxh *xxh_create(void);
void xxh_free(struct xxh *h); /* NULL is fine */
void xxh_reset(struct xxh *h);
void xxh_add(struct xxh *h, const void *data, size_t len);
void xxh_zeros(struct xxh *h, size_t len);
void xxh_hex(const struct xxh *h, char hex[XXH_HEX_SIZE]);

unsigned long long xxh_short(const void *data, size_t len); /* 64 bits, at once */

#endif
