#include "tow/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetching.h"

enum { ANEW = 2 };

/*--- asking */

static bool ask(struct tow_fetch *f, struct tow_err *e)
{
	const char *headers[4] = { "Accept-Encoding: identity" };
	struct tow_http_request q = {
		.url = f->trail.url,
		.from_outside = f->trail.outside,
		.headers = headers,
		.stall_ms = f->what.stall_ms,
		.rate = f->what.rate,
	};

	if (f->at > 0) {
		headers[1] = tow_fmt(&f->arena, "Range: bytes=%lld-", (long long)f->at);
		headers[2] = tow_fmt(&f->arena, "If-Range: %s", fetch_validator(&f->memo));
	}
	f->heard = false;
	f->state = FETCH_HEAR;
	return tow_http_begin(f->http, &f->arena, &q, e);
}

static bool ask_anew(struct tow_fetch *f, struct tow_err *e)
{
	if (++f->anew > ANEW)
		return tow_fail_class(e, TOW_RETRY, "http.range",
				      "the server's ranges contradict each other");
	fetch_discard(f);
	f->state = FETCH_ASK;
	return true;
}

static bool refuse(struct tow_fetch *f, const struct tow_http_answer *answer, struct tow_err *e)
{
	long s = answer->status;
	const char *class = s == 404 || s == 410   ? "release.gone"
			    : s == 401 || s == 403 ? "config.refused"
						   : NULL;

	if (tow_http_ok(answer, e))
		return tow_fail_class(e, TOW_FINAL, "http.protocol",
				      "the server answered %ld, which is no file", s);
	if (class)
		snprintf(e->class, sizeof(e->class), "%s", class);
	if (e->code == TOW_RETRY)
		f->retry_after = tow_http_retry_after(answer);
	return false;
}

/*--- the answer */

static bool start_whole(struct tow_fetch *f, const struct tow_http_answer *answer,
			struct tow_err *e)
{
	struct fetch_memo fresh = { .of = f->what.of };

	if (!f->what.named && fetch_is_listing(&f->arena, answer, f->trail.url)) {
		tow_fail_class(
			e, TOW_FINAL, "http.url",
			"the address ends in a slash, and the server sent a page and no file");
		return tow_hint(e, "give the address of a file; of a folder's files each is one; "
				   "or a title with it, if it is that page that is wanted");
	}
	fetch_read_head(&f->arena, answer, &fresh);
	fresh.name = fetch_name(&f->arena, tow_http_header(answer, "Content-Disposition"),
				f->trail.url, f->what.name);
	if (!fetch_is_file(fresh.name, answer, e))
		return false;
	fresh.part = tow_fmt(&f->arena, "%s" FETCH_PART, fresh.name);
	return fetch_start(f, &fresh, e);
}

static bool hear_head(struct tow_fetch *f, const struct tow_http_answer *answer, struct tow_err *e)
{
	switch (fetch_step(&f->memo, f->at, answer)) {
	case STEP_ELSEWHERE:
		f->state = FETCH_ASK;
		return tow_http_follow(f->http, &f->arena, answer, &f->trail, e);
	case STEP_ANEW:
		return ask_anew(f, e);
	case STEP_HAVE_ALL:
		f->state = FETCH_SEAL;
		return true;
	case STEP_REFUSED:
		return refuse(f, answer, e);
	case STEP_WHOLE:
		if (!start_whole(f, answer, e))
			return false;
		break;
	case STEP_GO_ON:
		if (f->memo.size < 0)
			f->memo.size = fetch_size(answer);
		break;
	}
	f->heard = true;
	return fetch_has_room(f, e);
}

static bool hear_end(struct tow_fetch *f, struct tow_err *e)
{
	if (f->memo.size >= 0 && f->at != f->memo.size)
		return tow_fail_class(e, TOW_RETRY, "http.closed",
				      "the server sent %lld bytes of %lld", (long long)f->at,
				      f->memo.size);
	if (f->at == 0) {
		fetch_discard(f);
		tow_fail_class(e, TOW_FINAL, "release.empty", "the server sent an empty file");
		return tow_hint(e, "open the link in a browser, and give the one that leads to the "
				   "file itself");
	}
	f->state = FETCH_SEAL;
	return true;
}

