/* Those who come with what is no token: each is logged, for programs that shut out who tries many
 * (the page about the API has the line), and counted for the audit, which hears of them now and
 * then. */
#ifndef TOW_SERVE_STRANGERS_H
#define TOW_SERVE_STRANGERS_H

#include "tow/db.h"

struct strangers {
	int n; /* since the audit was told */
	long long told_us;
	char from[64];	     /* where the last of them came from */
	long long second_us; /* since when lines are counted, and how many there were */
	int lines;
};

/* Of a flood some lines are enough. */
void strangers_log(struct strangers *s, const char *event, const char *from);
void strangers_add(struct strangers *s, const char *from); /* logs it, too */
bool strangers_are_due(const struct strangers *s);	   /* to be told of */

/* What was refused has left nothing in the audit: its transaction is undone. */
void strangers_tell(struct strangers *s, struct tow_db *db);
bool strangers_tell_of(struct tow_db *db, const char *what, int times, const char *from);

#endif
