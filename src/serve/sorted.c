/* Things with names: see sorted.h. */
#include "sorted.h"

#include <stdlib.h>
#include <string.h>

#include "tow/mem.h"

/* Where the name is, or would be. */
static size_t place(const struct sorted *s, const char *name, bool *found)
{
	size_t from = 0, to = s->n;

	*found = false;
	while (from < to && !*found) {
		size_t middle = from + (to - from) / 2;
		int order = strcmp(s->items[middle]->name, name);

		*found = order == 0;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return to;
}

void *sorted_find(const struct sorted *s, const char *name)
{
	bool found;
	size_t at = place(s, name, &found);

	return found ? s->items[at] : NULL;
}

void sorted_add(struct sorted *s, void *item)
{
	bool found;
	size_t at = place(s, ((struct named *)item)->name, &found);

	if (s->n == s->size) {
		s->size = s->size ? 2 * s->size : 8;
		s->items = tow_xrealloc(s->items, s->size * sizeof *s->items);
	}
	memmove(s->items + at + 1, s->items + at, (s->n - at) * sizeof *s->items);
	s->items[at] = item;
	s->n++;
}

void sorted_drop(struct sorted *s, const char *name)
{
	bool found;
	size_t at = place(s, name, &found);

	if (!found)
		return;
	s->n--;
	memmove(s->items + at, s->items + at + 1, (s->n - at) * sizeof *s->items);
}

void sorted_release(struct sorted *s)
{
	free(s->items);
	*s = (struct sorted){ 0 };
}
