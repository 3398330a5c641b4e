/* Who wants to hear of what: see topics.h. */
#include "topics.h"

#include <stdlib.h>
#include <string.h>

#include "tow/db.h"

static void drop(struct topics *t, struct topic *topic)
{
	sorted_drop(&t->all, topic->name);
	free(topic->name);
	free(topic);
}

bool topics_want(struct topics *t, struct sorted *mine, const char *name,
		 unsigned long long now_seq)
{
	struct topic *topic = sorted_find(&t->all, name);

	if (sorted_find(mine, name))
		return true;
	if (mine->n == TOPICS_EACH || (!topic && t->all.n == TOPICS_ALL))
		return false;
	if (!topic) {
		topic = tow_xcalloc(1, sizeof(*topic));
		topic->name = tow_xstrdup(name);
		topic->since = now_seq;
		sorted_add(&t->all, topic);
	}
	topic->guests++;
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

void topics_leave(struct sorted *mine, long long now)
{
	for (size_t i = 0; i < mine->n; i++) {
		struct topic *topic = (struct topic *)mine->items[i];

		if (--topic->guests == 0)
			topic->left_us = now;
	}
	sorted_release(mine);
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
