/* The last answers: see known.h. */
#include "known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tow/http.h"

/* Whoever dies with one in his hand leaves it to the others. */
static int make_shared(struct known_answer *a)
{
	pthread_mutexattr_t how;
	int error = pthread_mutexattr_init(&how);
	if (!error)
		error = pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
	if (!error)
		error = pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
	a->shared = true;
	return error ? error : pthread_mutex_init(&a->mutex, &how);
}

bool known_open(struct known *k, struct tow_err *e)
{
	void *all = mmap(NULL, KNOWN_MOST * sizeof *k->shared, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int error = all == MAP_FAILED ? errno : 0;
	k->shared = error ? NULL : all;
	for (size_t i = 0; !error && i < KNOWN_MOST; i++)
		error = make_shared(&k->shared[i]);
	if (error)
		return tow_fail(e, TOW_RETRY, "memory for all processes: %s", strerror(error));
	k->own = tow_xcalloc(1, sizeof *k->own);
	return true;
}

void known_close(struct known *k)
{
	if (k->shared)
		munmap(k->shared, KNOWN_MOST * sizeof *k->shared);
	free(k->own);
	*k = (struct known){ 0 };
}

static int wait_for(struct known_answer *a)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += KNOWN_WAIT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	return pthread_mutex_clocklock(&a->mutex, CLOCK_MONOTONIC, &until);
}

/* Whoever had it has died, perhaps in the middle of a text. */
static int take_over(struct known_answer *a)
{
	a->kept = false;
	return pthread_mutex_consistent(&a->mutex);
}

static bool is_of(const struct known_answer *a, const char *hash)
{
	return a->kept && strcmp(a->asked, hash) == 0;
}

/* A place that is free, or becomes so while we wait for who asks the same. */
static bool take(const struct known *k, struct known_answer *a, unsigned asked, const char *hash,
		 long long came_us)
{
	int error = pthread_mutex_trylock(&a->mutex);
	if (error == EBUSY && atomic_load(&a->asked_now) == asked &&
	    !(is_of(k->own, hash) && known_answers(k->own, came_us)))
		error = wait_for(a);
	if (error == EOWNERDEAD)
		error = take_over(a);
	return error == 0;
}

/* Two that have one place take it from each other. */
struct known_answer *known_hold(struct known *k, const char *asked, long long came_us)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *hash = tow_sha256_hex(&a, asked, strlen(asked));
	unsigned number = (unsigned)strtoul(tow_strndup(&a, hash, 8), NULL, 16);
	struct known_answer *place = &k->shared[number % KNOWN_MOST];
	if (!take(k, place, number, hash, came_us))
		place = k->own;
	atomic_store(&place->asked_now, number);
	place->kept = is_of(place, hash);
	memcpy(place->asked, hash, sizeof place->asked);
	return place;
}

void known_let_go(struct known_answer *a)
{
	if (a && a->shared)
		pthread_mutex_unlock(&a->mutex);
}

bool known_answers(const struct known_answer *a, long long came_us)
{
	return a->kept && came_us <= a->said_us;
}

const char *known_seen(const struct known_answer *a, long long now_us)
{
	return a->kept && *a->seen && now_us - a->looked_us < KNOWN_FOR_US ? a->seen : NULL;
}

void known_keep(struct known_answer *a, const char *seen, const char *type, const char *text,
		long long looked_us)
{
	size_t seen_len = strlen(seen), type_len = strlen(type);
	a->len = strlen(text);
	a->kept = a->len <= KNOWN_BYTES && type_len < sizeof a->type;
	if (!a->kept)
		return;
	if (seen_len < sizeof a->seen)
		memcpy(a->seen, seen, seen_len + 1);
	else
		*a->seen = '\0';
	memcpy(a->type, type, type_len + 1);
	memcpy(a->text, text, a->len + 1);
	a->coded = (struct coded){ .packed = a->packed };
	a->looked_us = a->said_us = looked_us;
}
