/* Where claims begin. */
#include <check.h>
#include <stdlib.h>

#include "workers/lows.h"

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
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
