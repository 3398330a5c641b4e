/* The kinds that this worker knows: those in the program, those its file declares, those registered
 * in the database. A set is never changed once slots were forked with it; a new one is made
 * instead. */
#ifndef TOW_WORKERS_KINDS_H
#define TOW_WORKERS_KINDS_H

#include "tow/kind.h"

struct setting {
	char *name, *value;
};

struct kind {
	char *name;
	const struct tow_kind *how;
	struct setting *settings;
	size_t n_settings;
	long timeout_ms; /* 0: the job's own, else the worker's */
	struct tow_limits limits;
	bool database;
};

struct kinds {
	struct kind *items; /* sorted by name */
	size_t n;
};

/* The one in the program with this name; families too. */
const struct tow_kind *kinds_builtin(const char *name);

void kinds_init(struct kinds *set); /* with those of the program */
/* "noop, haul.*", or "none": which of the program's it may run. Whether each word is one; whether a
 * name is among them; and all others of the program dropped. */
TOW_MUST bool kinds_check_words(const char *words, struct tow_err *e);
bool kinds_in_words(const char *words, const char *name);
void kinds_keep(struct kinds *set, const char *words);
struct kind *kinds_add(struct kinds *set, const char *name,
		       const struct tow_kind *how); /* valid until the next */
bool kinds_equal(const struct kinds *a, const struct kinds *b);
void kinds_copy(struct kinds *to, const struct kinds *from);
const struct kind *kinds_find(const struct kinds *set, const char *name);
void kinds_release(struct kinds *set);

void kind_set(struct kind *k, const char *name, const char *value);
const char *kind_setting(const struct kind *k, const char *name);

#endif
