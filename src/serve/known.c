/* The last answers: see known.h. */
#include "known.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tow/http.h"

struct known {
	atomic_uint age; /* what was kept in another one is forgotten */
	struct known_answer of[KNOWN_MOST];
};

/* Whoever dies with one in his hand leaves it to the others. */
static int make_mutex(pthread_mutex_t *m)
{
	pthread_mutexattr_t how;
	int error = pthread_mutexattr_init(&how);
	if (!error)
		error = pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
	if (!error)
		error = pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
	return error ? error : pthread_mutex_init(m, &how);
}

bool known_open(struct known **k, struct tow_err *e)
{
	struct known *s =
		mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int error = s == MAP_FAILED ? errno : 0;
	for (size_t i = 0; !error && i < KNOWN_MOST; i++)
		error = make_mutex(&s->of[i].mutex);
	if (error)
		return tow_fail(e, TOW_RETRY, "memory for all processes: %s", strerror(error));
	*k = s;
	return true;
}

static int hold(struct known_answer *a)
{
	struct timespec until;
	int error = pthread_mutex_trylock(&a->mutex);
	if (error == EBUSY) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += KNOWN_WAIT_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		error = pthread_mutex_clocklock(&a->mutex, CLOCK_MONOTONIC, &until);
	}
	if (error != EOWNERDEAD)
		return error;
	a->kept = false;
	return pthread_mutex_consistent(&a->mutex);
}

/* Two that have one place take it from each other. */
struct known_answer *known_hold(struct known *k, const char *asked)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *hash = tow_sha256_hex(&a, asked, strlen(asked));
	struct known_answer *place =
		&k->of[strtoul(tow_strndup(&a, hash, 4), NULL, 16) % KNOWN_MOST];
	unsigned age = atomic_load(&k->age);
	if (hold(place) != 0)
		return NULL;
	place->kept = place->kept && place->age == age && strcmp(place->asked, hash) == 0;
	place->age = age;
	memcpy(place->asked, hash, sizeof place->asked);
	return place;
}

void known_let_go(struct known_answer *a)
{
	if (a)
		pthread_mutex_unlock(&a->mutex);
}

bool known_answers(const struct known_answer *a, long long came_us)
{
	return a->kept && came_us <= a->said_us;
}

const char *known_seen(const struct known_answer *a, long long now_us)
{
	return a->kept && now_us - a->looked_us < KNOWN_FOR_US ? a->seen : NULL;
}

void known_keep(struct known_answer *a, const char *seen, const char *type, const char *text,
		long long looked_us)
{
	a->len = strlen(text);
	a->kept = a->len <= KNOWN_BYTES && strlen(seen) < sizeof a->seen &&
		  strlen(type) < sizeof a->type;
	if (!a->kept)
		return;
	strcpy(a->seen, seen);
	strcpy(a->type, type);
	memcpy(a->text, text, a->len + 1);
	a->coded = (struct coded){ .packed = a->packed };
	a->looked_us = a->said_us = looked_us;
}

void known_forget(struct known *k)
{
	atomic_fetch_add(&k->age, 1);
}
