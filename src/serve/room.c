/* The hub's guests: see room.h. */
#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tow/json.h"

enum { FAULTS_MOST = 10 };

void room_init(struct room *r)
{
	unsigned long long random = 0;

	*r = (struct room){ 0 };
	(void)!getrandom(&random, sizeof random, 0);
	snprintf(r->epoch, sizeof r->epoch, "%016llx", random);
	news_init(&r->news);
}

/* --- coming and going */

static void say_seq(const struct room *r, struct guest *g, const char *type, unsigned long long seq)
{
	char text[120];
	int n = snprintf(text, sizeof text,
			 "{\"type\":\"%s\",\"epoch\":\"%s\",\"seq\":%llu,\"topics\":%zu}", type,
			 r->epoch, seq, g->wants.n);

	guest_say(g, text, (size_t)n);
}

static unsigned long long last(const struct room *r)
{
	return r->news.ring.next - 1;
}

struct share room_share(const struct room *r, const char *owner)
{
	struct share s = { 0 };

	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->guests[i]->who.owner, owner) != 0)
			continue;
		s.guests++;
		s.topics += r->guests[i]->wants.n;
	}
	return s;
}

size_t room_from(const struct room *r, const char *address)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += strcmp(r->guests[i]->from, address) == 0;
	return n;
}

struct guest *room_enter(struct room *r, struct guest *g, long long now)
{
	if (r->n == r->size) {
		r->size = r->size ? 2 * r->size : 16;
		r->guests = tow_xrealloc(r->guests, r->size * sizeof *r->guests);
	}
	r->guests[r->n++] = g;
	g->came_us = g->heard_us = g->pinged_us = now;
	g->next = r->news.ring.next;
	say_seq(r, g, "hello", last(r));
	if (r->lost)
		say_seq(r, g, "lost", last(r));
	return g;
}

void room_leave(struct room *r, size_t i, long long now)
{
	struct guest *g = r->guests[i];

	while (guest_is_done(g) && g->wants.n > 0)
		topics_unwant(&r->topics, &g->wants, g->wants.items[g->wants.n - 1]->name);
	topics_leave(&r->topics, &g->wants, g->who.owner, now);
	guest_free(g);
	r->guests[i] = r->guests[--r->n];
}

void room_release(struct room *r)
{
	while (r->n > 0)
		room_leave(r, r->n - 1, 0);
	free(r->guests);
	topics_release(&r->topics);
	news_release(&r->news);
}

/* --- what guests say */

static void refuse(struct guest *g, const char *code, const char *why)
{
	TOW_AUTO_BUF b = { 0 };

	if (++g->faults > FAULTS_MOST) {
		guest_close(g, GUEST_POLICY, "nothing but errors");
		return;
	}
	tow_buf_addf(&b, "{\"type\":\"error\",\"code\":\"%s\",\"error\":", code);
	tow_json_quote(&b, why, strlen(why));
	tow_buf_addc(&b, '}');
	guest_say(g, b.data, b.len);
}

static void refuse_topic(struct guest *g, const char *name)
{
	TOW_AUTO_ARENA a = { 0 };

	refuse(g, "unknown_topic",
	       tow_fmt(&a, "no topic '%s': there are %s", name, topics_known(&a)));
}

/* NULL: it is none. */
static const char *topic_at(const struct tow_json *topics, size_t i)
{
	const char *name = tow_json_text(tow_json_at(topics, i));

	return name && *name && strlen(name) <= TOPIC_MOST ? name : NULL;
}

static bool check_topics(struct guest *g, const struct tow_json *topics)
{
	size_t n = tow_json_len(topics), good = 0, known = 0;

	if (!tow_json_is_array(topics)) {
		refuse(g, "bad_topics", "topics is a list of words");
		return false;
	}
	if (n > TOPICS_EACH) {
		refuse(g, "too_many_topics", "at most 500 topics for each");
		return false;
	}
	while (good < n && topic_at(topics, good))
		good++;
	if (good < n) {
		refuse(g, "bad_topics", "a topic is a text of 1 to 150 bytes");
		return false;
	}
	while (known < n && topic_is_known(topic_at(topics, known)))
		known++;
	if (known < n)
		refuse_topic(g, topic_at(topics, known));
	return known == n;
}

/* Whether all that was said of these since then is still here. */
static bool reaches(const struct room *r, const struct sorted *fresh, const char *epoch,
		    unsigned long long since)
{
	if (strcmp(epoch, r->epoch) != 0 || !ring_reaches(&r->news.ring, since))
		return false;
	for (size_t i = 0; i < fresh->n; i++)
		if (((const struct topic *)fresh->items[i])->since > since)
			return false;
	return true;
}

