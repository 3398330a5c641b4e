/* Placing a file: from what a client holds into a library, so that under its final name there is
 * never a half file, never another's, and nothing outside of either root is read or written.
 *
 *	struct tow_placing *p;
 *
 *	if (!tow_place_begin(&p, &rules, &what, e))
 *		return false;
 *	while (tow_place_more(p)) // copies up to 16 MiB; not called by anybody but us
 *		tow_job_count(j, tow_place_copied(p), what.size, what.to);
 *	if (!tow_place_end(p, a, &placed, e)) // frees p, whatever comes of it
 *		return false;
 *
 * Which way a file takes is found by trying, and decided by errno: never by st_dev, which lies for
 * bind mounts and for subvolumes. A copy that was broken off goes on where it stopped, if its
 * source is the same still (a part file beside the target, hidden, named by who made it and by the
 * source's identity).
 *
 * Errors, by what can be done about them:
 *	local.space	RETRY: free some; nothing half is left but a part to go on with
 *	local.quota	likewise
 *	local.denied	RETRY: somebody mends the permission
 *	local.readonly	or the mount
 *	local.lost	RETRY: the root of the library or of the source is not there
 *	local.io	RETRY: the disk or its network
 *	place.mode	FINAL: no mode that the rules allow can be done here
 *	place.name	FINAL: a path that leaves its root, or cannot be a name
 *	place.link	FINAL: a link inside of the source, which the rules refuse, or for a
 *			folder inside of the library
 *	place.kind	FINAL: what is to be placed is no regular file
 *	place.gone	RETRY: the source is not there (any more)
 *	place.size	RETRY: it is not of the size that the client says, or it changes
 *	place.taken	FINAL: the name, and every suffix tried, is another file's
 *	place.busy	RETRY: another process is at this very file */
#ifndef TOW_PLACE_H
#define TOW_PLACE_H

#include <sys/types.h>

#include "tow/err.h"
#include "tow/mem.h"

enum tow_place_mode {
	PLACE_NONE, /* ends a list */
	PLACE_REFLINK,
	PLACE_LINK, /* a hard link */
	PLACE_COPY,
	PLACE_MOVE, /* rename, else copy and remove: only what the client does not own any more */
	PLACE_SYMLINK
};
const char *tow_place_mode_name(enum tow_place_mode mode); /* "link", ... */
enum tow_place_mode tow_place_mode_from(const char *name); /* PLACE_NONE: there is none such */

enum tow_place_taken {
	TAKEN_SUFFIX,  /* "name.1.ext" to "name.10.ext": the first that is free, or the same file */
	TAKEN_SKIP,    /* leave what is there */
	TAKEN_REPLACE, /* what is there goes into the library's recycle bin, ".tow-recycle" */
	TAKEN_FAIL
};

/* Where from, where to, and how; what they point to is borrowed until the placing is freed. */
struct tow_place_rules {
	const char *source;  /* the root below which the client says its files are; may be a link */
	const char *library; /* a root that is there; may be a link */
	enum tow_place_mode modes[8]; /* in this order, the next one where one cannot be done */
	enum tow_place_taken taken;   /* the name is another file's; the same file is adopted */
	bool inner_links;	    /* links below the source are followed, within it (Linux 5.6) */
	bool verify;		    /* read a copy again, and compare */
	mode_t file_mode, dir_mode; /* 0: as the umask has it; a linked file keeps its own */
	uid_t owner;		    /* (uid_t)-1: ours; likewise */
	gid_t group;		    /* (gid_t)-1: ours */
	long long reserve;	    /* bytes to be left free by a copy */
	const char *who;	    /* names part files: letters and digits, a download's own */
};

struct tow_place_what {
	const char *from; /* below the source */
	const char *to;	  /* below the library; folders are made */
	long long size;	  /* that it must have; below 0: as it is */
};

/* What was replaced, to be known again. ino 0: not known. */
struct tow_former {
	long long size;
	unsigned long long ino;
};

struct tow_placed {
	enum tow_place_mode mode; /* PLACE_NONE: it was there, and left or adopted */
	bool adopted;		  /* it was there: the same file, or one of the same content */
	bool same;		  /* and by the source's own name: what takes that takes this */
	const char *to;		  /* with the suffix that it got */
	const char *replaced;	  /* where what was there is now, below the library; NULL */
	struct tow_former former;
	const char *hash; /* XXH3 of 128 bits in hex; NULL where not all of it was read */
	long long size;
	unsigned long long dev, ino;
	bool resumed; /* it went on with a part */
};

struct tow_placing;
TOW_MUST bool tow_place_begin(struct tow_placing **p, const struct tow_place_rules *rules,
			      const struct tow_place_what *what, struct tow_err *e);
bool tow_place_more(struct tow_placing *p); /* true: there is more to do, and a look at a clock or
					       at tow_job_stopping does no harm */
long long tow_place_copied(const struct tow_placing *p);
TOW_MUST bool tow_place_end(struct tow_placing *p, struct tow_arena *a, struct tow_placed *placed,
			    struct tow_err *e);
/* Broken off: frees p; a part stays to go on with. NULL is fine. */
void tow_place_drop(struct tow_placing *p);

/* What a move left whose end nobody was told of: the source is gone, and a file of its size has the
 * name. False: there is none such, or the size is not known. */
bool tow_place_moved(const char *library, const struct tow_place_what *what, struct tow_arena *a,
		     struct tow_placed *placed);

/* Whether a library has a file of this name and size. */
bool tow_place_has(const char *library, const char *to, long long size);

/* Take back what was placed: the file goes if it is the one that was (size, and hash, or inode
 * where there is no hash), into the recycle bin unless it is a symbolic link, or a hard link to
 * what has another name; and what it replaced comes back, if it is still there and what it was;
 * then folders that are empty go, up to the library's root. A copy is read to the end for its hash.
 */
struct tow_unplaced {
	bool kept;   /* it was changed since, and stays, or was left or adopted: never placed */
	bool former; /* what it replaced is back */
};
TOW_MUST bool tow_place_undo(const char *library, const struct tow_placed *placed,
			     struct tow_unplaced *done, struct tow_err *e);

/* Removes what has been in a library's recycle bin since before an instant, as names there begin:
 * "20300122T101112Z". What has another name, and folders, are not ours, and stay. What was removed
 * before an error counts, too. bytes: of files that had no other name. */
struct tow_emptied {
	long long files, bytes;
};
TOW_MUST bool tow_place_empty(const char *library, const char *before, struct tow_emptied *done,
			      struct tow_err *e);

/* A name that any file system takes, from one that may be hostile: no control characters, none of
 * \/:*?"<>|, no dot or space at the end, no name that Windows keeps for itself, at most 255 - room
 * bytes with the extension (cut at a character's end); bytes that are no UTF-8 stay as they are
 * where raw, else become %XX. "" becomes "_". Not for paths: a slash is replaced, too. */
char *tow_place_name(struct tow_arena *a, const char *name, size_t room, bool raw);

/* A path as text, for JSON and PostgreSQL, which keep no other bytes: each that is no UTF-8 becomes
 * a character from U+EF80 on, which no name means (and those that are there are taken for such
 * bytes, too, so that nothing is lost). tow_place_bytes undoes it. NULL stays NULL. */
char *tow_place_text(struct tow_arena *a, const char *bytes);
char *tow_place_bytes(struct tow_arena *a, const char *text);

#endif
