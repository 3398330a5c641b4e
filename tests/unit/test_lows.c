/* Where claims begin, and how many jobs are worth claiming. */
#include <check.h>
#include <stdlib.h>

#include "workers/lows.h"
#include "workers/queue.h"

START_TEST(arrays_are_read_and_written)
{
	long long *n = NULL;
	size_t count = 9;
	TOW_AUTO_BUF b = { 0 };

	ck_assert(ints_parse("{}", &n, &count));
	ck_assert_uint_eq(count, 0);
	free(n);
	ck_assert(ints_parse("{1,-2,9223372036854775807}", &n, &count));
	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(n[1], -2);
	ck_assert(n[2] == 9223372036854775807LL);
	ints_write(&b, n, count);
	ck_assert_str_eq(b.data, "{1,-2,9223372036854775807}");
	free(n);
	ck_assert(!ints_parse("{1,x}", &n, &count));
	ck_assert(!ints_parse("1,2", &n, &count));
	ck_assert(!ints_parse("{1", &n, &count));
	ck_assert(!ints_parse("{99999999999999999999}", &n, &count));
}
END_TEST

static struct lows two(void)
{
	struct lows l = { 0 };

	ck_assert(lows_floor(&l, "m", "{7,8}", "{1,1}", "{100,200}"));
	return l;
}

START_TEST(a_floor_replaces_everything)
{
	struct lows l = two();
	unsigned before = l.floors;

	ck_assert(lows_floor(&l, "n", "{8}", "{1}", "{50}"));
	ck_assert_uint_eq(l.n, 1);
	ck_assert_str_eq(l.memory, "n");
	ck_assert_uint_ne(l.floors, before);
	ck_assert(!lows_floor(&l, "o", "{8,9}", "{1}", "{50}"));
	ck_assert(!lows_floor(&l, NULL, "{8}", "{1}", "{50}"));
	ck_assert_str_eq(l.memory, "n");
	lows_forget(&l);
	ck_assert_ptr_null(l.memory);
}
END_TEST

START_TEST(an_exchange_raises_and_never_lowers)
{
	struct lows l = two();

	lows_raise(&l, l.floors, 7, 150);
	lows_raise(&l, l.floors, 8, 150);
	lows_raise(&l, l.floors, 9, 150);
	ck_assert_int_eq(l.lows[0], 150);
	ck_assert_int_eq(l.lows[1], 200);
	lows_forget(&l);
}
END_TEST

START_TEST(what_was_sent_before_a_floor_raises_nothing)
{
	struct lows l = two();
	unsigned sent = l.floors;

	ck_assert(lows_floor(&l, "n", "{7,8}", "{1,1}", "{60,70}"));
	lows_raise(&l, sent, 7, 150);
	ck_assert_int_eq(l.lows[0], 60);
	lows_forget(&l);
}
END_TEST

/* Line 0 was sent from 100 and fails; line 1, sent from 140, must not carry the low past what line
 * 0 put back. */
START_TEST(a_failure_on_one_line_is_not_undone_by_the_other)
{
	struct lows l = two();
	unsigned sent;

	lows_raise(&l, l.floors, 7, 140);
	sent = l.floors;
	lows_lower(&l, 7, 100);
	lows_raise(&l, sent, 7, 180);
	ck_assert_int_eq(l.lows[0], 100);
	lows_lower(&l, 7, 120);
	ck_assert_int_eq(l.lows[0], 100);
	sent = l.floors;
	lows_sweep(&l);
	ck_assert_int_eq(l.lows[0] + l.lows[1], 0);
	lows_raise(&l, sent, 7, 180);
	ck_assert_int_eq(l.lows[0], 0);
	lows_forget(&l);
}
END_TEST

START_TEST(quick_jobs_are_claimed_in_batches_slow_ones_are_not)
{
	struct queue q = { .slots = 4 };

	ck_assert_int_eq(queue_want(&q, 0), 4); /* nothing known: what can start at once */
	queue_learn(&q, 1000000, 1);
	ck_assert_int_eq(queue_want(&q, 0), 4);
	ck_assert_int_eq(queue_share(&q, 0), 1);
	for (int i = 0; i < 10; i++)
		queue_learn(&q, 200, 20);
	ck_assert_int_eq(queue_want(&q, 0), 1000);
	ck_assert_int_gt(queue_share(&q, 0), 50);
	q.given = 4;
	queue_learn(&q, 100e6, 100);
	ck_assert_int_eq(queue_want(&q, 0), 0);
}
END_TEST

START_TEST(what_is_held_or_asked_for_counts)
{
	struct queue q = { .slots = 4, .given = 1, .asked = 2 };

	ck_assert_int_eq(queue_want(&q, 0), 1);
	ck_assert_int_eq(queue_want(&q, 3), 9);
	q.slots = 0;
	ck_assert_int_eq(queue_want(&q, 0), 0);
}
END_TEST

/* At 10 ms a job, what a slot is given ahead is over in 50 ms. */
START_TEST(nothing_waits_long_behind_others)
{
	for (double us = 10; us < 1e6; us *= 3) {
		struct queue q = { .slots = 1 };

		queue_learn(&q, us * 50, 50);
		if (queue_target(&q, 0) > 1)
			ck_assert(queue_target(&q, 0) * us <= 50000);
		ck_assert_int_le(queue_share(&q, 0), queue_target(&q, 0));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lows");
	TCase *c = tcase_create("lows");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, arrays_are_read_and_written);
	tcase_add_test(c, a_floor_replaces_everything);
	tcase_add_test(c, an_exchange_raises_and_never_lowers);
	tcase_add_test(c, what_was_sent_before_a_floor_raises_nothing);
	tcase_add_test(c, a_failure_on_one_line_is_not_undone_by_the_other);
	tcase_add_test(c, quick_jobs_are_claimed_in_batches_slow_ones_are_not);
	tcase_add_test(c, what_is_held_or_asked_for_counts);
	tcase_add_test(c, nothing_waits_long_behind_others);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
