#include "source.h"

#include <string.h>

#include "tow/proc.h"

enum { MOST_MS = 20000 };    /* the rest of its job's time is the client's */
#define LARGEST (16ul << 20) /* of a .torrent: its pieces are of 20 bytes, and of a MiB mostly */

struct reading {
	struct tow_arena *arena;
	struct tow_http *http;
	struct tow_http_trail trail;
	long stall_ms;
	long long end_us;
	const char *magnet; /* one of these is what it comes to */
	struct tow_buf data;
};

static void reading_release(struct reading *r)
{
	tow_http_close(r->http);
	tow_buf_release(&r->data);
}
#define AUTO_READING __attribute__((cleanup(reading_release))) struct reading

static bool lead(struct reading *r, const struct tow_http_answer *answer, struct tow_err *e)
{
	const char *to = tow_http_header(answer, "Location");

	if (!torrent_is_magnet(to))
		return tow_http_follow(r->http, r->arena, answer, &r->trail, e);
	r->magnet = to;
	return true;
}

static bool take(struct reading *r, const struct tow_http_answer *answer, struct tow_err *e)
{
	if (!tow_http_ok(answer, e))
		return false;
	tow_buf_add(&r->data, answer->body, answer->body_len);
	return true;
}

/* One host after another: *over says that it leads no further. Of a redirect no more is heard. */
static bool hear(struct reading *r, bool *over, struct tow_err *e)
{
	struct tow_http_answer answer = { 0 };
	const struct tow_http_request q = { .url = r->trail.url,
					    .from_outside = r->trail.outside,
					    .max_bytes = LARGEST,
					    .stall_ms = r->stall_ms,
					    .decode = true };

	if (!tow_http_begin(r->http, r->arena, &q, e))
		return false;
	while (!*over) {
		if (tow_mono_us() > r->end_us)
			return tow_fail_class(e, TOW_RETRY, "http.timeout",
					      "it takes longer than %d s", MOST_MS / 1000);
		if (!tow_http_more(r->http, &answer, over, e))
			return false;
		if (tow_http_is_redirect(&answer)) {
			*over = false;
			return lead(r, &answer, e);
		}
		if (answer.status && !take(r, &answer, e))
			return false;
	}
	return true;
}

static bool read_link(struct reading *r, struct tow_err *e)
{
	bool over = false;

	if (!tow_http_open(&r->http, e))
		return false;
	while (!over && !r->magnet)
		if (!hear(r, &over, e))
			return false;
	return true;
}

static bool keep(struct reading *r, struct tow_transfer_new *t, size_t most, struct torrent_id *id,
		 struct tow_err *e)
{
	struct tow_transfer_new found = { .link = r->magnet,
					  .data = r->magnet ? NULL : r->data.data,
					  .data_len = r->data.len };

	*id = torrent_id(r->arena, &found);
	if (r->magnet) {
		t->link = r->magnet;
		return true;
	}
	if (!id->v1 && !id->v2)
		return tow_fail_class(e, TOW_FINAL, "release.garbled",
				      "what it leads to is no torrent");
	if (most && found.data_len > most)
		return true;
	t->link = NULL;
	t->data = memcpy(tow_alloc(r->arena, found.data_len), found.data, found.data_len);
	t->data_len = found.data_len;
	return true;
}

bool source_read(struct tow_arena *a, struct tow_transfer_new *t,
		 const struct source_limits *limits, struct torrent_id *id, struct tow_err *e)
{
	AUTO_READING r = { .arena = a,
			   .trail = { .url = t->link },
			   .stall_ms = limits->timeout_ms,
			   .end_us = tow_mono_us() + 1000ll * MOST_MS };

	if (t->data || torrent_is_magnet(t->link)) {
		*id = torrent_id(a, t);
		return true;
	}
	return read_link(&r, e) && keep(&r, t, limits->most, id, e);
}
