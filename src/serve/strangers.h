/* Those who come with what is no token: each is logged, for programs that shut out who tries many
 * (the page about the API has the lines), and counted for the audit, which hears of them now and
 * then. */
#ifndef TOW_SERVE_STRANGERS_H
#define TOW_SERVE_STRANGERS_H

#include "tow/db.h"

enum refusal { REFUSED_TOKEN, REFUSED_SIGN_IN, REFUSALS };

struct strangers {
	struct tally {
		int n; /* since the audit was told */
		long long told_us;
		char from[64]; /* where the last of them came from */
	} of[REFUSALS];
	struct pace {
		long long second_us; /* since when lines are counted, and how many there were */
		int lines;
	} refused, failed;
};

/* Logs it, too: of a flood some lines are enough. */
void strangers_add(struct strangers *s, enum refusal what, const char *from);
/* Whose token is known, and signs nobody in. Logged likewise, by a count of its own. */
void strangers_failed(struct strangers *s, const struct tow_err *e);
bool strangers_are_due(const struct strangers *s); /* to be told of */

/* What was refused has left nothing in the audit: its transaction is undone. */
void strangers_tell(struct strangers *s, struct tow_db *db); /* of all */

#endif
