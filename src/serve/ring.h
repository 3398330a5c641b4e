/* The last messages, numbered from 1: each guest reads them at its own pace, and who comes back
 * reads on where it was. Who is slower than the ring has lost something, and is told so. */
#ifndef TOW_SERVE_RING_H
#define TOW_SERVE_RING_H

#include <stdbool.h>
#include <stddef.h>

enum { RING_MOST = 4096, RING_BYTES = 4 << 20 };

struct ring_message {
	char *topic, *one; /* who wants either hears it */
	char *text;
	size_t len;
};

struct ring {
	struct ring_message slots[RING_MOST];
	unsigned long long first, next; /* those from first to before next are here */
	size_t bytes;
};

void ring_init(struct ring *r);
/* The number that the next one will have is next. Everything is copied. */
void ring_add(struct ring *r, const char *topic, const char *one, const char *text, size_t len);
/* NULL: gone, or not said yet. */
const struct ring_message *ring_at(const struct ring *r, unsigned long long seq);
/* Whether all that was said after this one is here. */
bool ring_reaches(const struct ring *r, unsigned long long seq);
void ring_release(struct ring *r);

#endif