static bool hear(struct tow_fetch *f, struct tow_err *e)
{
	struct tow_http_answer answer;
	bool over;

	if (!tow_http_more(f->http, &answer, &over, e))
		return false;
	if (!f->heard && answer.status && !hear_head(f, &answer, e))
		return false;
	if (f->state != FETCH_HEAR) { /* whatever is still to come is of no use */
		tow_http_drop(f->http);
		return true;
	}
	return fetch_write(f, answer.body, answer.body_len, e) && (!over || hear_end(f, e));
}

/*--- the end of it */

/* A part that was gone on with may have been spoilt on the way: then all of it is fetched anew. */
static bool seal(struct tow_fetch *f, struct tow_err *e)
{
	char got[DIGEST_HEX_SIZE];

	if (checksum_fits(&f->sum, got)) {
		f->state = FETCH_OVER;
		return fetch_publish(f, e);
	}
	if (f->resumed)
		return ask_anew(f, e);
	fetch_discard(f);
	return tow_fail_class(e, TOW_FINAL, "release.checksum",
			      "its checksum is %s, and should be %s", got, f->sum.wanted);
}

static bool turn(struct tow_fetch *f, struct tow_err *e)
{
	switch (f->state) {
	case FETCH_REHASH:
		if (!fetch_rehash(f, e))
			return false;
		if (f->seen == f->at)
			f->state = f->part >= 0 && f->at == f->memo.size ? FETCH_SEAL : FETCH_ASK;
		return true;
	case FETCH_ASK:
		return ask(f, e);
	case FETCH_HEAR:
		return hear(f, e);
	case FETCH_SEAL:
		return seal(f, e);
	case FETCH_OVER:
		break;
	}
	return true;
}

bool tow_fetch_more(struct tow_fetch *f)
{
	f->failed = f->failed || !turn(f, &f->err);
	return !f->failed && f->state != FETCH_OVER;
}

/*--- from outside */

void tow_fetch_drop(struct tow_fetch *f)
{
	if (!f)
		return;
	tow_http_close(f->http);
	tow_closep(&f->part);
	tow_closep(&f->dir);
	tow_closep(&f->root);
	checksum_release(&f->sum);
	tow_arena_release(&f->arena);
	free(f);
}

static struct tow_fetch_what copied(struct tow_arena *a, const struct tow_fetch_what *what)
{
	return (struct tow_fetch_what){
		.url = tow_strdup(a, what->url),
		.root = tow_strdup(a, what->root),
		.key = tow_strdup(a, what->key),
		.of = tow_strdup(a, what->of),
		.name = tow_strdup(a, what->name),
		.named = what->named,
		.rate = what->rate,
		.stall_ms = what->stall_ms,
		.then = tow_strdup(a, what->then),
		.reserve = what->reserve,
	};
}

bool tow_fetch_begin(struct tow_fetch **out, const struct tow_fetch_what *what, struct tow_err *e)
{
	struct tow_fetch *f = tow_xcalloc(1, sizeof(*f));

	f->root = f->dir = f->part = -1;
	f->retry_after = -1;
	f->what = copied(&f->arena, what);
	f->trail.url = f->what.url;
	if (checksum_begin(&f->sum, what->checksum, e) && tow_http_open(&f->http, e) &&
	    fetch_open(f, e)) {
		*out = f;
		return true;
	}
	tow_fetch_drop(f);
	return false;
}

struct tow_fetch_seen tow_fetch_seen(const struct tow_fetch *f)
{
	return (struct tow_fetch_seen){
		.key = f->key,
		.name = f->memo.name,
		.size = f->memo.size,
		.at = f->at,
		.found = f->found,
		.retry_after = f->retry_after,
		.reading = f->state == FETCH_REHASH,
	};
}

bool tow_fetch_end(struct tow_fetch *f, struct tow_arena *a, struct tow_fetched *fetched,
		   struct tow_err *e)
{
	bool ok = !f->failed && f->state == FETCH_OVER;

	if (ok)
		*fetched = (struct tow_fetched){ .key = tow_strdup(a, f->key),
						 .name = tow_strdup(a, f->memo.name),
						 .size = f->memo.size };
	else if (f->failed && e)
		*e = f->err;
	else
		tow_fail(e, TOW_BUG, "a fetch was ended before its end");
	tow_fetch_drop(f);
	return ok;
}
