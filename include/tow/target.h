/* A media server, or whoever else wants to know of new files. A driver is one file in
 * workers/haul/targets that ends in one const struct, and does what it is told, once: it neither
 * retries nor logs nor decides.
 *
 * Errors, by what can be done about them (e->class; "http.*" and "line.*" as http.h and line.h gave
 * them). None holds the secret.
 *	target.auth	the name, password or token is wrong, or may not do this
 *	target.old	a version that cannot do this
 *	target.outside	the folder is in none of the libraries that the server knows (most of them
 *say nothing then, and scan nothing)
 *	target.busy	it scans already, and would not see what is new: worth another try
 *	target.refused	it understood, and would not (what it said is the text)
 *	target.garbled	the answer is none of this protocol's */
#ifndef TOW_TARGET_H
#define TOW_TARGET_H

#include "tow/http.h"
#include "tow/json.h"
#include "tow/mem.h"

/* Who and where; borrowed from whoever opens the target, and valid until it is closed. */
struct tow_target_conf {
	const char *url;    /* without a slash at the end; mpd://HOST:PORT for MPD */
	const char *user;   /* NULL: none */
	const char *secret; /* password, token, API key, or what a webhook is signed with; NULL */
	const char
		*library; /* the server's own name or id of the library, where it needs one; NULL */
	long timeout_ms;  /* of each request */
};

/* What a scan is about: paths as the server sees them, all of one library. */
struct tow_target_scan {
	const char *const *paths; /* files, or folders, which end in a slash; NULL at the end;
				     none: all that it has */
	const char *event;	  /* why, for a webhook: "import", "delete", "scan" */
	const char *data;	  /* JSON about it, for a webhook; NULL */
};

enum tow_target_state { TARGET_RUNNING, TARGET_DONE, TARGET_FAILED };

struct tow_target_progress {
	enum tow_target_state state;
	double percent;	  /* below 0: not said */
	const char *note; /* what it is at, or why it failed; NULL */
};

enum tow_target_can {
	TARGET_CAN_PATHS = 1,  /* scans what is named, and not everything */
	TARGET_CAN_FOLLOW = 2, /* says when a scan is over */
};

struct tow_target {
	const struct tow_target_driver *driver;
	const struct tow_target_conf *conf;
	struct tow_http *http;
	char version[64]; /* said by hello; "" before */
};

struct tow_target_driver {
	const char *name;
	const char *title; /* what people call it */
	const char *usual; /* what an address of it looks like; NULL: it can do without one */
	const char *takes; /* settings that mean something to it, beside those of all: user_name,
			    * secret, section */
	const char *help;  /* a line: what the address and the secret are */
	unsigned can;	   /* enum tow_target_can */

	/* Is it there, what version, does it let us in, does it know the library. */
	bool (*hello)(struct tow_target *t, struct tow_arena *a, struct tow_err *e);
	/* Whether a folder, which ends in a slash, lies in one of its libraries: target.outside, if
	 * not. Changes nothing. May be NULL. */
	bool (*knows)(struct tow_target *t, struct tow_arena *a, const char *folder,
		      struct tow_err *e);
	/* *job is what follow takes; NULL where there is nothing to follow. Asking twice scans
	 * twice, and does no harm. */
	bool (*scan)(struct tow_target *t, struct tow_arena *a, const struct tow_target_scan *scan,
		     const char **job, struct tow_err *e);
	/* One look; a scan that the server has forgotten is over. May be NULL. */
	bool (*follow)(struct tow_target *t, struct tow_arena *a, const char *job,
		       struct tow_target_progress *out, struct tow_err *e);
	bool (*stop)(struct tow_target *t, struct tow_arena *a, const char *job,
		     struct tow_err *e); /* may be NULL */
};

TOW_MUST bool tow_target_open(struct tow_target *t, const struct tow_target_driver *driver,
			      const struct tow_target_conf *conf, struct tow_err *e);
void tow_target_close(struct tow_target *t);
const struct tow_target_driver *tow_target_driver(const char *name); /* NULL: there is none */

/* Generated at build time from the files in workers/haul/targets; NULL at the end. */
extern const struct tow_target_driver *const tow_target_drivers[];

/*--- what drivers share */

/* The path is the folder root, or in it. Never one with "..", and by whole names; a backslash
 * counts as a slash where the path is Windows'. */
bool tow_target_holds(const char *root, const char *path);
/* The folders that the paths are, or lie in, with the slash at the end: each once, and none that
 * lies in another; NULL at the end. */
const char **tow_target_folders(struct tow_arena *a, const char *const *paths);
/* The folder that holds them all; "" where there is none. */
const char *tow_target_common(struct tow_arena *a, const char *const *folders);

/* The paths as JSON can say them: what has a name that is no text gives the folder that holds it.
 */
const char *const *tow_target_texts(struct tow_arena *a, const char *const *paths);

/* The path is in one of these folders: the texts of a list, or of that member of its objects. */
bool tow_target_held(const struct tow_json *list, const char *member, const char *path);
/* The target is about the library of this id and name, or about all. */
bool tow_target_wants(const struct tow_target *t, const char *id, const char *name);
bool tow_target_listed(const char *list, const char *id);		   /* "ID,ID" */
bool tow_target_outside(struct tow_err *e, const char *path);		   /* false */
bool tow_target_no_library(const struct tow_target *t, struct tow_err *e); /* false */

/* One request with the target's time limit. 401 and 403 are target.auth, and an address that has
 * moved says so; any other status is an answer. */
TOW_MUST bool tow_target_send(struct tow_target *t, struct tow_arena *a,
			      const struct tow_http_request *q, struct tow_http_answer *answer,
			      struct tow_err *e);
/* The same, answered by 2xx and, where doc is not NULL, by JSON. */
TOW_MUST bool tow_target_ask(struct tow_target *t, struct tow_arena *a,
			     const struct tow_http_request *q, struct tow_json **doc,
			     struct tow_err *e);
/* False. For errors that quote the server, who may quote us: without the secret. */
bool tow_target_hush(const struct tow_target *t, struct tow_err *e);

#endif
