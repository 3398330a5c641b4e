/* Unpacking an archive: zip, 7z, tar in any wrapping, rar, in volumes or not; into a folder of our
 * own, hidden, on the library's file system, from where its files are placed like any other.
 *
 *	struct tow_unpacking *u;
 *
 *	if (!tow_unpack_begin(&u, &rules, volumes, e))
 *		return false;
 *	while (tow_unpack_more(u)) // an entry, or 16 MiB of one
 *		tow_job_count(j, tow_unpack_written(u), total, name);
 *	if (!tow_unpack_end(u, a, &unpacked, e)) // frees u, whatever comes of it
 *		return false;
 *
 * What an archive says is not believed: a name that leaves the folder, a link or a device, more
 * bytes or entries than the rules allow, and none of it is taken. After a failure what was written
 * is to be swept. Nothing is synced: that is done when a file is placed.
 *
 * Errors are those of place.h, and
 *	release.archive		FINAL: damaged, not all there, or no archive at all
 *	release.volumes		FINAL: it is one of several volumes, and was given alone
 *	release.refused		FINAL: more than the rules allow, or hostile: its bytes may be good
 *	release.password	FINAL: encrypted */
#ifndef TOW_UNPACK_H
#define TOW_UNPACK_H

#include "tow/err.h"
#include "tow/mem.h"

struct tow_unpack_rules {
	const char *source; /* the root below which the volumes are */
	bool inner_links;   /* as of struct tow_place_rules */
	const char *root;   /* the library's; NULL: what is in it is only listed */
	const char *folder; /* below that; made */
	long long reserve;  /* bytes to be left free */
	long long most_bytes, most_entries;
	int most_times; /* the archive's own size; small ones may have 16 MiB all the same */
};

struct tow_unpack_volume {
	const char *path; /* below the source; NULL ends a list */
	long long size;	  /* that it must have; below 0: as it is */
};

struct tow_unpacked_file {
	const char *path; /* below the folder; bytes as they are in the archive */
	long long size;	  /* -1: not said, where it is only listed */
};

struct tow_unpacked {
	struct tow_unpacked_file *of;
	size_t n;
	long long bytes; /* of all of them */
};

struct tow_unpacking;
/* volumes: in their order; copied. */
TOW_MUST bool tow_unpack_begin(struct tow_unpacking **u, const struct tow_unpack_rules *rules,
			       const struct tow_unpack_volume *volumes, struct tow_err *e);
bool tow_unpack_more(struct tow_unpacking *u);
long long tow_unpack_written(const struct tow_unpacking *u);
TOW_MUST bool tow_unpack_end(struct tow_unpacking *u, struct tow_arena *a,
			     struct tow_unpacked *unpacked, struct tow_err *e);
/* Broken off: frees u. NULL is fine. */
void tow_unpack_drop(struct tow_unpacking *u);

/* Removes a folder below a root with all that is in it, and then folders above it that are empty.
 * One that is not there is fine; no link is followed. */
TOW_MUST bool tow_unpack_sweep(const char *root, const char *folder, struct tow_err *e);

#endif
