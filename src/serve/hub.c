/* The hub's loop: see hub.h. One connection to the database, one call at a time, one ppoll. Nobody
 * who listens to nothing makes it ask for anything. */
#include "hub.h"

#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "hand.h"
#include "room.h"
#include "tow/link.h"
#include "tow/log.h"
#include "tow/proc.h"

#define ASK_LEAST_US 250000 /* between two looks at what has changed */
#define ASK_MOST_US  800000 /* when nothing does */
#define ASK_SHARE    10	    /* a look that takes long waits so much longer for the next */
#define PATIENCE_US  15000000
#define BEAT_US	     1000000
#define VOUCH_US     3000000
#define CLOSING_US   5000000 /* what a goodbye may take */
#define TIDY_US	     1000000

enum call { CALL_NONE, CALL_CHANGES, CALL_VOUCH };

struct loop {
	const struct hub *conf;
	struct room room;
	struct tow_link db;
	enum call call;
	bool over;
	int refused; /* the exit status, where the database refuses for good what never began */
	long long ask_us;  /* when the next look at what has changed is due */
	long long soon_us; /* and for somebody who wants to know of something new */
	long long vouch_us, tidy_us, sent_us, pause_us;
	int signals;
	int *ears; /* -1: nobody speaks there any more */
	struct pollfd *polls;
};

/* --- the database */

static void lose(struct loop *l, const struct tow_err *e)
{
	l->refused = l->db.met ? 0 : tow_db_refusal(e);
	if (l->room.lost)
		return;
	tow_log_err(TOW_WARN, "hub.lost", e);
	room_lost(&l->room);
}

/* The backend would go on with it, and another one be asked the same meanwhile. */
static void give_up(struct loop *l, long long now)
{
	struct tow_err e = { 0 };

	tow_fail(&e, TOW_RETRY, "no answer within %d s", PATIENCE_US / 1000000);
	tow_db_cancel(l->db.db);
	tow_link_drop(&l->db, now);
	lose(l, &e);
}

static bool anybody_listens(const struct loop *l)
{
	return l->room.topics.all.n > 0;
}

static bool ask_changes(struct loop *l, long long now, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *marks = l->room.news.marks ? l->room.news.marks : "{}";

	l->call = CALL_CHANGES;
	l->sent_us = now;
	l->room.hurry = false;
	return tow_link_send(&l->db, now, e, "tow.changes",
			     (const char *[]){ marks, topics_list(&l->room.topics, &a) }, 2);
}

/* Tokens by their hash, each once. */
static void add_token(struct sorted *tokens, struct tow_arena *a, const char *hash)
{
	struct named *one;

	if (sorted_find(tokens, hash))
		return;
	one = tow_alloc(a, sizeof *one);
	one->name = tow_strdup(a, hash);
	sorted_add(tokens, one);
}

static bool ask_vouch(struct loop *l, long long now, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_BUF hashes = { 0 };
	struct sorted tokens = { 0 };

	for (size_t i = 0; i < l->room.n; i++)
		add_token(&tokens, &a, l->room.guests[i]->who.token);
	for (size_t i = 0; i < tokens.n; i++)
		tow_array_add(&hashes, tokens.items[i]->name, strlen(tokens.items[i]->name));
	sorted_release(&tokens);
	tow_buf_addc(&hashes, '}');
	l->call = CALL_VOUCH;
	l->sent_us = now;
	return tow_link_send(&l->db, now, e, "tow.vouch", (const char *[]){ hashes.data }, 1);
}

static long long changes_due(const struct loop *l)
{
	return l->room.hurry && l->soon_us < l->ask_us ? l->soon_us : l->ask_us;
}

static void ask(struct loop *l, long long now)
{
	struct tow_err e = { 0 };
	bool sent = true;

	if (l->room.n > 0 && now >= l->vouch_us)
		sent = ask_vouch(l, now, &e);
	else if (anybody_listens(l) && now >= changes_due(l))
		sent = ask_changes(l, now, &e);
	if (!sent)
		lose(l, &e);
}

