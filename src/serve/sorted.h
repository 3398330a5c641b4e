/* Things with names, found by them: an array in the order of names, of things that live elsewhere.
 */
#ifndef TOW_SERVE_SORTED_H
#define TOW_SERVE_SORTED_H

#include <stdbool.h>
#include <stddef.h>

/* What is kept here begins with its name. */
struct named {
	char *name;
};

struct sorted {
	struct named **items;
	size_t n, size;
};

void *sorted_find(const struct sorted *s, const char *name); /* NULL: there is none */
void sorted_add(struct sorted *s, void *item);		     /* its name must be new */
void sorted_drop(struct sorted *s, const char *name);	     /* the item is its owner's */
void sorted_release(struct sorted *s);

#endif