/* A guest that has just come and says where it was goes on there. */
static void greet(struct room *r, struct guest *g, const struct tow_json *said,
		  const struct sorted *fresh)
{
	const char *epoch = g->greeted ? NULL : tow_json_str(said, "epoch", NULL);
	long long since = tow_json_int(said, "since", -1);

	g->greeted = true;
	if (epoch && since >= 0 && reaches(r, fresh, epoch, (unsigned long long)since)) {
		g->next = (unsigned long long)since + 1;
		say_seq(r, g, "subscribed", (unsigned long long)since);
		return;
	}
	if (epoch)
		say_seq(r, g, "resync", last(r));
	say_seq(r, g, "subscribed", last(r));
	news_show(&r->news, fresh, g);
}

static bool check_place(struct guest *g, const struct tow_json *said)
{
	bool since = tow_json_get(said, "since"), epoch = tow_json_get(said, "epoch");

	if ((!since || tow_json_int(said, "since", -1) >= 0) &&
	    (!epoch || tow_json_str(said, "epoch", NULL)))
		return true;
	refuse(g, "bad_type", "since is a number that you were told, epoch the text of the hello");
	return false;
}

static void subscribe(struct room *r, struct guest *g, const struct tow_json *said)
{
	const struct tow_json *topics = tow_json_get(said, "topics");
	size_t share = room_share(r, g->who.owner).topics, before = r->topics.all.n;
	struct sorted fresh = { 0 };

	if (!check_topics(g, topics) || !check_place(g, said))
		return;
	for (size_t i = 0; i < tow_json_len(topics); i++) {
		const char *name = topic_at(topics, i);

		if (sorted_find(&g->wants, name))
			continue;
		if (share++ >= TOPICS_OWNER || !topics_want(&r->topics, &g->wants, name, last(r))) {
			refuse(g, "too_many_topics",
			       "at most 500 topics for each, 1000 for a token, 4000 for all");
			break;
		}
		sorted_add(&fresh, sorted_find(&g->wants, name));
	}
	greet(r, g, said, &fresh);
	sorted_release(&fresh);
	r->hurry |= r->topics.all.n > before;
}

static void unsubscribe(struct room *r, struct guest *g, const struct tow_json *said)
{
	const struct tow_json *topics = tow_json_get(said, "topics");

	if (!check_topics(g, topics))
		return;
	for (size_t i = 0; i < tow_json_len(topics); i++)
		topics_unwant(&r->topics, &g->wants, topic_at(topics, i));
	say_seq(r, g, "subscribed", last(r));
}

static void hear(struct room *r, struct guest *g, const struct tow_json *said)
{
	const char *type = tow_json_is_object(said) ? tow_json_str(said, "type", "") : "";

	if (strcmp(type, "subscribe") == 0)
		subscribe(r, g, said);
	else if (strcmp(type, "unsubscribe") == 0)
		unsubscribe(r, g, said);
	else
		refuse(g, "bad_type",
		       "say {\"type\":\"subscribe\",\"topics\":[...]}, or unsubscribe");
}

void room_hear(struct room *r, struct guest *g, const char *text, size_t len)
{
	TOW_AUTO_JSON *said = NULL;
	struct tow_err e = { 0 };
	unsigned before = g->faults;

	if (!tow_json_parse(&said, text, len, &e)) {
		refuse(g, "bad_json", e.text);
		return;
	}
	hear(r, g, said);
	if (g->faults == before)
		g->faults = 0;
}

/* --- what they hear */

void room_feed(struct room *r, struct guest *g)
{
	const struct ring_message *m;

	while (g->next < r->news.ring.next && guest_backlog(g) < GUEST_FULL) {
		m = ring_at(&r->news.ring, g->next);
		if (!m) {
			guest_close(g, GUEST_BUSY, "too slow");
			return;
		}
		g->next++;
		if (topics_hear(&g->wants, m->topic, m->one))
			guest_say(g, m->text, m->len);
	}
	if (guest_backlog(g) > GUEST_BACKLOG_MOST)
		guest_close(g, GUEST_BUSY, "too slow");
}

static void say_all(struct room *r, const char *type)
{
	for (size_t i = 0; i < r->n; i++)
		say_seq(r, r->guests[i], type, last(r));
}

void room_lost(struct room *r)
{
	r->lost = true;
	say_all(r, "lost");
}

void room_resync(struct room *r)
{
	r->lost = false;
	news_forget(&r->news);
	ring_add(&r->news.ring, "", "", "",
		 0); /* a number of its own: who was at the last one missed it */
	topics_restart(&r->topics, last(r));
	say_all(r, "resync");
}
