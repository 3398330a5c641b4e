/* What was read a moment ago: many people look at the same lists. Whoever asks the same again is
 * given the same, once the database has said that nothing was committed since (tow.answer's seen).
 * What is no row (the time, sequences, sessions) may so be KNOWN_FOR_US old. */
#ifndef TOW_SERVE_KNOWN_H
#define TOW_SERVE_KNOWN_H

#include "coding.h"

enum { KNOWN_MOST = 16, KNOWN_BYTES = 256 << 10, KNOWN_FOR_US = 250000 };

struct known_answer {
	struct tow_arena arena; /* of all of it */
	const char *asked;	/* by whom, and what */
	const char *seen;	/* what the database showed then */
	const char *type, *text;
	struct coded coded;
	long long at_us;
	unsigned long turn; /* in which the database said so last */
};

struct known {
	struct known_answer of[KNOWN_MOST];
};

/* NULL: nobody asked that lately, or (came: in which turn) while it was looked up. */
struct known_answer *known_find(struct known *k, const char *asked, unsigned long came,
				long long now_us);

/* In place of the oldest. NULL: it is not kept, its text is longer than KNOWN_BYTES. */
struct known_answer *known_keep(struct known *k, const char *asked, const char *seen,
				const char *type, const char *text, unsigned long turn,
				long long now_us);
void known_release(struct known *k);

#endif
