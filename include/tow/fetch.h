/* Fetching a file from the web, in turns, into a folder of its own: under its name there is never a
 * half file. What was broken off goes on where it stopped, if the file is the same still.
 *
 *	struct tow_fetch *f;
 *
 *	if (!tow_fetch_begin(&f, &what, e))
 *		return false;
 *	while (tow_fetch_more(f)) // waits a quarter of a second at most
 *		tell(tow_fetch_seen(f));
 *	if (!tow_fetch_end(f, a, &fetched, e)) // frees f, whatever comes of it
 *		return false;
 *
 * ROOT/KEY/NAME.part grows; beside it .tow-fetch says whose it is and of which state of the file
 * (ETag, Last-Modified, size). A server that knows no ranges, or has another file by now, gives all
 * of it anew. No coding is undone; redirects are followed as http.h says, to http and https only.
 *
 * Errors ("http.*" as http.h gives them, "local.*" and "place.*" as place.h does):
 *	release.gone	  FINAL: 404 or 410
 *	release.page	  FINAL: it is a web page, under a name that no page has
 *	release.empty	  FINAL: it has no byte
 *	release.checksum  FINAL: it is not what its publisher says; the part is gone
 *	config.refused	  FINAL: 401 or 403
 *	config.checksum	  FINAL: the checksum is none
 *	http.range	  RETRY: the server's ranges contradict each other
 *	local.space	  RETRY: it does not fit, here or where it is to go, which is said before a
 *			  byte is written where the size is known; the part stays
 *	place.busy	  RETRY: another process is at it */
#ifndef TOW_FETCH_H
#define TOW_FETCH_H

#include "tow/err.h"
#include "tow/mem.h"

struct tow_fetch_what {
	const char *url;
	const char *root;     /* a folder that is there; may be a link */
	const char *key;      /* the folder in it: "tow-17"; "tow-17.1" where that is another's */
	const char *of;	      /* by which that is told */
	const char *name;     /* where neither the server nor the address has one; may be NULL */
	bool named;	      /* somebody has given it: a page at a slash is wanted, too */
	const char *checksum; /* "sha256:HEX", sha1, md5, xxh128; NULL */
	long long rate;	      /* bytes a second; 0: as they come */
	long stall_ms;	      /* nothing came for so long; 0: 60 s */
	const char *then;     /* the folder into which it is to go from there; NULL: none */
	long long reserve;    /* bytes that are to be left there */
};

struct tow_fetch_seen {
	const char *key, *name; /* name is NULL as long as it is not known */
	long long size;		/* -1: the server does not say */
	long long at;		/* bytes that are here */
	long long found;	/* that an earlier fetch had left */
	long retry_after;	/* seconds, that the server wants to be left alone; -1 */
	bool reading;		/* what an earlier fetch had left: the server is not asked yet */
};

struct tow_fetched {
	const char *key, *name;
	long long size;
};

struct tow_fetch;
TOW_MUST bool tow_fetch_begin(struct tow_fetch **f, const struct tow_fetch_what *what,
			      struct tow_err *e);
bool tow_fetch_more(struct tow_fetch *f);			 /* true: there is more to do */
struct tow_fetch_seen tow_fetch_seen(const struct tow_fetch *f); /* valid until its end */
TOW_MUST bool tow_fetch_end(struct tow_fetch *f, struct tow_arena *a, struct tow_fetched *fetched,
			    struct tow_err *e);
void tow_fetch_drop(struct tow_fetch *f); /* broken off: the part stays */

/*--- what was fetched */

/* The root that a client's address says: "file:///folder", or "" for $TOW_HOME/downloads, which is
 * made. */
TOW_MUST bool tow_fetch_root(struct tow_arena *a, const char *url, const char **root,
			     struct tow_err *e);
/* Class "client.gone" where there is nothing of that key. done: bytes that are here. */
struct tow_fetch_file {
	const char *name;
	long long size, done;
};
TOW_MUST bool tow_fetch_look(struct tow_arena *a, const char *root, const char *key,
			     struct tow_fetch_file *file, struct tow_err *e);
/* Forget it: a part goes, a whole file only with its data. What else is in the folder stays. */
TOW_MUST bool tow_fetch_remove(const char *root, const char *key, bool data, struct tow_err *e);

#endif
