/* What the files of place share: a placing, and where it has come to.
 *
 *	place.c		begins, goes from state to state, ends: which mode
 *	place_taken.c	whose the name is, and which one it is to be then
 *	place_copy.c	what takes its time: comparing, copying, going on with a part, reading again
 *	place_path.c	paths beneath a root, and what each errno means
 *	place_walk.c	what is there to be placed (walk.h)
 *	place_undo.c	the recycle bin, and taking back
 *	place_empty.c	what has been in the recycle bin for long
 *	place_name.c	names */
#ifndef TOW_CORE_PLACING_H
#define TOW_CORE_PLACING_H

#include <sys/stat.h>

#include "tow/place.h"
#include "xxh.h"

#define PLACE_BIN ".tow-recycle"

enum {
	PLACE_TURN = 16 * 1024 * 1024, /* bytes between two looks at the clock */
	PLACE_BUFFER = 256 * 1024,
	PLACE_NAME_MAX = 255 /* bytes; whoever takes fewer says so */
};

enum place_state {
	AT_NAME,    /* is it free, the same file's, another's? */
	AT_COMPARE, /* what is there, with the source */
	AT_MODE,    /* the next one */
	AT_STAGE,   /* where the copy is made */
	AT_REHASH,  /* what a part holds already */
	AT_COPY,
	AT_SEAL, /* times, owner, mode, and to the disk */
	AT_VERIFY,
	AT_PUT, /* under its name */
	AT_END
};

struct tow_placing {
	struct tow_arena arena;
	struct tow_place_rules rules;
	struct tow_place_what what;
	enum place_state state;
	bool failed;
	struct tow_err err; /* why */

	/* the source */
	int source, file; /* its root; what is placed */
	const char *from; /* what->from, cleaned */
	const char *from_folder, *from_name;
	const char *points_to; /* the text of a symbolic link */
	struct stat st;	       /* of the file, when it was opened */

	/* where to */
	int library, dir;
	const char *to, *folder, *base, *name; /* name: base with its suffix */
	size_t kept;			       /* bytes of folder that were there before */
	int suffix, rounds;
	struct stat there; /* who has the name */
	int there_fd;
	bool replace; /* he makes way */
	const char *replaced;

	/* how */
	size_t mode_at;		/* in rules.modes */
	bool moving;		/* a move that has to copy */
	struct tow_buf why_not; /* the modes before this one, and what was wrong with each */
	int last_error;

	/* what is copied */
	int stage;
	const char *part; /* the stage's own name; NULL: it has none */
	bool staged;	  /* the stage is complete */
	bool spoilt;	  /* nobody should go on with the part */
	bool resumed, sparse;
	bool by_kernel;		  /* copy_file_range, until it says no */
	off_t at;		  /* copied */
	off_t prefix;		  /* that a part had */
	off_t seen;		  /* read, of what is compared or read again */
	off_t behind, behind_len; /* being written to the disk */
	struct xxh *hash;
	char hex[XXH_HEX_SIZE];
	char *buffer, *other;

	struct tow_placed placed;
};

/*--- place.c */

enum tow_place_mode place_mode(const struct tow_placing *p); /* that is being tried */
bool place_passes_on(int error);			     /* to the next mode */
TOW_MUST bool place_next_mode(struct tow_placing *p, int error);
TOW_MUST bool place_adopt(struct tow_placing *p, struct tow_err *e); /* ends with what is there */
TOW_MUST bool place_leave(struct tow_placing *p, struct tow_err *e); /* ends without a place */

/*--- place_taken.c */

TOW_MUST bool place_look(struct tow_placing *p, struct tow_err *e);  /* at the name: one turn */
TOW_MUST bool place_other(struct tow_placing *p, struct tow_err *e); /* it is another's */

/*--- place_copy.c: one turn each */

TOW_MUST bool place_compare(struct tow_placing *p, struct tow_err *e);
TOW_MUST bool place_stage(struct tow_placing *p, struct tow_err *e);
TOW_MUST bool place_rehash(struct tow_placing *p, struct tow_err *e);
TOW_MUST bool place_copy(struct tow_placing *p, struct tow_err *e);
TOW_MUST bool place_seal(struct tow_placing *p, struct tow_err *e);
TOW_MUST bool place_verify(struct tow_placing *p, struct tow_err *e);
const char *place_part_name(struct tow_placing *p);

/*--- place_path.c: descriptors or -1 with errno; ints are 0 or an errno */

TOW_MUST bool place_clean(struct tow_arena *a, const char *path, const char **clean,
			  struct tow_err *e);
void place_split(struct tow_arena *a, const char *path, const char **folder, const char **name);
TOW_MUST bool place_root(int *fd, const char *path, int flags, struct tow_err *e);
int place_open(int root, const char *path, int flags, bool links);
/* *kept: how many bytes of the path were there before. */
int place_make(int root, const char *folder, const struct tow_place_rules *rules, size_t *kept);
void place_prune(int root, const char *folder, size_t keep); /* empty ones, from the deepest up */
int place_own(int fd, mode_t mode, const struct tow_place_rules *rules);
int place_sync(int fd);
int place_link(int fd, int dir, const char *name); /* the very file that is open */
int place_rename(int from_dir, const char *from, int to_dir, const char *to); /* EEXIST */
bool place_same_inode(const struct stat *a, const struct stat *b);
/* "cannot DOING 'path': ..." with the class that the header says; _from: of the source. */
bool place_fail(struct tow_err *e, const char *doing, const char *path, int error);
bool place_fail_from(struct tow_err *e, const char *doing, const char *path, int error);

/*--- place_undo.c: recycled is a path below the root */

int place_recycle(struct tow_arena *a, int root, int dir, const char *name,
		  const struct tow_place_rules *rules, const char **recycled);
bool place_fail_recycle(struct tow_err *e, const char *path, int error);
/* ESTALE: it is not what it was; NULL: that is not known. */
int place_bring_back(int root, const char *recycled, const struct tow_former *was, int dir,
		     const char *name);

/*--- place_name.c */

/* middle goes before the extension; what is longer than max bytes is cut before that. */
char *place_fit(struct tow_arena *a, const char *name, const char *middle, size_t max);

#endif
