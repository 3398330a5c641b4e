/* The lodge: see lodge.h. */
#include "lodge.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "hand.h"
#include "tow/log.h"
#include "tow/proc.h"

enum { MOST = 1024, HEAD = 4096, SOON_MS = 25 };

#define KNOCK_US 100000 /* whoever is free has opened by then */
#define WORD_US	 200000 /* and by then a caller has said what it wants */

/* Who has come in, and has not been asked in yet. */
struct visitor {
	struct caller caller;
	long long until_us;
	bool leaves; /* for the others */
};

struct hall {
	const struct lodge *conf;
	struct desk desk;
	struct http *http;
	atomic_uint connections;
	long long knocked_us; /* 0: nobody does */
	struct visitor visitors[MOST];
	size_t n;
	struct pollfd fds[3 + MOST];
};

static void answer(void *desk, const struct http_request *q, struct http_reply *r)
{
	desk_answer(desk, q, r);
	http_say(r, "Connection", "close");
}

static bool admits_nobody(void *desk, const struct http_request *q)
{
	(void)desk, (void)q;
	return false;
}

static bool open_hall(struct hall *h, struct tow_err *e)
{
	const struct http_options options = {
		.limits = { .head_s = 5, .body_s = 5, .idle_s = 5, .answer_s = 60 },
		.connections = &h->connections,
		.most_connections = MOST,
		.most_each = h->conf->most_each,
		.most_body = HTTP_MOST_BODY,
		.answer = answer,
		.admits = admits_nobody,
		.self = &h->desk,
	};
	h->desk = *h->conf->desk;
	h->desk.turned_us = h->conf->own_us;
	return http_open(&h->http, &options, e);
}

/* --- at the door */

/* Whoever is free turns when somebody knocks. */
static bool all_are_at_work(const struct hall *h)
{
	for (size_t i = 0; i < h->conf->door->processes; i++)
		if (atomic_load(&h->conf->turned_us[i]) > h->knocked_us)
			return false;
	return true;
}

static void let_all_in(struct hall *h, long long now)
{
	while (h->n < MOST && door_opens(h->conf->door, &h->visitors[h->n].caller)) {
		h->visitors[h->n].until_us = now + WORD_US;
		h->visitors[h->n++].leaves = false;
	}
}

static void heed(struct hall *h, bool knocks, long long now)
{
	if (knocks)
		h->knocked_us = now;
	if (!h->knocked_us || now - h->knocked_us < KNOCK_US)
		return;
	if (all_are_at_work(h))
		let_all_in(h, now);
	h->knocked_us = 0;
}

/* --- who has come in */

enum wish { NONE_YET, GONE, PLAIN, OTHERS };

/* What is read here is still there for whoever answers. */
static enum wish wish_of(const struct hall *h, const struct visitor *v, long long now)
{
	char head[HEAD];
	ssize_t n = recv(v->caller.fd, head, sizeof head - 1, MSG_PEEK | MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return GONE;
	if (n < 0)
		return now < v->until_us ? NONE_YET : OTHERS;
	head[n] = '\0';
	return desk_needs_none(&h->desk, head) ? PLAIN : OTHERS;
}

/* Whether the visitor is none any more. */
static bool settle(struct hall *h, struct visitor *v, long long now)
{
	enum wish wish = v->leaves ? OTHERS : wish_of(h, v, now);
	v->leaves = wish == OTHERS;
	if (wish == NONE_YET || (v->leaves && !hand_on(h->conf->door->on[1], v->caller.fd)))
		return false;
	if (wish == PLAIN)
		http_let_in(h->http, v->caller.fd, (struct sockaddr *)&v->caller.at, v->caller.len);
	else
		close(v->caller.fd);
	return true;
}

static void settle_all(struct hall *h, long long now)
{
	size_t left = 0;
	for (size_t i = 0; i < h->n; i++)
		if (!settle(h, &h->visitors[i], now))
			h->visitors[left++] = h->visitors[i];
	h->n = left;
}

/* --- */

static void wait_for_any(struct hall *h, int signals, int ms)
{
	h->fds[0] = (struct pollfd){ signals, POLLIN, 0 };
	h->fds[1] = (struct pollfd){ http_fd(h->http), POLLIN, 0 };
	h->fds[2] = (struct pollfd){ h->knocked_us ? -1 : h->conf->door->listener, POLLIN, 0 };
	for (size_t i = 0; i < h->n; i++)
		h->fds[3 + i] =
			(struct pollfd){ h->visitors[i].leaves ? -1 : h->visitors[i].caller.fd,
					 POLLIN, 0 };
	if ((h->knocked_us || h->n > 0) && ms > SOON_MS)
		ms = SOON_MS;
	if (poll(h->fds, 3 + h->n, ms) <= 0)
		h->fds[0].revents = h->fds[2].revents = 0;
}

int lodge_run(const struct lodge *l, int signals)
{
	TOW_AUTO_FREE struct hall *h = tow_xcalloc(1, sizeof *h);
	struct tow_err e = { 0 };
	int ms = 0;
	h->conf = l;
	if (!open_hall(h, &e)) {
		tow_log_err(TOW_ERROR, "http.failed", &e);
		return EX_OSERR;
	}
	do {
		long long now;
		wait_for_any(h, signals, ms);
		now = tow_mono_us();
		atomic_store(l->own_us, now);
		heed(h, h->fds[2].revents, now);
		settle_all(h, now);
		ms = http_turn(h->http);
	} while (!h->fds[0].revents);
	http_close(h->http);
	return EX_OK;
}
