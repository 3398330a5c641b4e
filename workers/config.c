/* A worker's settings: see config.h. */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sections.h"
#include "values.h"

void config_init(struct config *c)
{
	*c = (struct config){
		.slots = 4,
		.lease_ms = 15000,
		.grace_ms = 30000,
		.kill_ms = 5000,
		.poll_ms = 5000,
		.timeout_ms = 3600000,
		.listen = true,
		.sql_kinds = true,
	};
	kinds_init(&c->kinds);
}

void config_release(struct config *c)
{
	for (size_t i = 0; i < c->n_queues; i++)
		free(c->queues[i].name);
	free(c->queues);
	free(c->name);
	free(c->direct);
	free(c->builtin);
	kinds_release(&c->kinds);
	*c = (struct config){ 0 };
}

/* From 1 to 1000. */
static bool small_number(const char *name, const char *value, int *to, struct tow_err *e)
{
	long n = 0;

	if (!number_value(name, value, 1, 1000, &n, e))
		return false;
	*to = (int)n;
	return true;
}

static struct queue_wish *queue_wish(struct config *c, const char *name, size_t len)
{
	struct queue_wish *w;

	for (size_t i = 0; i < c->n_queues; i++)
		if (strlen(c->queues[i].name) == len && strncmp(c->queues[i].name, name, len) == 0)
			return &c->queues[i];
	c->queues = tow_xrealloc(c->queues, (c->n_queues + 1) * sizeof(*c->queues));
	w = &c->queues[c->n_queues++];
	*w = (struct queue_wish){ .name = tow_xcalloc(1, len + 1) };
	memcpy(w->name, name, len);
	return w;
}

/* As the database will have it. */
static bool good_name(const char *name, size_t len, struct tow_err *e)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";

	if (len > 0 && len <= 64 && strspn(name, letters) >= len)
		return true;
	tow_fail(e, TOW_FINAL, "bad queue '%s'", name);
	return tow_hint(e, "write NAME, NAME:SLOTS or NAME*WEIGHT; a name has 1 to 64 letters, "
			   "digits, and any of _ . : -");
}

/* The number behind the last such mark, NULL if there is none: a queue's name may hold colons
 * itself. */
static const char *number_behind(const char *wish, char mark)
{
	const char *at = strrchr(wish, mark);

	return at && at[1] && strspn(at + 1, "0123456789") == strlen(at + 1) ? at + 1 : NULL;
}

static bool one_queue(struct config *c, const char *wish, struct tow_err *e)
{
	const char *slots = number_behind(wish, ':'), *weight = number_behind(wish, '*');
	const char *number_at = slots ? slots : weight;
	size_t len = number_at ? (size_t)(number_at - wish) - 1 : strlen(wish);
	struct queue_wish said = { 0 };
	struct queue_wish *w;

	if ((slots && !small_number("slots", slots, &said.slots, e)) ||
	    (weight && !small_number("weight", weight, &said.weight, e)))
		return tow_wrap(e, "queue '%s'", wish);
	if (!good_name(wish, len, e))
		return false;
	if (!number_at && strchr(wish, ':')) {
		tow_fail(e, TOW_FINAL, "bad queue '%s': no number of slots behind the colon", wish);
		return tow_hint(e, "write NAME:SLOTS; NAME alone if it has no colon");
	}
	w = queue_wish(c, wish, len);
	w->slots = said.slots;
	w->weight = said.weight;
	return true;
}

bool config_queue(struct config *c, const char *wishes, struct tow_err *e)
{
	for (const char *next = wishes;; next++) {
		size_t len = strcspn(next, ",");
		TOW_AUTO_FREE char *wish = tow_xcalloc(1, len + 1);

		memcpy(wish, next, len);
		if (!one_queue(c, wish, e))
			return false;
		next += len;
		if (!*next)
			return true;
	}
}

/* What is said of its slots last counts. */
static bool queue_line(struct queue_wish *w, const char *name, const char *value, struct tow_err *e)
{
	w->slots = w->weight = 0;
	if (strcmp(name, "slots") == 0)
		return small_number("slots", value, &w->slots, e);
	if (strcmp(name, "weight") == 0)
		return small_number("weight", value, &w->weight, e);
	return tow_fail(e, TOW_FINAL, "unknown setting '%s': a queue has slots or a weight", name);
}

