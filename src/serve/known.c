/* The last answers: see known.h. */
#include "known.h"

#include <string.h>

static void forget(struct known_answer *a)
{
	tow_arena_release(&a->arena);
	*a = (struct known_answer){ 0 };
}

static struct known_answer *entry(struct known *k, const char *asked)
{
	for (size_t i = 0; i < KNOWN_MOST; i++)
		if (k->of[i].asked && strcmp(k->of[i].asked, asked) == 0)
			return &k->of[i];
	return NULL;
}

struct known_answer *known_find(struct known *k, const char *asked, unsigned long came,
				long long now_us)
{
	struct known_answer *a = entry(k, asked);
	return a && (came <= a->turn || now_us - a->at_us < KNOWN_FOR_US) ? a : NULL;
}

static struct known_answer *oldest(struct known *k)
{
	struct known_answer *a = k->of;
	for (size_t i = 1; i < KNOWN_MOST; i++)
		if (k->of[i].at_us < a->at_us)
			a = &k->of[i];
	return a;
}

struct known_answer *known_keep(struct known *k, const char *asked, const char *seen,
				const char *type, const char *text, unsigned long turn,
				long long now_us)
{
	struct known_answer *a = entry(k, asked);
	if (strlen(text) > KNOWN_BYTES) {
		if (a)
			forget(a);
		return NULL;
	}
	if (!a)
		a = oldest(k);
	forget(a);
	a->asked = tow_strdup(&a->arena, asked);
	a->seen = tow_strdup(&a->arena, seen);
	a->type = tow_strdup(&a->arena, type);
	a->text = tow_strdup(&a->arena, text);
	a->coded.arena = &a->arena;
	a->turn = turn;
	a->at_us = now_us;
	return a;
}

void known_release(struct known *k)
{
	for (size_t i = 0; i < KNOWN_MOST; i++)
		forget(&k->of[i]);
}
