/* What was read a moment ago, by whichever process of the server: many people look at the same
 * lists. Who asks the same again is given the same, if he had asked by when it was looked up or
 * once the database has said that nothing was committed since (tow.answer's seen). What is no row
 * (the time, sequences, sessions) may so be KNOWN_FOR_US old. */
#ifndef TOW_SERVE_KNOWN_H
#define TOW_SERVE_KNOWN_H

#include <pthread.h>

#include "coding.h"

enum { KNOWN_MOST = 64, KNOWN_BYTES = 256 << 10, KNOWN_FOR_US = 250000, KNOWN_WAIT_MS = 100 };

/* In memory that all processes share. */
struct known_answer {
	pthread_mutex_t mutex;
	bool kept;	 /* there is one */
	unsigned age;	 /* of known, when it was held */
	char asked[65];	 /* the SHA-256 of by whom, and what */
	char seen[2048]; /* what the database showed */
	char type[64];
	long long looked_us; /* when the look began in which it was read */
	long long said_us;   /* and the one in which the database said so last */
	size_t len;
	struct coded coded;
	char text[KNOWN_BYTES + 1], packed[KNOWN_BYTES];
};

struct known;

/* Before the processes begin. */
TOW_MUST bool known_open(struct known **k, struct tow_err *e);

/* The place of an answer, for the caller alone until he lets it go: who else asks the same waits,
 * so that it is looked up once. NULL: it has taken others for longer than KNOWN_WAIT_MS, or longer
 * than a caller should be kept from what else he has to do. */
struct known_answer *known_hold(struct known *k, const char *asked);
void known_let_go(struct known_answer *a); /* NULL is fine */

/* Of one that is held: whether it is true for who had asked by came_us; what the database is asked
 * to compare, NULL: it is too old, or there is none. */
bool known_answers(const struct known_answer *a, long long came_us);
const char *known_seen(const struct known_answer *a, long long now_us);

/* looked_us: when the caller began to look. What is too long is not kept. */
void known_keep(struct known_answer *a, const char *seen, const char *type, const char *text,
		long long looked_us);

/* All: it may be another database. */
void known_forget(struct known *k);

#endif