static bool set_prefetch(struct config *c, const char *value, struct tow_err *e)
{
	if (strcasecmp(value, "auto") != 0)
		return small_number("prefetch", value, &c->prefetch, e);
	c->prefetch = 0;
	return true;
}

static bool set_text(char **text, const char *value)
{
	free(*text);
	*text = tow_xstrdup(value);
	return true;
}

/* Said again, it is more of them. */
static bool set_builtin(struct config *c, const char *value, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };

	return kinds_check_words(value, e) &&
	       set_text(&c->builtin, c->builtin ? tow_fmt(&a, "%s %s", c->builtin, value) : value);
}

bool config_set(struct config *c, const char *name, const char *value, struct tow_err *e)
{
	if (strcmp(name, "name") == 0)
		return set_text(&c->name, value);
	if (strcmp(name, "direct") == 0)
		return set_text(&c->direct, value);
	if (strcmp(name, "queue") == 0)
		return config_queue(c, value, e);
	if (strcmp(name, "slots") == 0)
		return small_number("slots", value, &c->slots, e);
	if (strcmp(name, "prefetch") == 0)
		return set_prefetch(c, value, e);
	if (strcmp(name, "lease") == 0)
		return duration_value(name, value, 2000, &c->lease_ms, e);
	if (strcmp(name, "grace") == 0)
		return duration_value(name, value, 0, &c->grace_ms, e);
	if (strcmp(name, "kill") == 0)
		return duration_value(name, value, 0, &c->kill_ms, e);
	if (strcmp(name, "poll") == 0)
		return duration_value(name, value, 10, &c->poll_ms, e);
	if (strcmp(name, "timeout") == 0)
		return duration_value(name, value, 1, &c->timeout_ms, e);
	if (strcmp(name, "strict") == 0)
		return boolean_value(name, value, &c->strict, e);
	if (strcmp(name, "listen") == 0)
		return boolean_value(name, value, &c->listen, e);
	if (strcmp(name, "sql_kinds") == 0)
		return boolean_value(name, value, &c->sql_kinds, e);
	if (strcmp(name, "builtin") == 0)
		return set_builtin(c, value, e);
	tow_fail(e, TOW_FINAL, "unknown setting '%s'", name);
	return tow_hint(
		e, "known: name queue slots strict lease grace kill poll timeout prefetch listen "
		   "sql_kinds direct builtin");
}

static bool unknown_setting(const struct tow_kind *how, const char *name, struct tow_err *e)
{
	TOW_AUTO_BUF known = { 0 };

	for (const char *const *s = how->settings; s && *s; s++)
		tow_buf_addf(&known, "%.*s ", (int)strcspn(*s, "!"), *s);
	tow_fail(e, TOW_FINAL, "unknown setting '%s'", name);
	return tow_hint(e, "known: %stimeout memory_mb file_mb cpu_s files database",
			known.len ? known.data : "");
}

static bool allowed(const struct tow_kind *how, const char *name)
{
	for (const char *const *s = how->settings; s && *s; s++) {
		size_t len = strcspn(*s, "!");

		if (strlen(name) == len && strncmp(*s, name, len) == 0)
			return true;
	}
	return false;
}

/* What every kind may say is taken apart here; the rest is kept for its handler. */
static bool kind_line(struct kind *k, const char *name, const char *value, struct tow_err *e)
{
	if (strcmp(name, "timeout") == 0)
		return duration_value(name, value, 1, &k->timeout_ms, e);
	if (strcmp(name, "memory_mb") == 0)
		return number_value(name, value, 1, LONG_MAX >> 20, &k->limits.memory_mb, e);
	if (strcmp(name, "file_mb") == 0)
		return number_value(name, value, 1, LONG_MAX >> 20, &k->limits.file_mb, e);
	if (strcmp(name, "cpu_s") == 0)
		return number_value(name, value, 1, LONG_MAX, &k->limits.cpu_s, e);
	if (strcmp(name, "files") == 0)
		return number_value(name, value, 8, 1 << 20, &k->limits.files, e);
	if (strcmp(name, "database") == 0)
		return boolean_value(name, value, &k->database, e);
	if (!allowed(k->how, name))
		return unknown_setting(k->how, name, e);
	if (k->how->check && !k->how->check(name, value, e))
		return false;
	kind_set(k, name, value);
	return true;
}

