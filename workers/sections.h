/* The sections of a worker's file, looked at before its lines are: the parser says nothing of an
 * empty section, joins two of one name, cuts a long one, and takes a long line for two. */
#ifndef TOW_WORKERS_SECTIONS_H
#define TOW_WORKERS_SECTIONS_H

#include <stddef.h>

#include "tow/err.h"
#include "tow/mem.h"

struct section {
	const char *family, *name; /* [exec resize]: "exec" and "resize"; [worker] has no name */
	int line;
};

struct sections {
	struct tow_arena arena;
	struct section *items;
	size_t n;
};

/* "exec resize" taken apart. */
struct section section_parse(struct tow_arena *a, const char *text);

/* All of a file, in order; an error names file and line. */
TOW_MUST bool sections_read(struct sections *s, const char *path, struct tow_err *e);
void sections_release(struct sections *s);

#endif
