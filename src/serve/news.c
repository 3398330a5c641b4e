/* What the database says: see news.h. */
#include "news.h"

#include <stdlib.h>
#include <string.h>

#include "tow/json.h"

struct state {
	char *name; /* feed, topic and key */
	char *feed, *topic, *one, *key, *message;
	char *text; /* as it was told */
	size_t len;
	unsigned long long turn; /* when it was last said */
};

/* What a feed says of itself. */
struct feed {
	struct feed *next;
	const char *name, *rest; /* rest: what has become of the other states */
};

void news_init(struct news *n)
{
	*n = (struct news){ 0 };
	ring_init(&n->ring);
}

static void drop(struct news *n, struct state *s)
{
	sorted_drop(&n->told, s->name);
	free(s->name);
	free(s->feed);
	free(s->topic);
	free(s->one);
	free(s->key);
	free(s->message);
	free(s->text);
	free(s);
}

void news_forget(struct news *n)
{
	while (n->told.n > 0)
		drop(n, (struct state *)n->told.items[n->told.n - 1]);
	free(n->marks);
	n->marks = NULL;
}

void news_release(struct news *n)
{
	news_forget(n);
	sorted_release(&n->told);
	ring_release(&n->ring);
}

/* --- telling */

static void add_member(struct tow_buf *b, const char *name, const char *value)
{
	tow_buf_addf(b, ",\"%s\":", name);
	tow_json_quote(b, value, strlen(value));
}

/* message is an object as PostgreSQL writes it. */
static const char *write_message(struct tow_arena *a, unsigned long long seq, const char *topic,
				 const char *key, const char *message)
{
	TOW_AUTO_BUF b = { 0 };

	tow_buf_addf(&b, "{\"seq\":%llu", seq);
	add_member(&b, "topic", topic);
	if (key)
		add_member(&b, "key", key);
	tow_buf_addf(&b, "%s%s", message[1] == '}' ? "" : ",", message + 1);
	return tow_strdup(a, b.data);
}

static const char *tell(struct news *n, struct tow_arena *a, const char *topic, const char *one,
			const char *key, const char *message)
{
	const char *text = write_message(a, n->ring.next, topic, key, message);

	ring_add(&n->ring, topic, one, text, strlen(text));
	return text;
}

static char *copy(const char *s)
{
	return s ? tow_xstrdup(s) : NULL;
}

static struct state *state_of(struct news *n, struct tow_arena *a, const char *feed,
			      const char *topic, const char *key)
{
	const char *name = tow_fmt(a, "%s\037%s\037%s", feed, topic, key ? key : "");
	struct state *s = sorted_find(&n->told, name);

	if (s)
		return s;
	s = tow_xcalloc(1, sizeof *s);
	*s = (struct state){ .name = copy(name),
			     .feed = copy(feed),
			     .topic = copy(topic),
			     .one = copy(topic_one(a, topic, key)),
			     .key = copy(key) };
	sorted_add(&n->told, s);
	return s;
}

static bool take_state(struct news *n, struct tow_arena *a, struct state *s, const char *message)
{
	s->turn = n->turn;
	if (s->message && strcmp(s->message, message) == 0)
		return false;
	free(s->message);
	free(s->text);
	s->message = copy(message);
	s->text = copy(tell(n, a, s->topic, s->one, s->key, message));
	s->len = strlen(s->text);
	return true;
}

static void take_mark(struct feed **feeds, struct tow_buf *marks, struct tow_arena *a,
		      const char *feed, const char *rest, const char *message)
{
	struct feed *f = tow_alloc(a, sizeof *f);

	*f = (struct feed){ .next = *feeds, .name = feed, .rest = rest };
	*feeds = f;
	tow_buf_addc(marks, marks->len ? ',' : '{');
	tow_json_quote(marks, feed, strlen(feed));
	tow_buf_addf(marks, ":%s", message ? message : "null");
}

/* --- what is not said any more */

static const struct feed *feed_named(const struct feed *feeds, const char *name)
{
	while (feeds && strcmp(feeds->name, name) != 0)
		feeds = feeds->next;
	return feeds;
}

static bool sweep(struct news *n, struct tow_arena *a, const struct feed *feeds)
{
	bool told = false;

	for (size_t i = n->told.n; i-- > 0;) {
		struct state *s = (struct state *)n->told.items[i];
		const struct feed *f = feed_named(feeds, s->feed);

		if (s->turn == n->turn || (f && !f->rest))
			continue;
		if (f && strcmp(f->rest, "gone") == 0) {
			tell(n, a, s->topic, s->one, s->key, "{\"type\":\"gone\"}");
			told = true;
		}
		drop(n, s);
	}
	return told;
}

bool news_take(struct news *n, const struct tow_rows *rows)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_BUF marks = { 0 };
	struct feed *feeds = NULL;
	bool told = false;

	n->turn++;
	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		const char *feed = tow_rows_get(rows, i, "feed"),
			   *topic = tow_rows_get(rows, i, "topic"),
			   *key = tow_rows_get(rows, i, "key"),
			   *message = tow_rows_get(rows, i, "message");

		if (!topic) {
			take_mark(&feeds, &marks, &a, feed, key, message);
		} else if (!tow_rows_get(rows, i, "n")) {
			told |= take_state(n, &a, state_of(n, &a, feed, topic, key), message);
		} else {
			tell(n, &a, topic, topic_one(&a, topic, key), key, message);
			told = true;
		}
	}
	told |= sweep(n, &a, feeds);
	free(n->marks);
	n->marks = NULL;
	if (marks.len) {
		tow_buf_addc(&marks, '}');
		n->marks = tow_xstrdup(marks.data);
	}
	return told;
}

void news_show(const struct news *n, const struct sorted *wants, struct guest *g)
{
	for (size_t i = 0; i < n->told.n; i++) {
		const struct state *s = (const struct state *)n->told.items[i];

		if (topics_hear(wants, s->topic, s->one))
			guest_say(g, s->text, s->len);
	}
}
