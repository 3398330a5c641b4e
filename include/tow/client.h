/* A download client: a program that downloads for us, spoken to over the network. A driver is one
 * file in workers/haul/clients that ends in one const struct.
 *
 * A driver says what the client says, and does what it is told, once: it neither retries nor logs
 * nor decides. Each call is one request where the protocol allows it. What it returns lives in the
 * arena of the call. Text is as the client gave it: it may be hostile, and may not be UTF-8.
 *
 * Errors, by what can be done about them (e->class; "http.*" and "scgi.*" as http.h and scgi.h gave
 * them):
 *	client.auth	the name or the password is wrong: never asked again with the same ones
 *	client.banned	it refuses us for a time, whatever we say
 *	client.old	a version that cannot do this
 *	client.refused	it understood, and would not (what it said is the text)
 *	client.cannot	it is no program that can delete data, whatever it is asked
 *	client.gone	it does not hold this transfer
 *	client.held	it holds what was to be added, and has left it as it is
 *	client.garbled	the answer is none of this protocol's */
#ifndef TOW_CLIENT_H
#define TOW_CLIENT_H

#include "tow/http.h"
#include "tow/json.h"
#include "tow/mem.h"

/* Who and where; borrowed from whoever opens the client, and valid until it is closed. */
struct tow_client_conf {
	const char *url;      /* without a slash at the end */
	const char *user;     /* NULL: none */
	const char *secret;   /* password, token or API key; NULL: none */
	const char *category; /* what listings are narrowed to, and what is added gets; NULL */
	const char *tag;      /* likewise */
	/* Categories where what is placed is put, and those that downloads were given: listings
	 * narrowed to the category have these too, so that what is ours is not lost from sight.
	 * NULL at the end; may be NULL. */
	const char *const *done;
	long timeout_ms; /* of each request */
};

/* What the client makes of a transfer. Drivers map what they are told to one of these, and what
 * they do not know to TRANSFER_UNKNOWN, never to one that means more. */
enum tow_transfer_state {
	TRANSFER_UNKNOWN,
	TRANSFER_QUEUED,   /* waits its turn in the client */
	TRANSFER_METADATA, /* looks for what it is: a magnet */
	TRANSFER_DOWNLOADING,
	TRANSFER_STALLED, /* would download, and gets nothing */
	TRANSFER_CHECKING,
	TRANSFER_UNPACKING, /* post-processing of any kind */
	TRANSFER_MOVING,
	TRANSFER_PAUSED,  /* with bytes left */
	TRANSFER_SEEDING, /* all bytes are here; seeds, or waits for a turn to */
	TRANSFER_DONE,	  /* all bytes are here, and nothing more is done with them */
	TRANSFER_ERROR,
	TRANSFER_MISSING_FILES,
	TRANSFER_DELETED /* the client remembers that it was deleted */
};

/* What is not known is NULL, -1 for numbers, 0 for instants (seconds since 1970). */
struct tow_transfer {
	const char *key;    /* what the other calls take; stable while the client holds it */
	const char *ids[4]; /* others by which it may be known: v1 and v2 hash; NULL at the end */
	const char *name;
	enum tow_transfer_state state;
	bool complete; /* by this client's own rule: all wanted bytes, checked, in place */
	const char *client_state; /* in its own words */
	double percent;
	long long size, left; /* of what is wanted */
	long long down, up;   /* bytes a second */
	long long eta;	      /* seconds */
	long long seeders, leechers;
	double ratio;
	long long seeding;   /* seconds */
	const char *folder;  /* the paths of its files begin there */
	const char *content; /* the one file or folder, if the client says so: for people */
	const char *category;
	const char *const *tags; /* NULL at the end; may be NULL */
	const char *error;
	bool local;		  /* the error is of our disk, not of what is downloaded */
	const char *tracker;	  /* what it says, if that is worth saying */
	const char *tracker_host; /* alone: the rest of the address may hold a passkey */
	long long added_at, completed_at;
};

struct tow_listing {
	struct tow_transfer *of;
	size_t n;
	bool whole;	      /* all that there is: what is not in it is not there */
	long long free_bytes; /* where it downloads to; -1 */
};

struct tow_transfer_file {
	const char *path; /* below the transfer's folder */
	long long size, done;
	bool wanted;
};

/* A client that keeps no list of a complete transfer's files says only where it is: made, one
 * folder or one file, all of which is this transfer's. */
struct tow_transfer_files {
	struct tow_transfer_file *of;
	size_t n;
	const char *folder;
	const char *made; /* instead of the others; NULL */
};

/* What to download: one of link and data. */
struct tow_transfer_new {
	const char *link; /* magnet: or http(s): */
	const char *data; /* a .torrent or .nzb */
	size_t data_len;
	const char *name;   /* of the file, or of the job; may be NULL */
	const char *folder; /* where to put it; NULL: where the client does */
	const char *tag;    /* of its own, by which it is found again */
	bool ours;	    /* what the client holds of it already was given to it by us */
	bool paused, sequential;
	long long down_limit, up_limit; /* bytes a second; 0: none */
	double ratio_limit;		/* below 0: the client's */
	long long seed_limit;		/* seconds; below 0: the client's */
};

