/* What the files of fetch share: a fetching, and where it has come to.
 *
 *	fetch.c		begins, asks, writes, ends
 *	fetch_head.c	what the head of an answer says: a name, a range, whether to go on
 *	fetch_page.c	that it is no web page
 *	fetch_part.c	its folder: the part, what is remembered of it, the file itself */
#ifndef TOW_CORE_FETCHING_H
#define TOW_CORE_FETCHING_H

#include <sys/types.h>

#include "checksum.h"
#include "tow/fetch.h"
#include "tow/http.h"

#define FETCH_MEMO ".tow-fetch"
#define FETCH_PART ".part"

/* What is remembered beside a part. */
struct fetch_memo {
	const char *of, *name, *part;
	const char *etag, *modified; /* NULL: not said, or not to be relied on */
	long long size;		     /* -1: not said */
	unsigned long long ino;	     /* of the file, once it is whole */
	bool done;
};

enum fetch_state {
	FETCH_REHASH, /* what the part holds already */
	FETCH_ASK,
	FETCH_HEAR,
	FETCH_SEAL,
	FETCH_OVER
};

struct tow_fetch {
	struct tow_arena arena;
	struct tow_fetch_what what;
	enum fetch_state state;
	bool failed;
	struct tow_err err; /* why */

	int root, dir; /* its own folder */
	const char *key;
	struct fetch_memo memo;
	int part;
	off_t at, found, seen; /* in the part: now, at first, read again */
	bool resumed;	       /* some of the part is of an earlier fetch */
	struct checksum sum;

	struct tow_http *http;
	struct tow_http_trail trail;
	int anew;
	bool heard; /* the answer's head was taken in */
	long retry_after;
};

/*--- fetch_head.c */

enum fetch_step {
	STEP_GO_ON,	/* the body continues the part */
	STEP_WHOLE,	/* the body is all of it: from the first byte on */
	STEP_ANEW,	/* the part is of no use: ask again, for all of it */
	STEP_HAVE_ALL,	/* the part is all of it */
	STEP_ELSEWHERE, /* a redirect */
	STEP_REFUSED
};
enum fetch_step fetch_step(const struct fetch_memo *memo, long long at,
			   const struct tow_http_answer *answer);
/* What If-Range takes: an ETag that is strong, else the date; NULL: there is nothing of the kind,
 * and nobody can tell whether the file is the same. */
const char *fetch_validator(const struct fetch_memo *memo);
void fetch_read_head(struct tow_arena *a, const struct tow_http_answer *answer,
		     struct fetch_memo *memo);		    /* all but the name */
long long fetch_size(const struct tow_http_answer *answer); /* of the whole file; -1 */
/* A page that a server made of a folder: the address names no file, nor does the header. */
bool fetch_is_listing(struct tow_arena *a, const struct tow_http_answer *answer, const char *url);
/* From the header, else from the end of the address, else the other one; as any file system takes
 * it, with room for what is put behind it. */
const char *fetch_name(struct tow_arena *a, const char *disposition, const char *url,
		       const char *other);

/*--- fetch_page.c */

/* By its type, and its first bytes: a page under a name that no page has is none. */
TOW_MUST bool fetch_is_file(const char *name, const struct tow_http_answer *answer,
			    struct tow_err *e);

/*--- fetch_part.c */

TOW_MUST bool fetch_open(struct tow_fetch *f, struct tow_err *e); /* folder, memo, part */
/* An empty part of what fresh describes, whatever there was. */
TOW_MUST bool fetch_start(struct tow_fetch *f, const struct fetch_memo *fresh, struct tow_err *e);
TOW_MUST bool fetch_has_room(struct tow_fetch *f, struct tow_err *e);
TOW_MUST bool fetch_write(struct tow_fetch *f, const char *data, size_t len, struct tow_err *e);
TOW_MUST bool fetch_rehash(struct tow_fetch *f, struct tow_err *e); /* a turn of it */
TOW_MUST bool fetch_publish(struct tow_fetch *f, struct tow_err *e);
void fetch_discard(struct tow_fetch *f); /* the part, and what is remembered of it */

#endif
