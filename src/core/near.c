#include "tow/near.h"

#include <string.h>

enum { FAR = 3, LONGEST = 31 };

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;
	return ab < c ? ab : c;
}

/* The rule of tow_store.nearest (sql/tow/code/near.sql), for words of the command line: those no
 * database knows, and none need be there.
 *
 * How many letters to add, drop or change to make b of a; names longer than a command's could be
 * are far away. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST + 1], n = strlen(b);
	if (n > LONGEST || strlen(a) > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j];
			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

/* A word of which nothing would be left is near to nothing. */
void tow_near_offer(struct tow_near *near, const char *name)
{
	size_t d = distance(near->word, name);
	if (d < FAR && d < strlen(near->word) && (!near->best || d < near->distance)) {
		near->best = name;
		near->distance = d;
	}
}
