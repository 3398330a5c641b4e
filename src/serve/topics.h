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

enum { TOPIC_MOST = 150, TOPICS_EACH = 500, TOPICS_ALL = 4000, TOPIC_LINGERS = 60 * 1000000 };

struct topic {
	char *name;
	unsigned guests;
	unsigned long long since; /* all that was said of it after this message has been heard of */
	long long left_us;	  /* when the last guest left */
};

struct topics {
	struct sorted all;
};

/* mine: what one guest wants, each a struct topic of all. want: false when the house is full. */
TOW_MUST bool topics_want(struct topics *t, struct sorted *mine, const char *name,
			  unsigned long long now_seq);
void topics_unwant(struct topics *t, struct sorted *mine, const char *name);
void topics_leave(struct sorted *mine, long long now); /* all of them; they linger */
bool topics_hear(const struct sorted *mine, const char *topic, const char *one);
/* "downloads" and "7" are "download:7"; where there is no key it is the topic. */
const char *topic_one(struct tow_arena *a, const char *topic, const char *key);

/* Nothing that was said before is known any more. */
void topics_restart(struct topics *t, unsigned long long seq);
void topics_tidy(struct topics *t, long long now);
const char *topics_list(const struct topics *t, struct tow_arena *a); /* as PostgreSQL writes it */
void topics_release(struct topics *t);

#endif
