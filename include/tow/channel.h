/* A way to tell people something. A driver is one file in workers/haul/channels that ends in one
 * const struct, and sends what it is given, once: it neither retries nor logs nor decides.
 *
 * Errors, by what can be done about them (e->class; "http.*" and "mail.*" as http.h and mail.h gave
 * them). None holds the secret.
 *	channel.auth	the name, password or token is wrong, or may not do this
 *	channel.options	it lacks what it needs to know */
#ifndef TOW_CHANNEL_H
#define TOW_CHANNEL_H

#include "tow/http.h"
#include "tow/json.h"
#include "tow/mem.h"

/* Where, and as whom; borrowed from whoever opens the channel, and valid until it is closed. */
struct tow_channel_conf {
	const char *url;    /* without a slash at the end */
	const char *user;   /* NULL: none */
	const char *secret; /* password or token, or what a webhook is signed with; NULL */
	const struct tow_json *options; /* texts: what the driver needs, and what it may be told */
	long timeout_ms;		/* of each request */
};

/* What people are told. Text is UTF-8; the title is one line. */
struct tow_message {
	const char *id; /* the same whenever it is sent */
	const char *event, *title, *text;
	const char *level; /* "good", "warn" or "bad" */
	long long count;   /* so many things in one */
	const char *items; /* JSON: a list of them, for programs */
};

struct tow_channel {
	const struct tow_channel_driver *driver;
	const struct tow_channel_conf *conf;
	struct tow_http *http;
	long retry_after; /* seconds that the last answer asked for; -1: none */
};

struct tow_channel_driver {
	const char *name;
	const char *title; /* what people call it */
	const char *usual; /* what an address of it looks like; NULL: it can do without one */
	const char *takes; /* settings that mean something to it, beside those of all: user_name,
			    * secret, options */
	const char *help;  /* a line: what the address and the secret are */
	const char *const
		*needs; /* options that it cannot do without, NULL at the end; may be NULL */
	bool (*send)(struct tow_channel *c, struct tow_arena *a, const struct tow_message *m,
		     struct tow_err *e);
};

TOW_MUST bool tow_channel_open(struct tow_channel *c, const struct tow_channel_driver *driver,
			       const struct tow_channel_conf *conf, struct tow_err *e);
void tow_channel_close(struct tow_channel *c);
const struct tow_channel_driver *tow_channel_driver(const char *name); /* NULL: there is none */

/* Generated at build time from the files in workers/haul/channels; NULL at the end. */
extern const struct tow_channel_driver *const tow_channel_drivers[];

/*--- what drivers share */

const char *tow_channel_option(const struct tow_channel *c, const char *name); /* NULL: not said */
/* POST: anything from 200 to 299 is a yes. What it asks for as a pause is noted. */
TOW_MUST bool tow_channel_post(struct tow_channel *c, struct tow_arena *a, const char *url,
			       const char *const *headers, const char *body, struct tow_err *e);

#endif
