/* Who wants to hear of what: see topics.h. */
#include "topics.h"

#include <stdlib.h>
#include <string.h>

#include "tow/db.h"

/* What the feeds speak of: all things of a sort, and one of them. */
static const struct {
	const char *all, *one;
} sorts[] = {
	{ "jobs", "job:ID" },		{ "queues", "queue:NAME" },
	{ "workers", "worker:ID" },	{ "schedules", "schedule:NAME" },
	{ "daemons", "daemon:NAME" },	{ "status", NULL },
	{ "downloads", "download:ID" }, { "clients", "client:NAME" },
};

/* As the database writes it: what is told of it is told under that name. */
static bool is_id(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && n <= 18 && !text[n] && *text != '0';
}

static bool is_one(const char *name, const char *one)
{
	size_t n = strcspn(one, ":") + 1;

	if (strncmp(name, one, n) != 0)
		return false;
	return strcmp(one + n, "ID") == 0 ? is_id(name + n) : name[n] != '\0';
}

bool topic_is_known(const char *name)
{
	for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++)
		if (strcmp(name, sorts[i].all) == 0 || (sorts[i].one && is_one(name, sorts[i].one)))
			return true;
	return false;
}

const char *topics_known(struct tow_arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++)
		text = tow_fmt(a, "%s%s%s%s%s", text, *text ? ", " : "", sorts[i].all,
			       sorts[i].one ? ", " : "", sorts[i].one ? sorts[i].one : "");
	return text;
}

static void drop(struct topics *t, struct topic *topic)
{
	sorted_drop(&t->all, topic->name);
	free(topic->name);
	free(topic->left_by);
	free(topic);
}

/* Nobody may come back for the one that was left first; owner NULL: by anybody. How many linger. */
static size_t lingering(const struct topics *t, const char *owner, struct topic **oldest)
{
	size_t n = 0;

	*oldest = NULL;
	for (size_t i = 0; i < t->all.n; i++) {
		struct topic *topic = (struct topic *)t->all.items[i];

		if (topic->guests > 0 || (owner && strcmp(topic->left_by, owner) != 0))
			continue;
		n++;
		if (!*oldest || topic->left_us < (*oldest)->left_us)
			*oldest = topic;
	}
	return n;
}

/* For somebody who is here. */
static bool make_room(struct topics *t)
{
	struct topic *oldest;

	if (lingering(t, NULL, &oldest) == 0)
		return false;
	drop(t, oldest);
	return true;
}

bool topics_want(struct topics *t, struct sorted *mine, const char *name,
		 unsigned long long now_seq)
{
	struct topic *topic = sorted_find(&t->all, name);

	if (sorted_find(mine, name))
		return true;
	if (mine->n == TOPICS_EACH || (!topic && t->all.n == TOPICS_ALL && !make_room(t)))
		return false;
	if (!topic) {
		topic = tow_xcalloc(1, sizeof *topic);
		topic->name = tow_xstrdup(name);
		topic->since = now_seq;
		sorted_add(&t->all, topic);
	}
	topic->guests++;
	tow_freep(&topic->left_by);
	sorted_add(mine, topic);
	return true;
}

void topics_unwant(struct topics *t, struct sorted *mine, const char *name)
{
	struct topic *topic = sorted_find(mine, name);

	if (!topic)
		return;
	sorted_drop(mine, name);
	if (--topic->guests == 0)
		drop(t, topic);
}

void topics_leave(struct topics *t, struct sorted *mine, const char *owner, long long now)
{
	struct topic *oldest;

	for (size_t i = 0; i < mine->n; i++) {
		struct topic *topic = (struct topic *)mine->items[i];

		if (--topic->guests > 0)
			continue;
		topic->left_us = now;
		topic->left_by = tow_xstrdup(owner);
	}
	sorted_release(mine);
	while (lingering(t, owner, &oldest) > TOPICS_EACH)
		drop(t, oldest);
}

bool topics_hear(const struct sorted *mine, const char *topic, const char *one)
{
	return sorted_find(mine, topic) || (one != topic && sorted_find(mine, one));
}

const char *topic_one(struct tow_arena *a, const char *topic, const char *key)
{
	size_t n = strlen(topic);

	if (!key || n < 2 || topic[n - 1] != 's')
		return topic;
	return tow_fmt(a, "%.*s:%s", (int)(n - 1), topic, key);
}

void topics_restart(struct topics *t, unsigned long long seq)
{
	for (size_t i = 0; i < t->all.n; i++)
		((struct topic *)t->all.items[i])->since = seq;
}

void topics_tidy(struct topics *t, long long now)
{
	for (size_t i = t->all.n; i-- > 0;) {
		struct topic *topic = (struct topic *)t->all.items[i];

		if (topic->guests == 0 && now - topic->left_us >= TOPIC_LINGERS)
			drop(t, topic);
	}
}

const char *topics_list(const struct topics *t, struct tow_arena *a)
{
	TOW_AUTO_BUF list = { 0 };

	for (size_t i = 0; i < t->all.n; i++)
		tow_array_add(&list, t->all.items[i]->name, strlen(t->all.items[i]->name));
	tow_buf_adds(&list, list.len ? "}" : "{}");
	return tow_strdup(a, list.data);
}

void topics_release(struct topics *t)
{
	for (size_t i = t->all.n; i-- > 0;)
		drop(t, (struct topic *)t->all.items[i]);
	sorted_release(&t->all);
}
