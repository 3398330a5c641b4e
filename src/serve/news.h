/* What the database says, as messages. tow.changes gives rows:
 *
 *   topic  key   n     message
 *   set    set   set   an event, told once
 *   set    any   null  a state: told when it is not as it was last told
 *   null   what  null  how far its feed has got, which it is given the next time. What has become
 * of the states that it does not say any more: `gone` is told, of what is `over` nothing is; null:
 * it has not looked
 *
 * A feed that says nothing at all was not asked for. */
#ifndef TOW_SERVE_NEWS_H
#define TOW_SERVE_NEWS_H

#include "guest.h"
#include "ring.h"
#include "topics.h"
#include "tow/db.h"

struct news {
	struct ring ring;
	struct sorted told; /* states */
	char *marks;	    /* what the feeds are given: an object; NULL: nothing yet */
	unsigned long long turn;
};

void news_init(struct news *n);
/* One answer; whether it said anything new. */
bool news_take(struct news *n, const struct tow_rows *rows);
void news_forget(struct news *n); /* states and marks */
/* How the things are that somebody wants to hear of from now on. */
void news_show(const struct news *n, const struct sorted *wants, struct guest *g);
void news_release(struct news *n);

#endif