/* As the database will have it. */
static bool good_kind(const char *name, struct tow_err *e)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/-";

	if (*name && name[strspn(name, letters)] == '\0')
		return true;
	tow_fail(e, TOW_FINAL, "bad kind '%s'", name);
	return tow_hint(e, "a kind's name has letters, digits, and any of _ . : / -");
}

static bool unknown_section(const char *family, struct tow_err *e)
{
	tow_fail(e, TOW_FINAL, "unknown section '%s'", family);
	return tow_hint(e, "sections: worker, queue NAME, kind NAME, exec NAME, http NAME");
}

static bool is_family(const char *word)
{
	const struct tow_kind *how = kinds_builtin(word);

	return strcmp(word, "queue") == 0 || strcmp(word, "kind") == 0 || (how && how->family);
}

static bool unnamed_section(const char *family, struct tow_err *e)
{
	const char *what = strcmp(family, "queue") == 0 ? "queue" : "kind";

	if (!is_family(family))
		return unknown_section(family, e);
	tow_fail(e, TOW_FINAL, "the section '%s' names no %s", family, what);
	return tow_hint(e, "write [%s NAME], with the %s's name", family, what);
}

/* NULL after an error. */
static struct kind *kind_section(struct config *c, const struct section *s, struct tow_err *e)
{
	bool own = strcmp(s->family, "kind") == 0;
	const struct tow_kind *how = kinds_builtin(own ? s->name : s->family);
	const struct kind *known = kinds_find(&c->kinds, s->name);

	if (own && (!how || how->family)) {
		tow_fail(e, TOW_FINAL, "there is no kind '%s' in this program", s->name);
		tow_hint(e, "a program or a service is a kind by [exec NAME] or [http NAME]");
		return NULL;
	}
	if (!how || how->family == own) {
		(void)unknown_section(s->family, e);
		return NULL;
	}
	if (!good_kind(s->name, e))
		return NULL;
	if (known && known->how != how) {
		tow_fail(e, TOW_FINAL, "kind '%s' is there already", s->name);
		tow_hint(e, "choose another name; [kind %s] changes limits of one in the program",
			 s->name);
		return NULL;
	}
	return kinds_add(&c->kinds, s->name, how);
}

/* Whether a section can be what it is called; makes its kind. */
static bool open_section(struct config *c, const struct section *s, struct tow_err *e)
{
	if (strcmp(s->family, "worker") == 0 && !*s->name)
		return true;
	if (!*s->name)
		return unnamed_section(s->family, e);
	if (strcmp(s->family, "queue") == 0)
		return good_name(s->name, strlen(s->name), e);
	return kind_section(c, s, e) != NULL;
}

struct reading {
	struct config *c;
	struct tow_err *e;
	bool failed;
};

static bool line(struct config *c, const char *section, const char *name, const char *value,
		 struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	struct section s = section_parse(&a, section);
	struct kind *k = NULL;

	if (!open_section(c, &s, e))
		return false;
	if (!*s.name)
		return config_set(c, name, value, e);
	if (strcmp(s.family, "queue") == 0)
		return queue_line(queue_wish(c, s.name, strlen(s.name)), name, value, e);
	k = kind_section(c, &s, e);
	return k && kind_line(k, name, value, e);
}

static int on_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;

	if (r->failed)
		return 0;
	r->failed = !line(r->c, section, name, value ? value : "", r->e);
	if (r->failed)
		(void)tow_wrap(r->e, "[%s] %s", section, name);
	return !r->failed;
}

/* A setting that must be said ends in "!". */
static bool complete(const struct kind *k, struct tow_err *e)
{
	for (const char *const *s = k->how->settings; s && *s; s++) {
		char name[64] = "";
		size_t len = strcspn(*s, "!");
		const char *value;

		if ((*s)[len] != '!' || len >= sizeof(name))
			continue;
		memcpy(name, *s, len);
		value = kind_setting(k, name);
		if (value && value[strspn(value, " \t\r\n")])
			continue;
		tow_fail(e, TOW_FINAL, "[%s %s] does not say '%s'", k->how->name, k->name, name);
		return tow_hint(e, "add a line: %s = ...", name);
	}
	return true;
}