static void end(struct guest *g, enum guest_end why, const char *reason, long long now)
{
	if (g->closing_us)
		return;
	guest_close(g, why, reason);
	g->closing_us = now;
}

/* Who came while the question was under way was not asked about. */
static void take_vouch(struct loop *l, const struct tow_rows *rows, long long now)
{
	TOW_AUTO_ARENA a = { 0 };
	struct sorted good = { 0 };

	for (size_t i = 0; i < tow_rows_count(rows); i++)
		add_token(&good, &a, tow_rows_get(rows, i, "hash"));
	for (size_t i = 0; i < l->room.n; i++) {
		struct guest *g = l->room.guests[i];

		if (g->came_us < l->sent_us && !sorted_find(&good, g->who.token))
			end(g, GUEST_REFUSED, "sign in again", now);
	}
	sorted_release(&good);
	l->vouch_us = now + VOUCH_US;
}

/* Often while things change, and never so that the database does little else: whoever subscribes
 * again and again has half of its time at most. */
static void take_changes(struct loop *l, const struct tow_rows *rows, long long now)
{
	bool told = news_take(&l->room.news, rows);
	long long took = now - l->sent_us, least = ASK_SHARE * took;

	if (told || l->pause_us < ASK_LEAST_US)
		l->pause_us = ASK_LEAST_US;
	else if ((l->pause_us *= 2) > ASK_MOST_US)
		l->pause_us = ASK_MOST_US;
	l->ask_us = now + (l->pause_us > least ? l->pause_us : least);
	l->soon_us = took > ASK_LEAST_US / 2 ? now + took : l->sent_us + ASK_LEAST_US;
}

/* Where somebody listens, the database is back when it says what has changed: to be connected, or
 * to vouch, is not enough. */
static void back(struct loop *l)
{
	if (!l->room.lost)
		return;
	tow_log(TOW_INFO, "hub.back", NULL);
	room_resync(&l->room);
}

static void take_answer(struct loop *l, const struct tow_rows *rows, long long now)
{
	if (l->call == CALL_CHANGES || !anybody_listens(l))
		back(l);
	if (l->call == CALL_VOUCH)
		take_vouch(l, rows, now);
	else
		take_changes(l, rows, now);
}

/* It lives, and would not say it. */
static void refused(struct loop *l, const struct tow_err *e, long long now)
{
	l->ask_us = l->soon_us = now + PATIENCE_US / 3;
	l->vouch_us = now + VOUCH_US;
	if (l->call == CALL_CHANGES)
		lose(l, e);
	else
		tow_log_err(TOW_WARN, "hub.refused", e);
}

/* It may be another database, or one restored: what it said before is worth nothing. */
static void connected(struct loop *l)
{
	if (l->room.lost)
		news_forget(&l->room.news);
	if (l->room.n == 0)
		back(l);
}

static void db_turn(struct loop *l, long long now)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err e = { 0 };

	if (l->db.state == TOW_LINK_BUSY && now - l->db.since_us > PATIENCE_US)
		give_up(l, now);
	else if (l->db.state == TOW_LINK_IDLE)
		(void)tow_db_lives(l->db.db); /* the turn drops it if not */
	switch (tow_link_turn(&l->db, now, &rows, &e)) {
	case TOW_LINK_CONNECTED:
		connected(l);
		break;
	case TOW_LINK_ANSWERED:
		take_answer(l, rows, now);
		break;
	case TOW_LINK_REFUSED:
		refused(l, &e, now);
		break;
	case TOW_LINK_LOST:
		lose(l, &e);
		break;
	case TOW_LINK_NOTHING:
		break;
	}
	if (l->db.state == TOW_LINK_IDLE)
		ask(l, now);
}

