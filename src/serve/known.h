/* What was read a moment ago, by whichever process of the server: many people look at the same
 * lists. Who asks the same again is given the same, if he had asked by when it was looked up or
 * once the database has said that nothing was committed since (tow.answer's seen). What is no row
 * (the time, sequences, sessions) may so be KNOWN_FOR_US old. */
#ifndef TOW_SERVE_KNOWN_H
#define TOW_SERVE_KNOWN_H

#include <pthread.h>
#include <stdatomic.h>

#include "coding.h"

enum { KNOWN_MOST = 64, KNOWN_BYTES = 256 << 10, KNOWN_FOR_US = 250000, KNOWN_WAIT_MS = 100 };

/* The place of an answer. */
struct known_answer {
	pthread_mutex_t mutex; /* of one that is shared */
	atomic_uint asked_now; /* what its holder asks, in short: who asks another thing need not
				  wait */
	bool shared;
	bool kept;	 /* there is one */
	char asked[65];	 /* the SHA-256 of whom, by whom, and what */
	char seen[2048]; /* what the database showed; "": more than fits here */
	char type[64];
	long long looked_us; /* when the look began in which it was read */
	long long said_us;   /* and the one in which the database said so last */
	size_t len;
	struct coded coded;
	char text[KNOWN_BYTES + 1], packed[KNOWN_BYTES];
};

struct known {
	struct known_answer *shared; /* KNOWN_MOST, in memory that all processes see */
	struct known_answer *own;    /* of each process, for when a shared one is taken */
};

/* Before the processes begin. */
TOW_MUST bool known_open(struct known *k, struct tow_err *e);
void known_close(struct known *k); /* all zero is fine */

/* The place of an answer, for the caller alone until he lets it go: who else asks the same waits,
 * so that it is looked up once, but no longer than KNOWN_WAIT_MS: then a process has a place of
 * its own. came_us: when this was asked. */
struct known_answer *known_hold(struct known *k, const char *asked, long long came_us);
void known_let_go(struct known_answer *a); /* NULL is fine */

/* Of one that is held: whether it is true for who had asked by came_us; what the database is asked
 * to compare, NULL: it is too old, or there is none. */
bool known_answers(const struct known_answer *a, long long came_us);
const char *known_seen(const struct known_answer *a, long long now_us);

/* looked_us: when the caller began to look. What is too long is not kept. */
void known_keep(struct known_answer *a, const char *seen, const char *type, const char *text,
		long long looked_us);

#endif