/* What every section must have, also one without a line. */
static bool close_section(struct config *c, const struct section *s, struct tow_err *e)
{
	const struct kind *k = kinds_find(&c->kinds, s->name);

	if (strcmp(s->family, "queue") == 0)
		return queue_wish(c, s->name, strlen(s->name)) != NULL;
	if (strcmp(s->family, "kind") == 0 && c->builtin && !kinds_in_words(c->builtin, s->name))
		return tow_fail(e, TOW_FINAL, "kind '%s' is not among builtin", s->name);
	return !k || complete(k, e);
}

static bool each_section(struct config *c, const struct sections *s, const char *path,
			 bool (*check)(struct config *, const struct section *, struct tow_err *),
			 struct tow_err *e)
{
	for (size_t i = 0; i < s->n; i++)
		if (!check(c, &s->items[i], e))
			return tow_wrap(e, "'%s' line %d", path, s->items[i].line);
	return true;
}

static bool read_lines(struct config *c, const char *path, struct tow_err *e)
{
	struct reading r = { .c = c, .e = e };
	int bad_line = ini_parse(path, on_line, &r);

	if (bad_line < 0)
		return tow_fail(e, TOW_FINAL, "cannot read '%s': %s", path, strerror(errno));
	if (r.failed)
		return tow_wrap(e, "'%s' line %d", path, bad_line);
	if (bad_line == 0)
		return true;
	tow_fail(e, TOW_FINAL, "'%s' line %d: neither [section] nor name = value", path, bad_line);
	return tow_hint(e, "a comment begins with ; or #, what goes on a setting is indented");
}

bool config_read(struct config *c, const char *path, struct tow_err *e)
{
	__attribute__((cleanup(sections_release))) struct sections s = { 0 };

	return sections_read(&s, path, e) && each_section(c, &s, path, open_section, e) &&
	       read_lines(c, path, e) && each_section(c, &s, path, close_section, e);
}

static bool sharing(const struct config *c)
{
	for (size_t i = 0; i < c->n_queues; i++)
		if (c->queues[i].weight > 0)
			return true;
	return c->strict;
}

/* Once a queue has a weight, or the order counts, those that say nothing share too. */
bool config_finish(struct config *c, struct tow_err *e)
{
	bool shared;

	if (c->n_queues == 0 && !config_queue(c, "default", e))
		return false;
	if (c->builtin)
		kinds_keep(&c->kinds, c->builtin);
	shared = sharing(c);
	for (size_t i = 0; i < c->n_queues; i++) {
		struct queue_wish *w = &c->queues[i];

		if (c->strict && w->weight > 0) {
			tow_fail(e, TOW_FINAL, "queue '%s' has a weight, and the worker is strict",
				 w->name);
			return tow_hint(e, "strict: the first queue that has jobs goes first; "
					   "weights: all of them in turn");
		}
		if (w->slots == 0 && w->weight == 0 && shared)
			w->weight = 1;
		else if (w->slots == 0 && w->weight == 0)
			w->slots = c->slots;
	}
	return true;
}

/*--- what has changed */

static bool same_queues(const struct config *a, const struct config *b)
{
	if (a->n_queues != b->n_queues)
		return false;
	for (size_t i = 0; i < a->n_queues; i++)
		if (strcmp(a->queues[i].name, b->queues[i].name) != 0 ||
		    a->queues[i].slots != b->queues[i].slots ||
		    a->queues[i].weight != b->queues[i].weight)
			return false;
	return true;
}

void config_changes(const struct config *from, const struct config *to, struct tow_buf *words)
{
	const struct {
		const char *word;
		bool same;
	} parts[] = {
		{ "queues", same_queues(from, to) },
		{ "kinds", kinds_equal(&from->kinds, &to->kinds) },
		{ "slots", from->slots == to->slots },
		{ "strict", from->strict == to->strict },
		{ "prefetch", from->prefetch == to->prefetch },
		{ "lease", from->lease_ms == to->lease_ms },
		{ "grace", from->grace_ms == to->grace_ms },
		{ "kill", from->kill_ms == to->kill_ms },
		{ "poll", from->poll_ms == to->poll_ms },
		{ "timeout", from->timeout_ms == to->timeout_ms },
		{ "listen", from->listen == to->listen },
		{ "sql_kinds", from->sql_kinds == to->sql_kinds },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (!parts[i].same)
			tow_buf_addf(words, "%s%s", words->len ? ", " : "", parts[i].word);
}