static long long db_wake(const struct loop *l)
{
	long long wake = LLONG_MAX;

	if (l->db.state == TOW_LINK_BUSY)
		return l->db.since_us + PATIENCE_US;
	if (l->db.state != TOW_LINK_IDLE)
		return tow_link_wake(&l->db);
	if (l->room.n > 0)
		wake = l->vouch_us;
	if (anybody_listens(l) && changes_due(l) < wake)
		wake = changes_due(l);
	return wake;
}

/* --- guests */

/* A goodbye to somebody whose socket is new fits into it. */
static void turn_away(struct guest *g, const char *why)
{
	guest_close(g, GUEST_BUSY, why);
	if (guest_write(g))
		tow_log(TOW_DEBUG, "hub.full", NULL);
	guest_free(g);
}

static void see_address(struct guest *g)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof from;

	if (getpeername(g->fd, (struct sockaddr *)&from, &len) < 0 || from.ss_family == AF_UNIX ||
	    getnameinfo((struct sockaddr *)&from, len, g->from, sizeof g->from, NULL, 0,
			NI_NUMERICHOST) != 0)
		g->from[0] = '\0';
}

static bool is_crowd(const struct loop *l, const struct guest *g)
{
	return l->conf->max_from && *g->from && room_from(&l->room, g->from) >= l->conf->max_from;
}

static void enter(struct loop *l, const struct handed *h, long long now)
{
	struct guest *g = guest_new(h->fd, &h->guest, h->early, h->len);

	see_address(g);
	if (l->room.n >= l->conf->max_guests)
		turn_away(g, "too many guests");
	else if (room_share(&l->room, h->guest.owner).guests >= l->conf->max_each)
		turn_away(g, "too many with this token");
	else if (is_crowd(l, g))
		turn_away(g, "too many from this address");
	else
		room_enter(&l->room, g, now);
}

static void listen_at(struct loop *l, int *ear, long long now)
{
	struct handed h;

	for (;;) {
		switch (hand_take(*ear, &h)) {
		case HAND_TAKEN:
			enter(l, &h, now);
			break;
		case HAND_BAD:
			tow_log(TOW_WARN, "hub.bad_hand", NULL);
			break;
		case HAND_CLOSED:
			*ear = -1;
			return;
		case HAND_NONE:
			return;
		}
	}
}

/* Who has not read what was said before is not listened to. */
static bool is_heard(const struct loop *l, const struct guest *g)
{
	return g->next == l->room.news.ring.next && guest_backlog(g) < GUEST_FULL;
}

static bool hear_guest(struct loop *l, struct guest *g, struct tow_arena *a, long long now)
{
	const struct guest_text *text;
	bool heard, lives = guest_read(g, a, &text, &heard);

	if (heard)
		g->heard_us = now;
	for (; text && !g->closing_us; text = text->next) {
		room_hear(&l->room, g, text->text, text->len);
		if (guest_backlog(g) > GUEST_BACKLOG_MOST)
			end(g, GUEST_BUSY, "too slow", now);
	}
	return lives;
}

static void mind_time(const struct hub *conf, struct guest *g, long long now)
{
	if (now - g->heard_us >= conf->silent_us)
		end(g, GUEST_POLICY, "silent", now);
	else if (now - g->pinged_us >= conf->ping_us) {
		guest_ping(g);
		g->pinged_us = now;
	}
}

/* False: it is gone. */
static bool guest_turn(struct loop *l, struct guest *g, short events, long long now)
{
	TOW_AUTO_ARENA a = { 0 };

	if ((events & (POLLIN | POLLHUP | POLLERR)) || g->in.len > 0)
		if (!hear_guest(l, g, &a, now))
			return false;
	mind_time(l->conf, g, now);
	room_feed(&l->room, g);
	if (!g->closing_us && guest_is_closing(g))
		g->closing_us = now;
	return guest_write(g) && (!g->closing_us || now - g->closing_us < CLOSING_US);
}

