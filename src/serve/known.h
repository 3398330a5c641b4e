/* What was read a moment ago: many people look at the same lists. Whoever asks the same again is
 * given the same, once the database has said that nothing was committed since (tow.answer's seen).
 * What is no row (the time, sequences, sessions) may so be KNOWN_FOR_US old. */
#ifndef TOW_SERVE_KNOWN_H
#define TOW_SERVE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

enum { KNOWN_MOST = 16, KNOWN_BYTES = 256 << 10, KNOWN_FOR_US = 250000 };

struct known_answer {
	char *asked; /* by whom, and what */
	char *seen;  /* what the database showed then */
	char *type, *text;
	long long at_us;
};

struct known {
	struct known_answer of[KNOWN_MOST];
};

/* NULL: nobody asked that lately. */
const struct known_answer *known_find(struct known *k, const char *asked, long long now_us);

/* In place of the oldest. A longer text than KNOWN_BYTES is not kept. */
void known_keep(struct known *k, const char *asked, const char *seen, const char *type,
		const char *text, long long now_us);
void known_release(struct known *k);

#endif
