/* Who wants to hear of what. A topic is of all things of a sort, `downloads`, or of one,
 * `download:7`: what is said of it under the topic of all. `job:7` is one that is looked at because
 * it is asked for.
 *
 * What nobody wants any more because a connection broke is looked at for a while yet: who comes
 * back misses nothing. */
#ifndef TOW_SERVE_TOPICS_H
#define TOW_SERVE_TOPICS_H

#include "sorted.h"
#include "tow/mem.h"

enum {
	TOPIC_MOST = 150,
	TOPICS_EACH = 500, /* of one connection */
	TOPICS_OWNER =
		1000,	   /* of all connections with one token, and those who signed in with it */
	TOPICS_ALL = 4000, /* different ones */
	TOPIC_LINGERS = 60 * 1000000,
};

struct topic {
	char *name;
	unsigned guests;
	unsigned long long since; /* all that was said of it after this message has been heard of */
	long long left_us;	  /* when the last guest left */
	char *left_by;		  /* whose that was; NULL: it has not left */
};

struct topics {
	struct sorted all;
};

/* Whether the database can say anything of it; known: those that there are, for people. */
bool topic_is_known(const char *name);
const char *topics_known(struct tow_arena *a);

/* mine: what one guest wants, each a struct topic of all. want: false when the house is full. */
TOW_MUST bool topics_want(struct topics *t, struct sorted *mine, const char *name,
			  unsigned long long now_seq);
void topics_unwant(struct topics *t, struct sorted *mine, const char *name);
/* All of them; they linger, but of one owner no more than TOPICS_EACH. */
void topics_leave(struct topics *t, struct sorted *mine, const char *owner, long long now);
bool topics_hear(const struct sorted *mine, const char *topic, const char *one);
/* "downloads" and "7" are "download:7"; where there is no key it is the topic. */
const char *topic_one(struct tow_arena *a, const char *topic, const char *key);

/* Nothing that was said before is known any more. */
void topics_restart(struct topics *t, unsigned long long seq);
void topics_tidy(struct topics *t, long long now);
const char *topics_list(const struct topics *t, struct tow_arena *a); /* as PostgreSQL writes it */
void topics_release(struct topics *t);

#endif