static long long guests_wake(const struct loop *l)
{
	long long wake = LLONG_MAX;

	for (size_t i = 0; i < l->room.n; i++) {
		const struct guest *g = l->room.guests[i];
		long long silent = g->heard_us + l->conf->silent_us,
			  ping = g->pinged_us + l->conf->ping_us,
			  at = g->closing_us ? g->closing_us + CLOSING_US
					     : (silent < ping ? silent : ping);

		wake = at < wake ? at : wake;
	}
	return wake;
}

/* --- the loop */

static size_t gather(struct loop *l)
{
	const size_t n_ears = l->conf->n_ears;
	size_t n = 0;

	l->polls = tow_xrealloc(l->polls, (2 + n_ears + l->room.n) * sizeof *l->polls);
	l->polls[n++] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
	tow_link_poll(&l->db, &l->polls[n++]);
	for (size_t i = 0; i < n_ears; i++)
		l->polls[n++] = (struct pollfd){ .fd = l->ears[i], .events = POLLIN };
	for (size_t i = 0; i < l->room.n; i++) {
		const struct guest *g = l->room.guests[i];
		short in = is_heard(l, g) || g->closing_us ? POLLIN : 0,
		      out = guest_backlog(g) > 0 ? POLLOUT : 0;

		l->polls[n++] = (struct pollfd){ .fd = g->fd, .events = in | out };
	}
	return n;
}

static void wait_for_something(struct loop *l, size_t n)
{
	long long now = tow_mono_us(), wake = db_wake(l), guests = guests_wake(l), us;
	struct timespec t;

	if (anybody_listens(l) && l->tidy_us < wake)
		wake = l->tidy_us;
	wake = guests < wake ? guests : wake;
	if (l->conf->turned_us) {
		atomic_store(l->conf->turned_us, now);
		wake = now + BEAT_US < wake ? now + BEAT_US : wake;
	}
	us = wake > now ? wake - now : 0;
	t = (struct timespec){ us / 1000000, us % 1000000 * 1000 };
	if (ppoll(l->polls, n, wake == LLONG_MAX ? NULL : &t, NULL) < 0)
		for (size_t i = 0; i < n; i++)
			l->polls[i].revents = 0;
}

static void tidy(struct loop *l, long long now)
{
	if (now < l->tidy_us)
		return;
	l->tidy_us = now + TIDY_US;
	topics_tidy(&l->room.topics, now);
	if (!anybody_listens(l))
		news_forget(&l->room.news);
}

/* Guests that came in this turn are looked at in the next one; those that go make room backwards.
 */
static void turn(struct loop *l)
{
	const size_t polled = l->room.n, first = 2 + l->conf->n_ears;
	long long now;

	wait_for_something(l, gather(l));
	now = tow_mono_us();
	l->over = l->polls[0].revents != 0;
	for (size_t i = 0; i < l->conf->n_ears; i++)
		if (l->polls[2 + i].revents)
			listen_at(l, &l->ears[i], now);
	db_turn(l, now);
	for (size_t i = l->room.n; i-- > 0;)
		if (!guest_turn(l, l->room.guests[i], i < polled ? l->polls[first + i].revents : 0,
				now))
			room_leave(&l->room, i, now);
	tidy(l, now);
}

static void say_goodbye(struct loop *l)
{
	for (size_t i = 0; i < l->room.n; i++) {
		guest_close(l->room.guests[i], GUEST_LEAVING, "the server stops");
		(void)!guest_write(l->room.guests[i]);
	}
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int hub_run(const struct hub *h)
{
	struct loop l = { .conf = h, .signals = open_signals() };

	srandom((unsigned)(tow_mono_us() ^ getpid()));
	room_init(&l.room);
	tow_link_init(&l.db, h->url, h->called);
	l.ears = tow_xcalloc(h->n_ears, sizeof *l.ears);
	memcpy(l.ears, h->ears, h->n_ears * sizeof *l.ears);
	while (!l.over && !l.refused)
		turn(&l);
	say_goodbye(&l);
	room_release(&l.room);
	tow_db_closep(&l.db.db);
	tow_closep(&l.signals);
	free(l.ears);
	free(l.polls);
	return l.refused;
}
