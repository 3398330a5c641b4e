/* The hub's guests, and what they say. */
#ifndef TOW_SERVE_ROOM_H
#define TOW_SERVE_ROOM_H

#include "news.h"

struct room {
	char epoch[17]; /* of the hub's numbers: another hub has others */
	struct topics topics;
	struct news news;
	struct guest **guests;
	size_t n, size;
	bool hurry; /* somebody wants to know of something new */
	bool lost;  /* what they were told may be old */
};

void room_init(struct room *r);
/* What the connections of one token have. */
struct share {
	size_t guests, topics;
};
struct share room_share(const struct room *r, const char *owner);
size_t room_from(const struct room *r, const char *address); /* how many guests come from there */
struct guest *room_enter(struct room *r, struct guest *g, long long now);
/* What a guest has said. It may be nonsense: then it is told so, and let go if it goes on. */
void room_hear(struct room *r, struct guest *g, const char *text, size_t len);
/* What a guest has to hear, as far as it reads. */
void room_feed(struct room *r, struct guest *g);
void room_lost(struct room *r);	  /* they are told so, and whoever comes meanwhile */
void room_resync(struct room *r); /* nobody knows what has been missed: all look anew */
void room_leave(struct room *r, size_t i, long long now);
void room_release(struct room *r);

#endif
