/* What was read a moment ago. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/serve/known.h"

static struct known known;

static void keep(const char *asked, const char *text, long long at)
{
	known_keep(&known, asked, "1:1:", "text/plain", text, 7, at);
}

START_TEST(who_asks_the_same_is_known)
{
	keep("vera 1 {}", "one", 1000);
	ck_assert_str_eq(known_find(&known, "vera 1 {}", 8, 1000)->text, "one");
	ck_assert_str_eq(known_find(&known, "vera 1 {}", 8, 1000)->seen, "1:1:");
	ck_assert_str_eq(known_find(&known, "vera 1 {}", 8, 1000)->type, "text/plain");
	ck_assert(!known_find(&known, "otto 1 {}", 8, 1000));
	ck_assert(!known_find(&known, "vera 1 {\"limit\":1}", 8, 1000));
	known_release(&known);
	ck_assert(!known_find(&known, "vera 1 {}", 8, 1000));
}
END_TEST

START_TEST(not_for_long)
{
	keep("a", "one", 1000);
	ck_assert(known_find(&known, "a", 8, 999 + KNOWN_FOR_US));
	ck_assert(!known_find(&known, "a", 8, 1000 + KNOWN_FOR_US));
	keep("a", "two", 1000 + KNOWN_FOR_US);
	ck_assert_str_eq(known_find(&known, "a", 8, 1000 + KNOWN_FOR_US)->text, "two");
	known_release(&known);
}
END_TEST

START_TEST(who_had_asked_by_then_is_given_it_however_long_it_took)
{
	keep("a", "one", 1000);
	ck_assert_str_eq(known_find(&known, "a", 7, 1000 + KNOWN_FOR_US)->text, "one");
	ck_assert(!known_find(&known, "a", 8, 1000 + KNOWN_FOR_US));
	ck_assert(!known_find(&known, "b", 7, 1000 + KNOWN_FOR_US));
	known_release(&known);
}
END_TEST

START_TEST(the_oldest_makes_room)
{
	char asked[8];
	for (int i = 0; i <= KNOWN_MOST; i++) {
		snprintf(asked, sizeof asked, "%d", i);
		keep(asked, asked, 1000 + i);
	}
	ck_assert(!known_find(&known, "0", 8, 1000));
	for (int i = 1; i <= KNOWN_MOST; i++) {
		snprintf(asked, sizeof asked, "%d", i);
		ck_assert_str_eq(known_find(&known, asked, 8, 1000 + i)->text, asked);
	}
	known_release(&known);
}
END_TEST

START_TEST(what_is_long_is_not_kept)
{
	char *text = malloc(KNOWN_BYTES + 2);
	memset(text, 'x', KNOWN_BYTES + 1);
	text[KNOWN_BYTES + 1] = '\0';
	keep("a", "short", 1000);
	keep("a", text, 2000); /* nor what it was before */
	ck_assert(!known_find(&known, "a", 8, 2000));
	text[KNOWN_BYTES] = '\0';
	keep("a", text, 3000);
	ck_assert(known_find(&known, "a", 8, 3000));
	known_release(&known);
	free(text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("known");
	TCase *c = tcase_create("known");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, who_asks_the_same_is_known);
	tcase_add_test(c, not_for_long);
	tcase_add_test(c, who_had_asked_by_then_is_given_it_however_long_it_took);
	tcase_add_test(c, the_oldest_makes_room);
	tcase_add_test(c, what_is_long_is_not_kept);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
