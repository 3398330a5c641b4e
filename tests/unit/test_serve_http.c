/* The server's turns: what has come is read before any of it is answered. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/serve/http.h"
#include "tow/proc.h"

enum { GUESTS = 3, MOST = 8, MOST_BODY = 100, MUCH = 32 << 20, HOUR = 3600 };

static struct http *http;
static atomic_uint connections;
static int listener, guests[GUESTS];
static struct {
	char target[16];
	long long came_us, now_us;
} asked[MOST];
static size_t n_asked;

static void take(void *owned, int connection, const void *early, size_t len)
{
	(void)owned, (void)connection, (void)early, (void)len;
}

static void answer(void *self, const struct http_request *q, struct http_reply *r)
{
	(void)self;
	if (strcmp(q->target, "/socket") == 0)
		r->take = take;
	ck_assert(n_asked < MOST);
	snprintf(asked[n_asked].target, sizeof asked[n_asked].target, "%s", q->target);
	asked[n_asked].came_us = q->came_us;
	asked[n_asked++].now_us = tow_mono_us();
	r->status = r->take ? 101 : 200;
	r->body = q->target;
	r->len = strlen(q->target);
	if (strcmp(q->target, "/much") == 0) {
		r->body = tow_alloc(q->arena, MUCH);
		r->len = MUCH;
	}
}

static void let_in(int guest, struct sockaddr_in *at, socklen_t len)
{
	int fd;
	ck_assert_int_eq(connect(guest, (struct sockaddr *)at, len), 0);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	http_let_in(http, fd, (struct sockaddr *)at, len);
}

static void set_up_with(struct http_limits limits)
{
	const struct http_options o = { .limits = limits,
					.connections = &connections,
					.most_connections = 10,
					.most_body = MOST_BODY,
					.answer = answer };
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	struct tow_err e;
	n_asked = 0;
	ck_assert(http_open(&http, &o, &e));
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(listener, GUESTS), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	for (int i = 0; i < GUESTS; i++) {
		guests[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		let_in(guests[i], &at, len);
	}
}

static void set_up(void)
{
	set_up_with((struct http_limits){ HOUR, HOUR, HOUR, HOUR });
}

static void tear_down(void)
{
	http_close(http);
	for (int i = 0; i < GUESTS; i++)
		close(guests[i]);
	close(listener);
}

static void ask(int guest, const char *target)
{
	char text[64];
	int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target);
	ck_assert_int_eq(write(guest, text, (size_t)n), n);
}

static void turn_until(size_t answered)
{
	while (n_asked < answered)
		http_turn(http);
}

/* The head may be cut in two. */
static void expect(int guest, const char *body)
{
	char text[512] = "";
	size_t n = 0;
	while (!strstr(text, body)) {
		ssize_t got;
		http_turn(http);
		got = recv(guest, text + n, sizeof text - 1 - n, MSG_DONTWAIT);
		n += got > 0 ? (size_t)got : 0;
	}
}

START_TEST(all_that_have_come_are_read_before_the_first_is_answered)
{
	ask(guests[0], "/a");
	ask(guests[1], "/b");
	turn_until(1);
	ask(guests[2], "/c");
	turn_until(3);
	ck_assert_str_eq(asked[1].target, strcmp(asked[0].target, "/a") == 0 ? "/b" : "/a");
	ck_assert_int_le(asked[1].came_us, asked[0].now_us); /* it was there by then */
	ck_assert_str_eq(asked[2].target, "/c");
	ck_assert_int_ge(asked[2].came_us, asked[0].now_us); /* it was not */
	expect(guests[0], "/a");
	expect(guests[1], "/b");
	expect(guests[2], "/c");
}
END_TEST

START_TEST(a_connection_asks_once_it_has_been_answered)
{
	ask(guests[0], "/a");
	ask(guests[0], "/b");
	turn_until(2);
	ck_assert_str_eq(asked[0].target, "/a");
	ck_assert_str_eq(asked[1].target, "/b");
	ck_assert_int_ge(asked[1].came_us, asked[0].now_us);
	expect(guests[0], "/b");
}
END_TEST

/* What was HTTP/1.0 becomes nothing else: MHD does not take that answer. */
START_TEST(what_cannot_be_sent_is_not_answered_again)
{
	static const char text[] = "GET /socket HTTP/1.0\r\nUpgrade: it\r\n\r\n";
	char c;
	ck_assert_int_eq(write(guests[0], text, sizeof text - 1), sizeof text - 1);
	turn_until(1);
	while (recv(guests[0], &c, 1, MSG_DONTWAIT) != 0)
		http_turn(http);
	ck_assert_uint_eq(n_asked, 1);
}
END_TEST

START_TEST(who_waits_when_it_ends_is_let_go)
{
	char c;
	for (int i = 0; i < GUESTS; i++)
		ask(guests[i], "/a");
	turn_until(1);
	http_close(http);
	http = NULL;
	for (int i = 0; i < GUESTS; i++)
		while (read(guests[i], &c, 1) > 0)
			;
	ck_assert_uint_eq(atomic_load(&connections), 0);
}
END_TEST

/* Of all that could be waited for one second is the limit of one thing alone. */
static void let_go_of_one(void)
{
	while (atomic_load(&connections) == GUESTS) {
		struct pollfd p = { .fd = http_fd(http), .events = POLLIN };
		int ms = http_turn(http);
		poll(&p, 1, ms < 100 ? ms : 100);
	}
	ck_assert_uint_eq(atomic_load(&connections), GUESTS - 1);
}

START_TEST(who_dawdles_with_a_body_is_let_go)
{
	static const char text[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx";
	set_up_with((struct http_limits){ HOUR, .body_s = 1, HOUR, HOUR });
	ck_assert_int_eq(write(guests[0], text, sizeof text - 1), sizeof text - 1);
	let_go_of_one();
	ck_assert_uint_eq(n_asked, 0);
}
END_TEST

START_TEST(who_asks_nothing_more_is_let_go)
{
	set_up_with((struct http_limits){ HOUR, HOUR, .idle_s = 1, HOUR });
	ask(guests[0], "/a");
	expect(guests[0], "/a");
	let_go_of_one();
}
END_TEST

START_TEST(who_does_not_read_the_answer_is_let_go)
{
	set_up_with((struct http_limits){ HOUR, HOUR, HOUR, .answer_s = 1 });
	ask(guests[0], "/much");
	turn_until(1);
	let_go_of_one();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("serve_http");
	TCase *c = tcase_create("turns"), *limits = tcase_create("limits");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, all_that_have_come_are_read_before_the_first_is_answered);
	tcase_add_test(c, a_connection_asks_once_it_has_been_answered);
	tcase_add_test(c, what_cannot_be_sent_is_not_answered_again);
	tcase_add_test(c, who_waits_when_it_ends_is_let_go);
	suite_add_tcase(s, c);
	tcase_set_timeout(limits, 60);
	tcase_add_checked_fixture(limits, NULL, tear_down);
	tcase_add_test(limits, who_dawdles_with_a_body_is_let_go);
	tcase_add_test(limits, who_asks_nothing_more_is_let_go);
	tcase_add_test(limits, who_does_not_read_the_answer_is_let_go);
	suite_add_tcase(s, limits);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
