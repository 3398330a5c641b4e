/* Control lines of programs. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "workers/control.h"

static struct control parse(char *line)
{
	struct control c;

	control_parse(line, &c);
	return c;
}

#define PARSE(text) parse((char[]){ text })

START_TEST(every_word_is_understood)
{
	struct control c = PARSE("progress 40.5 half of it");

	ck_assert_int_eq(c.word, CONTROL_PROGRESS);
	ck_assert(c.number == 40.5);
	ck_assert_str_eq(PARSE("progress 40.5 half of it").text, "half of it");
	c = PARSE("count 3 10");
	ck_assert_int_eq(c.word, CONTROL_COUNT);
	ck_assert_int_eq(c.done, 3);
	ck_assert_int_eq(c.total, 10);
	ck_assert_str_eq(PARSE("count 3 10").text, "");
	c = PARSE("log warn mind  the gap");
	ck_assert_int_eq(c.word, CONTROL_LOG);
	ck_assert_int_eq(c.level, TOW_WARN);
	ck_assert_str_eq(PARSE("log warn mind  the gap").text, "mind  the gap");
	ck_assert_str_eq(PARSE("result {\"a\": 1}").text, "{\"a\": 1}");
	ck_assert(PARSE("snooze 60").number == 60);
	ck_assert_int_eq(PARSE("snooze 60").word, CONTROL_SNOOZE);
	ck_assert(PARSE("\tretry\t 2.5 later").number == 2.5);
	ck_assert_str_eq(PARSE("fail no such file").text, "no such file");
	ck_assert_int_eq(PARSE("status looking").word, CONTROL_STATUS);
	ck_assert_str_eq(PARSE("status found 5 files").text, "found 5 files");
	ck_assert_int_eq(PARSE("status found 5 files").about, 0);
	ck_assert_int_eq(PARSE("status job=12 waiting for it").about, 12);
	ck_assert_str_eq(PARSE("status job=12 waiting for it").text, "waiting for it");
}
END_TEST

START_TEST(steps_and_waits_are_understood)
{
	struct control c = PARSE("step charge {\"id\": 7}");

	ck_assert_int_eq(c.word, CONTROL_STEP);
	ck_assert_str_eq(c.name, "charge");
	ck_assert_str_eq(PARSE("step charge {\"id\": 7}").text, "{\"id\": 7}");
	ck_assert_str_eq(PARSE("step charge").text, "");
	ck_assert_str_eq(PARSE("spawn {\"kind\": \"noop\"}").text, "{\"kind\": \"noop\"}");
	ck_assert_str_eq(PARSE("wait children").name, "children");
	c = PARSE("wait signal paid 60");
	ck_assert_int_eq(c.word, CONTROL_WAIT);
	ck_assert(c.number == 60);
	ck_assert_str_eq(PARSE("wait signal paid 60").name, "signal");
	ck_assert_str_eq(PARSE("wait signal paid 60").text, "paid");
	ck_assert(PARSE("wait signal paid").number < 0);
	ck_assert(PARSE("wait approval 5").number == 5);
	ck_assert_str_eq(PARSE("wait approval 5").text, "");
}
END_TEST

START_TEST(what_is_wrong_is_nothing)
{
	static const char *const lines[] = {
		"",
		" ",
		"progress",
		"progress x",
		"progress -1",
		"progress nan",
		"count 3",
		"count 3 x",
		"count -1 2",
		"log",
		"status",
		"status job=x text",
		"status job=7",
		"log loud text",
		"snooze",
		"snooze -5",
		"snooze 1e99",
		"Progress 4",
		"progress4",
		"retry soon",
		"step",
		"wait",
		"wait long",
		"wait signal",
		"wait signal paid soon",
		"wait approval -1",
		"wait children 5",
		"wait childern",
		"result",
		"result {bad",
		"result [1, 2",
		"result \"open",
		"step a {bad",
		"step {\"a\": 1}",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char line[64];
		struct control c;

		strcpy(line, lines[i]);
		control_parse(line, &c);
		ck_assert_msg(c.word == CONTROL_NONE, "understood '%s'", lines[i]);
	}
}
END_TEST

START_TEST(text_needs_no_quotes)
{
	ck_assert_str_eq(PARSE("result all done").text, "all done");
	ck_assert_int_eq(PARSE("step a b").word, CONTROL_STEP);
	ck_assert_int_eq(PARSE("result {\"bytes\": \"\377\"}").word, CONTROL_RESULT);
}
END_TEST

START_TEST(what_was_meant_is_known_and_quoted)
{
	struct control c = PARSE("  wait childern");

	ck_assert_int_eq(c.meant, CONTROL_WAIT);
	ck_assert_str_eq(c.start, "wait childern");
	ck_assert_int_eq(PARSE("step").meant, CONTROL_STEP);
	ck_assert_int_eq(PARSE("stpe a").meant, CONTROL_NONE);
	ck_assert_str_eq(PARSE(" \t").start, "");
	ck_assert_str_eq(
		PARSE("x123456789012345678901234567890123456789012345678901234567890").start,
		"x12345678901234567890123456789012345678901234567890123456789...");
	ck_assert_str_eq(
		PARSE("x1234567890123456789012345678901234567890123456789012345678\u00e9e").start,
		"x1234567890123456789012345678901234567890123456789012345678...");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control");
	TCase *c = tcase_create("control");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, every_word_is_understood);
	tcase_add_test(c, steps_and_waits_are_understood);
	tcase_add_test(c, what_is_wrong_is_nothing);
	tcase_add_test(c, text_needs_no_quotes);
	tcase_add_test(c, what_was_meant_is_known_and_quoted);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
