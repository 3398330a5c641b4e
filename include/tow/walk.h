/* What somebody else's folder holds, as files that can be placed: the regular ones, however deep,
 *each with its size. Nothing beside it is looked at: no link is followed, and links, special files
 *and what is mounted there are left out.
 *
 * Errors are those of place.h for a source, and
 *	release.files	FINAL: there is more in it than the limits allow */
#ifndef TOW_WALK_H
#define TOW_WALK_H

#include "tow/err.h"
#include "tow/mem.h"

struct tow_walk_limits {
	size_t entries; /* of any kind */
	int depth;	/* folders in one another */
};

struct tow_walked_file {
	const char *path; /* below the root: bytes, which may be no UTF-8 */
	long long size;
};

struct tow_walked {
	struct tow_walked_file *of;
	size_t n;
	size_t left_out;
	const char *first_out; /* one of them; NULL: there is none */
};

/* path, below root (which may be a link), is the folder, or one file; of one file it is that. */
TOW_MUST bool tow_walk(struct tow_arena *a, const char *root, const char *path,
		       const struct tow_walk_limits *limits, struct tow_walked *out,
		       struct tow_err *e);

#endif
