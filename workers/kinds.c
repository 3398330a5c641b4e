/* Sets of kinds: see kinds.h. */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

const struct tow_kind *kinds_builtin(const char *name)
{
	for (size_t i = 0; tow_kinds[i]; i++)
		if (strcmp(tow_kinds[i]->name, name) == 0)
			return tow_kinds[i];
	return NULL;
}

void kinds_init(struct kinds *set)
{
	*set = (struct kinds){ 0 };
	for (size_t i = 0; tow_kinds[i]; i++)
		if (!tow_kinds[i]->family)
			kinds_add(set, tow_kinds[i]->name, tow_kinds[i]);
}

/* The next of words parted by commas or blanks; false at the end. */
static bool next_word(const char **at, const char **word, size_t *len)
{
	static const char apart[] = ", \t\r\n";

	*word = *at + strspn(*at, apart);
	*len = strcspn(*word, apart);
	*at = *word + *len;
	return *len > 0;
}

static bool word_means(const char *word, size_t len, const char *name)
{
	if (word[len - 1] == '*')
		return strncmp(word, name, len - 1) == 0;
	return strlen(name) == len && strncmp(word, name, len) == 0;
}

static bool word_is_known(const char *word, size_t len)
{
	for (size_t i = 0; tow_kinds[i]; i++)
		if (!tow_kinds[i]->family && word_means(word, len, tow_kinds[i]->name))
			return true;
	return word_means(word, len, "none");
}

bool kinds_check_words(const char *words, struct tow_err *e)
{
	static const char usual[] = "write names, their beginning as haul.*, or none";
	const char *word, *at = words;
	size_t len;

	if (!next_word(&at, &word, &len)) {
		tow_fail(e, TOW_FINAL, "builtin names no kind");
		return tow_hint(e, usual);
	}
	while (next_word(&words, &word, &len)) {
		if (word_is_known(word, len))
			continue;
		tow_fail(e, TOW_FINAL, "there is no kind '%.*s' in this program", (int)len, word);
		return tow_hint(e, usual);
	}
	return true;
}

bool kinds_in_words(const char *words, const char *name)
{
	const char *word;
	size_t len;

	while (next_word(&words, &word, &len))
		if (word_means(word, len, name))
			return true;
	return false;
}

/* Where the name is, or would be. */
static size_t place(const struct kinds *set, const char *name)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(set->items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct kind *kinds_add(struct kinds *set, const char *name, const struct tow_kind *how)
{
	size_t at = place(set, name);

	if (at < set->n && strcmp(set->items[at].name, name) == 0)
		return &set->items[at];
	set->items = tow_xrealloc(set->items, (set->n + 1) * sizeof(*set->items));
	memmove(set->items + at + 1, set->items + at, (set->n - at) * sizeof(*set->items));
	set->n++;
	set->items[at] = (struct kind){
		.name = tow_xstrdup(name),
		.how = how,
		.timeout_ms = how->timeout_s * 1000,
		.limits = how->limits,
		.database = how->wants_db,
	};
	return &set->items[at];
}

const struct kind *kinds_find(const struct kinds *set, const char *name)
{
	size_t at = place(set, name);

	return at < set->n && strcmp(set->items[at].name, name) == 0 ? &set->items[at] : NULL;
}

/* A setting that is said again goes on where it ended, on a line of its own. */
static bool continue_setting(struct kind *k, const char *name, const char *value)
{
	for (size_t i = 0; i < k->n_settings; i++) {
		struct setting *s = &k->settings[i];
		size_t len = strlen(s->value);

		if (strcmp(s->name, name) != 0)
			continue;
		s->value = tow_xrealloc(s->value, len + strlen(value) + 2);
		s->value[len] = '\n';
		memcpy(s->value + len + 1, value, strlen(value) + 1);
		return true;
	}
	return false;
}

void kind_set(struct kind *k, const char *name, const char *value)
{
	if (continue_setting(k, name, value))
		return;
	k->settings = tow_xrealloc(k->settings, (k->n_settings + 1) * sizeof(*k->settings));
	k->settings[k->n_settings++] = (struct setting){ tow_xstrdup(name), tow_xstrdup(value) };
}

const char *kind_setting(const struct kind *k, const char *name)
{
	for (size_t i = 0; i < k->n_settings; i++)
		if (strcmp(k->settings[i].name, name) == 0)
			return k->settings[i].value;
	return NULL;
}

static bool kind_equal(const struct kind *a, const struct kind *b)
{
	if (strcmp(a->name, b->name) != 0 || a->how != b->how || a->timeout_ms != b->timeout_ms ||
	    a->database != b->database || a->n_settings != b->n_settings ||
	    memcmp(&a->limits, &b->limits, sizeof(a->limits)) != 0)
		return false;
	for (size_t i = 0; i < a->n_settings; i++)
		if (strcmp(a->settings[i].name, b->settings[i].name) != 0 ||
		    strcmp(a->settings[i].value, b->settings[i].value) != 0)
			return false;
	return true;
}

bool kinds_equal(const struct kinds *a, const struct kinds *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!kind_equal(&a->items[i], &b->items[i]))
			return false;
	return true;
}

void kinds_copy(struct kinds *to, const struct kinds *from)
{
	*to = (struct kinds){ 0 };
	for (size_t i = 0; i < from->n; i++) {
		const struct kind *k = &from->items[i];
		struct kind *copy = kinds_add(to, k->name, k->how);

		copy->timeout_ms = k->timeout_ms;
		copy->limits = k->limits;
		copy->database = k->database;
		for (size_t s = 0; s < k->n_settings; s++)
			kind_set(copy, k->settings[s].name, k->settings[s].value);
	}
}

static void kind_release(struct kind *k)
{
	for (size_t s = 0; s < k->n_settings; s++) {
		free(k->settings[s].name);
		free(k->settings[s].value);
	}
	free(k->settings);
	free(k->name);
}

void kinds_keep(struct kinds *set, const char *words)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct kind *k = &set->items[i];

		if (!k->how->family && !kinds_in_words(words, k->name))
			kind_release(k);
		else
			set->items[kept++] = *k;
	}
	set->n = kept;
}

void kinds_release(struct kinds *set)
{
	for (size_t i = 0; i < set->n; i++)
		kind_release(&set->items[i]);
	free(set->items);
	*set = (struct kinds){ 0 };
}
