/* "Did you mean ...?": which of some names is the nearest to a word that none of them is. */
#ifndef TOW_NEAR_H
#define TOW_NEAR_H

#include <stddef.h>

struct tow_near {
	const char *word; /* what was typed */
	const char *best; /* NULL: nothing is near */
	size_t distance;  /* letters to add, drop or change */
};

/* Offers one name. The first of those that are equally near stays. */
void tow_near_offer(struct tow_near *near, const char *name);

#endif
