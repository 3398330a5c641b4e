/* What was read a moment ago. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/serve/known.h"
#include "tow/http.h"

static struct known known;

static void set_up(void)
{
	struct tow_err e;
	ck_assert(known_open(&known, &e));
}

static void keep(const char *asked, const char *text, long long at)
{
	struct known_answer *a = known_hold(&known, asked, 1000000);
	ck_assert_ptr_nonnull(a);
	known_keep(a, "1:1:", "text/plain", text, at);
	known_let_go(a);
}

/* What is said to who asks at an instant, once the database has shown that nothing was committed;
 * NULL: it is looked up. */
static const char *said(const char *asked, long long at)
{
	struct known_answer *a = known_hold(&known, asked, 1000000);
	const char *text = known_seen(a, at) ? a->text : NULL;
	known_let_go(a);
	return text;
}

static bool answers(const char *asked, long long came)
{
	struct known_answer *a = known_hold(&known, asked, 1000000);
	bool yes = known_answers(a, came);
	known_let_go(a);
	return yes;
}

START_TEST(who_asks_the_same_is_known)
{
	struct known_answer *a;
	keep("vera 1 {}", "one", 1000);
	a = known_hold(&known, "vera 1 {}", 1000000);
	ck_assert_str_eq(a->text, "one");
	ck_assert_str_eq(known_seen(a, 1000), "1:1:");
	ck_assert_str_eq(a->type, "text/plain");
	known_let_go(a);
	ck_assert_ptr_null(said("otto 1 {}", 1000));
	ck_assert_ptr_null(said("vera 1 {\"limit\":1}", 1000));
	ck_assert_str_eq(said("vera 1 {}", 1000), "one");
}
END_TEST

START_TEST(not_for_long)
{
	keep("a", "one", 1000);
	ck_assert_ptr_nonnull(said("a", 999 + KNOWN_FOR_US));
	ck_assert_ptr_null(said("a", 1000 + KNOWN_FOR_US));
	keep("a", "two", 1000 + KNOWN_FOR_US);
	ck_assert_str_eq(said("a", 1000 + KNOWN_FOR_US), "two");
}
END_TEST

START_TEST(who_had_asked_by_then_is_answered)
{
	keep("a", "one", 1000);
	ck_assert(answers("a", 1000));
	ck_assert(!answers("a", 1001));
	ck_assert(!answers("b", 1000));
}
END_TEST

START_TEST(two_that_have_one_place_take_it_from_each_other)
{
	enum { MANY = 4 * KNOWN_MOST };
	char asked[8];
	int left = 0;
	for (int i = 0; i < MANY; i++) {
		snprintf(asked, sizeof asked, "%d", i);
		keep(asked, asked, 1000);
		ck_assert_str_eq(said(asked, 1000), asked);
	}
	for (int i = MANY - 1; i >= 0;
	     i--) { /* whoever came last has it still, until it is asked for another */
		const char *text;
		snprintf(asked, sizeof asked, "%d", i);
		text = said(asked, 1000);
		ck_assert(!text || strcmp(text, asked) == 0);
		left += text != NULL;
	}
	ck_assert_int_gt(left, KNOWN_MOST / 2);
	ck_assert_int_le(left, KNOWN_MOST);
}
END_TEST

START_TEST(what_the_database_showed_may_be_too_long_to_be_kept)
{
	char seen[4000];
	struct known_answer *a = known_hold(&known, "a", 1);
	memset(seen, '1', sizeof seen - 1);
	seen[sizeof seen - 1] = '\0';
	known_keep(a, seen, "text/plain", "one", 1000);
	ck_assert(known_answers(a, 1000)); /* nobody has to be asked for that */
	ck_assert_ptr_null(known_seen(a, 1000));
	known_let_go(a);
}
END_TEST

START_TEST(what_is_long_is_not_kept)
{
	char *text = malloc(KNOWN_BYTES + 2);
	memset(text, 'x', KNOWN_BYTES + 1);
	text[KNOWN_BYTES + 1] = '\0';
	keep("a", "short", 1000);
	keep("a", text, 2000); /* nor what it was before */
	ck_assert_ptr_null(said("a", 2000));
	text[KNOWN_BYTES] = '\0';
	keep("a", text, 3000);
	ck_assert_str_eq(said("a", 3000), text);
	free(text);
}
END_TEST

/* A process that holds a place, until it is told to end. */
static pid_t holder(const char *asked, int *end)
{
	int ready[2], over[2];
	char byte;
	pid_t pid;
	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(over), 0);
	pid = fork();
	if (pid == 0) {
		struct known_answer *a = known_hold(&known, asked, 1000000);
		close(over[1]);
		known_keep(a, "2:2:", "text/plain", "of another", 5000);
		if (write(ready[1], "", 1) == 1 && read(over[0], &byte, 1) == 0)
			known_let_go(a);
		_exit(0);
	}
	close(over[0]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*end = over[1];
	return pid;
}

static long long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

START_TEST(another_process_says_what_one_has_looked_up)
{
	int end;
	pid_t pid = holder("a", &end);
	close(end);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_str_eq(said("a", 5000), "of another");
	ck_assert(answers("a", 5000));
}
END_TEST

START_TEST(who_waits_too_long_looks_for_himself)
{
	int end;
	pid_t pid = holder("a", &end);
	long long began = now_ms();
	keep("a", "my own", 7000);
	ck_assert_int_ge(now_ms() - began, KNOWN_WAIT_MS - 1);
	ck_assert(answers("a", 7000)); /* once for all of his that had asked by then */
	ck_assert(!answers("a", 7001));
	ck_assert_str_eq(said("a", 7000), "my own");
	close(end);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_str_eq(said("a", 7000), "of another");
}
END_TEST

/* The number of a place, as known.c has it. */
static unsigned place_of(const char *asked)
{
	TOW_AUTO_ARENA a = { 0 };
	char *hash = tow_sha256_hex(&a, asked, strlen(asked));
	hash[8] = '\0';
	return (unsigned)strtoul(hash, NULL, 16) % KNOWN_MOST;
}

START_TEST(nobody_waits_for_who_asks_another_thing)
{
	char other[16] = "0";
	int end;
	pid_t pid = holder("a", &end);
	for (int i = 0; place_of(other) != place_of("a"); i++)
		snprintf(other, sizeof other, "%d", i);
	for (int i = 0; i < 1000; i++)
		keep(other, "my own", 7000); /* a hundred seconds, if each waited */
	ck_assert_str_eq(said(other, 7000), "my own");
	close(end);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

START_TEST(who_dies_with_one_in_his_hand_leaves_nothing)
{
	int end;
	pid_t pid = holder("a", &end);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(end);
	ck_assert_ptr_null(said("a", 5000));
	keep("a", "one", 6000);
	ck_assert_str_eq(said("a", 6000), "one");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("known");
	TCase *c = tcase_create("known");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, set_up, NULL);
	tcase_add_test(c, who_asks_the_same_is_known);
	tcase_add_test(c, not_for_long);
	tcase_add_test(c, who_had_asked_by_then_is_answered);
	tcase_add_test(c, two_that_have_one_place_take_it_from_each_other);
	tcase_add_test(c, what_the_database_showed_may_be_too_long_to_be_kept);
	tcase_add_test(c, what_is_long_is_not_kept);
	tcase_add_test(c, another_process_says_what_one_has_looked_up);
	tcase_add_test(c, who_waits_too_long_looks_for_himself);
	tcase_add_test(c, nobody_waits_for_who_asks_another_thing);
	tcase_add_test(c, who_dies_with_one_in_his_hand_leaves_nothing);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
