/* What comes over a WebSocket: as frames, and as what is said in them. Whatever it is, what is kept
 * of it is bounded, and what is answered is JSON in frames. */
#include "harness.h"

#include <sys/socket.h>

#include "src/serve/room.h"
#include "tow/json.h"

/* Frames are masked with ones: a seed has no NUL, and "z" is what says "{". */
static const char *const seeds[] = {
	"\x81\xa6\x01\x01\x01\x01"
	"z#uxqd#;#rtcrbshcd#-#unqhbr#;Z#kncr#\\|",
	"\x01\x83\x01\x01\x01\x01"
	"z#`"
	"\x80\x83\x01\x01\x01\x01"
	"#;|"
	"\x89\x81\x01\x01\x01\x01"
	"p",
	"\x82\x81\x01\x01\x01\x01"
	"x"
	"\x88\x82\x01\x01\x01\x01"
	"\x02\xe9",
	"\x81\xfe\x01\x01\x01\x01\x01\x01"
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	"\x81\xff\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
	"x",
	"{\"type\":\"subscribe\",\"topics\":[\"download:7\",\"jobs\",\"\\u00e9\"],\"since\":3,"
	"\"epoch\":\"0\"}",
	"{\"type\":\"unsubscribe\",\"topics\":[\"jobs\"]}",
	NULL,
};

static void say_something(struct room *r)
{
	ring_add(&r->news.ring, "jobs", "jobs", "{\"seq\":1}", 9);
	ring_add(&r->news.ring, "downloads", "download:7", "{\"seq\":2}", 9);
}

static void read_as_frames(struct room *r, struct guest *g)
{
	TOW_AUTO_ARENA a = { 0 };
	const struct guest_text *text;
	bool heard, lives = guest_read(g, &a, &text, &heard);

	for (; text; text = text->next) {
		MUST(strlen(text->text) <= text->len);
		room_hear(r, g, text->text, text->len);
	}
	say_something(r);
	room_feed(r, g);
	if (lives && guest_write(g))
		MUST(g->out.len == 0);
}

static void enter(struct room *r, const uint8_t *data, size_t size, int pair[2])
{
	static const struct hub_guest who = { .token = "a", .owner = "ab" };

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		abort();
	room_enter(r, guest_new(pair[0], &who, data, size), 1);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct room r;
	char *text = text_of(data, size);
	int first[2], second[2];

	room_init(&r);
	enter(&r, data, size, first);
	enter(&r, data, 0, second);
	read_as_frames(&r, r.guests[0]);
	room_hear(&r, r.guests[1], text, size);
	say_something(&r);
	room_feed(&r, r.guests[1]);
	MUST(r.guests[0]->wants.n <= TOPICS_EACH && r.guests[1]->wants.n <= TOPICS_EACH);
	room_resync(&r);
	room_release(&r);
	close(first[1]);
	close(second[1]);
	free(text);
}