enum tow_client_act {
	CLIENT_PAUSE,
	CLIENT_RESUME,
	CLIENT_RECHECK,
	CLIENT_REANNOUNCE,
	CLIENT_REMOVE, /* its data stays */
	CLIENT_REMOVE_DATA
};

/* What whoever gives it a download must know: what it cannot is said, and left out. */
enum tow_client_can {
	CLIENT_CAN_TAG = 1, /* add_tag and new transfers' own */
	CLIENT_CAN_CATEGORY = 2,
	CLIENT_CAN_SEQUENTIAL = 4,
	CLIENT_CAN_LIMIT = 8,	   /* the rates of one transfer */
	CLIENT_CAN_RATIO = 16,	   /* to seed to a ratio of its own */
	CLIENT_CAN_SEED_TIME = 32, /* or for a time */
	CLIENT_CAN_V2 = 64	   /* torrents that are of version 2 alone */
};

/* A driver's own memory of a client that is open: session, cookies. */
struct tow_client {
	const struct tow_client_driver *driver;
	const struct tow_client_conf *conf;
	struct tow_http *http;
	char version[64]; /* said by hello; "" before */
	void *own;	  /* the driver's, of the size that it asks for, zeroed */
};

struct tow_client_driver {
	const char *name;
	const char *title; /* what people call it */
	const char *usual; /* what an address of it looks like; NULL: it can do without one */
	const char *takes; /* settings that mean something to it, beside those of all: url,
			    * user_name, secret, category, tag, paths */
	const char *help;  /* a line: which versions, what the address and the secret are */
	unsigned can;	   /* enum tow_client_can */
	size_t most_data;  /* of a .torrent, that it takes in one request; 0: any */
	size_t own_size;
	void (*close)(struct tow_client *c); /* frees what own points to; may be NULL */

	/* Log in if need be, and fill in c->version. The other calls may be made without: they log
	 * in when the client asks for that, once. */
	bool (*hello)(struct tow_client *c, struct tow_arena *a, struct tow_err *e);
	bool (*list)(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		     struct tow_err *e);
	bool (*files)(struct tow_client *c, struct tow_arena *a, const char *key,
		      struct tow_transfer_files *out, struct tow_err *e);
	/* The torrent of a hash (40 digits, small), in whatever category: of *out at least key, ids
	 * and tags. client.gone: it holds none. NULL: it takes no torrents. */
	bool (*by_hash)(struct tow_client *c, struct tow_arena *a, const char *hash,
			struct tow_transfer *out, struct tow_err *e);
	/* *key is NULL where the client does not say: it is found by its tag. What it holds already
	 * may be somebody else's: client.held, and *key is its hash, where the client says which
	 * that is. If it is ours, it gets what is missing, and that is no error. */
	bool (*add)(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		    const char **key, struct tow_err *e);
	bool (*act)(struct tow_client *c, struct tow_arena *a, const char *key,
		    enum tow_client_act what, struct tow_err *e);
	/* Repeating it changes nothing. */
	bool (*add_tag)(struct tow_client *c, struct tow_arena *a, const char *key, const char *tag,
			struct tow_err *e);
	/* In place of the one that it has; made where the client has none of that name. Repeating
	 * it changes nothing. NULL: the client cannot, or not with what is complete. */
	bool (*set_category)(struct tow_client *c, struct tow_arena *a, const char *key,
			     const char *category, struct tow_err *e);
};

TOW_MUST bool tow_client_open(struct tow_client *c, const struct tow_client_driver *driver,
			      const struct tow_client_conf *conf, struct tow_err *e);
void tow_client_close(struct tow_client *c);
const struct tow_client_driver *tow_client_driver(const char *name); /* NULL: there is none */

/* For drivers: the host of an address, small, without user, port and brackets; NULL where there is
 * none. */
const char *tow_client_host(struct tow_arena *a, const char *url);

/* For drivers: whether a listing narrowed to a category has what is in this one. */
bool tow_client_lists(const struct tow_client_conf *conf, const char *category);

/* For drivers: what is no link might be a path, and be read from the client's own disk. */
TOW_MUST bool tow_client_check_link(const struct tow_transfer_new *t, struct tow_err *e);

/* For drivers: by_hash of a client that finds nothing by one, out of all that it lists. */
TOW_MUST bool tow_client_in_list(struct tow_client *c, struct tow_arena *a, const char *hash,
				 struct tow_transfer *out, struct tow_err *e);

/* For drivers: what was to be added is there already. False. */
bool tow_client_held(struct tow_err *e);

/* For drivers: whether a message is the system's about a disk that is full, gone or not ours to
 * write to. */
bool tow_client_is_local(const char *text);

/* Generated at build time from the files in workers/haul/clients; NULL at the end. */
extern const struct tow_client_driver *const tow_client_drivers[];

#endif
