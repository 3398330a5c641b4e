#include "source.h"

#include <string.h>

#include "torrent.h"
#include "tow/proc.h"

enum { HOPS = 5, MOST_MS = 20000 }; /* the rest of its job's time is the client's */
#define LARGEST (64ul << 20)

static bool is_redirect(const struct tow_http_answer *answer)
{
	return answer->status >= 301 && answer->status <= 308 &&
	       tow_http_header(answer, "Location");
}

/* One step: *t is as far as that leads, and *over says that it leads no further. */
static bool step(struct tow_http *h, struct tow_arena *a, struct tow_transfer_new *t,
		 long timeout_ms, bool *over, struct tow_err *e)
{
	struct tow_http_request q = { .url = t->link,
				      .timeout_ms = timeout_ms,
				      .max_bytes = LARGEST };
	struct tow_http_answer answer;
	const char *to;

	if (!tow_http_ask(h, a, &q, &answer, e))
		return false;
	if (is_redirect(&answer)) {
		to = tow_http_header(&answer, "Location");
		t->link = tow_strdup(a, torrent_is_magnet(to) ? to : tow_http_leads_to(h));
		*over = t->link && torrent_is_magnet(t->link);
		return t->link || tow_fail_class(e, TOW_FINAL, "http.redirect", "it leads nowhere");
	}
	if (!tow_http_ok(&answer, e))
		return false;
	*over = true;
	*t = (struct tow_transfer_new){ .data = answer.body, .data_len = answer.body_len };
	return torrent_id(a, t).v1 || torrent_id(a, t).v2 ||
	       tow_fail_class(e, TOW_FINAL, "release.garbled", "what it leads to is no torrent");
}

/* At least a millisecond: 0 would be no limit. */
static long time_left(long long end_ms, long timeout_ms)
{
	long long left = end_ms - tow_mono_us() / 1000;

	return left < 1 ? 1 : left < timeout_ms ? (long)left : timeout_ms;
}

bool source_read(struct tow_arena *a, struct tow_transfer_new *t, long timeout_ms,
		 struct tow_err *e)
{
	struct tow_transfer_new found = { .link = t->link };
	struct tow_http *h = NULL;
	const long long end = tow_mono_us() / 1000 + MOST_MS;
	bool over = false, ok;

	if (t->data || torrent_is_magnet(t->link))
		return true;
	ok = tow_http_open(&h, e);
	for (int hops = 0; ok && !over && hops < HOPS; hops++)
		ok = step(h, a, &found, time_left(end, timeout_ms), &over, e);
	tow_http_close(h);
	if (!ok)
		return false;
	if (!over)
		return tow_fail_class(e, TOW_FINAL, "http.redirect", "it leads round in circles");
	t->data = found.data;
	t->data_len = found.data_len;
	if (!t->data)
		t->link = found.link;
	return true;
}
