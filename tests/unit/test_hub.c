/* A hub of our own, with no database: connections that are handed over, one too many, and its end.
 */
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/serve/guest.h"
#include "src/serve/hand.h"
#include "src/serve/hub.h"
#include "tow/mem.h"

enum { PATIENCE_MS = 60000, MOST = 3, EACH = 2 };

static const struct hub_guest somebody = { .token = "ab", .owner = "ab" };
static int to_hub = -1;
static pid_t hub = -1;

static void start_with(int ping_us, int silent_us)
{
	sigset_t term;
	int pair[2];
	struct hub h = { .url = "postgresql:///x?host=/nonexistent",
			 .called = "hub",
			 .ears = &pair[1],
			 .n_ears = 1,
			 .max_guests = MOST,
			 .max_each = EACH,
			 .ping_us = ping_us,
			 .silent_us = silent_us };

	/* Whoever starts a hub holds the signals back until it listens to them. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	hub = fork();
	if (hub == 0) {
		close(pair[0]);
		_exit(hub_run(&h));
	}
	close(pair[1]);
	to_hub = pair[0];
}

static void start(void)
{
	start_with(HUB_PING_US, HUB_SILENT_US);
}

static void start_impatient(void)
{
	start_with(100000, 3000000);
}

static void stop(void)
{
	int status = -1;

	if (hub > 0) {
		kill(hub, SIGTERM);
		ck_assert_int_eq(waitpid(hub, &status, 0), hub);
		ck_assert_int_eq(status, 0);
	}
	hub = -1;
	tow_closep(&to_hub);
}

/* Our end of a connection that the hub has got. */
static int enter_as(const struct hub_guest *who, const char *early, size_t len)
{
	struct tow_err e = { 0 };
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_msg(hub_hand(to_hub, pair[1], who, early, len, &e), "%s", e.text);
	close(pair[1]);
	return pair[0];
}

static int enter(const char *early, size_t len)
{
	return enter_as(&somebody, early, len);
}

static void read_all(int fd, unsigned char *data, size_t n)
{
	for (size_t got = 0; got < n;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t more;

		ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
		more = read(fd, data + got, n - got);
		ck_assert_int_gt(more, 0);
		got += (size_t)more;
	}
}

static int hear_any(int fd, char *text, size_t size)
{
	unsigned char head[2], length[2];
	size_t n;

	read_all(fd, head, 2);
	n = head[1];
	if (n == 126) {
		read_all(fd, length, 2);
		n = (size_t)length[0] << 8 | length[1];
	}
	ck_assert_uint_lt(n, size);
	read_all(fd, (unsigned char *)text, n);
	text[n] = '\0';
	return head[0] & 15;
}

/* One frame of the hub's; its opcode. There is no database: that it is lost is said some time. */
static int hear(int fd, char *text, size_t size)
{
	int opcode = hear_any(fd, text, size);

	return opcode == 1 && strstr(text, "\"lost\"") ? hear_any(fd, text, size) : opcode;
}

static void hear_text(int fd, const char *part)
{
	char text[1000];

	ck_assert_int_eq(hear(fd, text, sizeof(text)), 1);
	ck_assert_msg(strstr(text, part) != NULL, "%s", text);
}

static int code_of(const char *text)
{
	return (unsigned char)text[0] << 8 | (unsigned char)text[1];
}

static void hear_end(int fd, int code, const char *reason)
{
	char text[1000];

	ck_assert_int_eq(hear(fd, text, sizeof(text)), 8);
	ck_assert_int_eq(code_of(text), code);
	ck_assert_str_eq(text + 2, reason);
}

/* Masked by nothing but zeros. */
static size_t frame(char *out, const char *text)
{
	size_t n = strlen(text);

	ck_assert_uint_lt(n, 126);
	out[0] = (char)0x81;
	out[1] = (char)(0x80 | n);
	memset(out + 2, 0, 4);
	memcpy(out + 6, text, n);
	return n + 6;
}

START_TEST(who_is_handed_over_is_greeted)
{
	char early[200];
	size_t n = frame(early, "{\"type\":\"subscribe\",\"topics\":[\"queues\",\"jobs\"]}");
	int fd = enter(early, n), other = enter(early, 3);

	hear_text(fd, "\"hello\"");
	hear_text(fd, "\"topics\":2");
	hear_text(other, "\"hello\"");
	ck_assert_int_eq(write(other, early + 3, n - 3), (ssize_t)(n - 3));
	hear_text(other, "\"topics\":2");
	stop();
	hear_end(fd, 1001, "the server stops");
	hear_end(other, 1001, "the server stops");
	close(fd);
	close(other);
}
END_TEST

START_TEST(one_too_many_is_told_so)
{
	static const struct hub_guest other = { .token = "cd", .owner = "cd" };
	int fds[MOST + 1];

	for (int i = 0; i <= MOST; i++)
		fds[i] = enter_as(i < EACH ? &somebody : &other, "", 0);
	for (int i = 0; i < MOST; i++)
		hear_text(fds[i], "\"hello\"");
	hear_end(fds[MOST], 1013, "too many guests");
	close(fds[MOST]);
	close(fds[0]);
	for (bool in = false; !in;) { /* the hub has yet to see that one has gone */
		char text[1000];

		fds[0] = enter("", 0);
		in = hear(fds[0], text, sizeof(text)) == 1;
		close(fds[0]);
	}
	for (int i = 1; i < MOST; i++)
		close(fds[i]);
}
END_TEST

START_TEST(one_too_many_of_a_token_is_told_so)
{
	static const struct hub_guest other = { .token = "cd", .owner = "cd" },
				      session = { .token = "ef", .owner = "ab" };
	int first = enter("", 0), second = enter_as(&session, "", 0),
	    third = enter_as(&session, "", 0), fourth = enter_as(&other, "", 0);

	hear_text(first, "\"hello\"");
	hear_text(second, "\"hello\"");
	hear_end(third, 1013, "too many with this token");
	hear_text(fourth, "\"hello\"");
	close(first);
	close(second);
	close(third);
	close(fourth);
}
END_TEST

START_TEST(a_packet_that_is_none_harms_nobody)
{
	int fd;

	ck_assert_int_eq(send(to_hub, "x", 1, 0), 1);
	ck_assert_int_eq(send(to_hub, &somebody, sizeof(somebody), 0), sizeof(somebody));
	fd = enter("", 0);
	hear_text(fd, "\"hello\"");
	close(fd);
}
END_TEST

START_TEST(what_is_too_early_or_comes_too_late_is_an_error)
{
	static char much[HUB_EARLY_MOST + 1];
	struct tow_err e = { 0 };
	int pair[2];

	ck_assert(!hub_hand(to_hub, 0, &somebody, much, sizeof(much), &e));
	ck_assert_int_eq(e.code, TOW_FINAL);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	close(pair[1]);
	ck_assert(!hub_hand(pair[0], 0, &somebody, "", 0, &e));
	ck_assert_int_eq(e.code, TOW_RETRY);
	close(pair[0]);
}
END_TEST

/* An empty ping is six bytes, and its answer has no text at all. */
START_TEST(who_asks_more_than_it_reads_is_not_listened_to)
{
	static const char ping[] = { (char)0x89, (char)0x80, 0, 0, 0, 0 };
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_BUF pings = { 0 };
	const struct guest_text *text;
	struct guest *g;
	bool heard;
	int pair[2];

	for (int i = 0; i < 2000; i++)
		tow_buf_add(&pings, ping, sizeof(ping));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	g = guest_new(pair[0], &somebody, pings.data, pings.len);
	ck_assert(guest_read(g, &a, &text, &heard));
	ck_assert_uint_ge(guest_backlog(g), GUEST_FULL);
	guest_free(g);
	close(pair[1]);
}
END_TEST

/* Whoever reads without a word is not there; the other says so each time. */
START_TEST(who_does_not_answer_pings_is_let_go)
{
	static const char pong[] = { (char)0x8a, (char)0x80, 0, 0, 0, 0 };
	int lives = enter("", 0), dead = enter("", 0), opcode, pings = 0;
	char text[1000];
	size_t n;

	hear_text(lives, "\"hello\"");
	hear_text(dead, "\"hello\"");
	do {
		ck_assert_int_eq(hear(lives, text, sizeof(text)), 9);
		ck_assert_int_eq(write(lives, pong, sizeof(pong)), sizeof(pong));
		opcode = hear(dead, text, sizeof(text));
		pings += opcode == 9;
	} while (opcode == 9);
	ck_assert_int_eq(opcode, 8);
	ck_assert_int_eq(code_of(text), 1008);
	ck_assert_str_eq(text + 2, "silent");
	ck_assert_int_gt(pings, 1);
	close(dead);
	n = frame(text, "{\"type\":\"subscribe\",\"topics\":[\"jobs\"]}");
	ck_assert_int_eq(write(lives, text, n), (ssize_t)n);
	while ((opcode = hear(lives, text, sizeof(text))) == 9)
		ck_assert_int_eq(write(lives, pong, sizeof(pong)), sizeof(pong));
	ck_assert_int_eq(opcode, 1);
	ck_assert_msg(strstr(text, "\"topics\":1") != NULL, "%s", text);
	close(lives);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hub");
	TCase *c = tcase_create("hub");
	TCase *times = tcase_create("times");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, start, stop);
	tcase_add_test(c, who_is_handed_over_is_greeted);
	tcase_add_test(c, one_too_many_is_told_so);
	tcase_add_test(c, one_too_many_of_a_token_is_told_so);
	tcase_add_test(c, a_packet_that_is_none_harms_nobody);
	tcase_add_test(c, what_is_too_early_or_comes_too_late_is_an_error);
	tcase_add_test(c, who_asks_more_than_it_reads_is_not_listened_to);
	tcase_set_timeout(times, 120);
	tcase_add_checked_fixture(times, start_impatient, stop);
	tcase_add_test(times, who_does_not_answer_pings_is_let_go);
	suite_add_tcase(s, c);
	suite_add_tcase(s, times);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
