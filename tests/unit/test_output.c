/* What is printed and shown waits until the database has it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "workers/output.h"

static struct reports reports;
static struct output output;
static struct run a = { .job = 1, .id = 11 }, b = { .job = 2, .id = 22 };
static struct tow_buf progress, lines;

static void setup(void)
{
	reports = (struct reports){ 0 };
	output = (struct output){ 0 };
}

static void teardown(void)
{
	reports_release(&reports);
	output_release(&output);
	tow_buf_release(&progress);
	tow_buf_release(&lines);
}

static void print(const struct run *r, const char *text)
{
	output_of(&output, r, &reports, 1);
	output_add(&output, 0, text, strlen(text), &reports, 1);
}

static void show(const struct run *r, double percent)
{
	struct board_progress p = { .percent = percent };

	reports_progress(&reports, r, &p, 1);
}

static void write_most(size_t most, bool with_progress)
{
	tow_buf_reset(&progress);
	tow_buf_reset(&lines);
	reports_write(&reports, &progress, &lines, most, with_progress, 2);
}

static bool said(const struct tow_buf *in, const char *what)
{
	return strstr(in->data, what) != NULL;
}

START_TEST(what_was_not_answered_is_written_again)
{
	print(&a, "one\ntwo\n");
	show(&a, 40);
	write_most(1000, true);
	print(&a, "three\n");
	write_most(1000, true);
	ck_assert(said(&lines, "one") && said(&lines, "two") && said(&lines, "three"));
	ck_assert(said(&progress, "40"));
	reports_sent(&reports);
	ck_assert(!reports_any(&reports));
	ck_assert_int_eq(reports.since_us, 0);
}
END_TEST

START_TEST(what_came_while_it_was_under_way_stays)
{
	print(&a, "one\n");
	show(&a, 40);
	show(&b, 10);
	write_most(1000, true);
	print(&a, "two\n");
	show(&a, 50);
	reports_sent(&reports);
	write_most(1000, true);
	ck_assert(!said(&lines, "one") && said(&lines, "two"));
	ck_assert(said(&progress, "50") && !said(&progress, "\"run\":22"));
	reports_sent(&reports);
	ck_assert(!reports_any(&reports));
}
END_TEST

static void complain(const struct run *r, const char *text)
{
	output_of(&output, r, &reports, 1);
	output_add(&output, 1, text, strlen(text), &reports, 1);
}

START_TEST(last_words_stay_while_the_next_job_prints)
{
	complain(&a, "first\nno such host\n\n");
	print(&a, "later\n");
	ck_assert_str_eq(output_last(&output, &a), "no such host");
	complain(&b, "10%\r 20%  \r\n");
	ck_assert_str_eq(output_last(&output, &a), "no such host");
	ck_assert_str_eq(output_last(&output, &b), "20%");
}
END_TEST

START_TEST(last_words_are_cut_between_characters)
{
	char text[400] = "";
	for (int i = 0; i < 150; i++)
		strcat(text, "\xc3\xa4");
	complain(&a, text);
	output_flush(&output, &reports, 1);
	ck_assert_uint_eq(strlen(output_last(&output, &a)), 196 + 3);
	ck_assert_str_eq(output_last(&output, &a) + 194, "\xc3\xa4\xe2\x80\xa6");
	ck_assert_str_eq(output_last(&output, &b), "");
}
END_TEST

START_TEST(a_bad_line_is_replaced_by_a_notice)
{
	print(&a, "good\nbad\n");
	print(&b, "other\n");
	write_most(1, false);
	ck_assert(said(&lines, "good") && !said(&lines, "bad"));
	reports_sent(&reports);
	write_most(1, false);
	ck_assert(said(&lines, "bad"));
	reports_leave_out(&reports, "22021", 3);
	write_most(1000, true);
	ck_assert(!said(&lines, "bad") && said(&lines, "other") && said(&lines, "22021"));
	ck_assert(said(&lines, "\"run\":11"));
}
END_TEST

START_TEST(bad_progress_alone_is_forgotten)
{
	print(&a, "line\n");
	show(&a, 40);
	write_most(1, false);
	ck_assert_str_eq(progress.data, "[]");
	reports_sent(&reports);
	write_most(1, false);
	ck_assert(said(&progress, "40"));
	reports_leave_out(&reports, "22003", 3);
	ck_assert(!reports_any(&reports));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("output");
	TCase *c = tcase_create("output");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, what_was_not_answered_is_written_again);
	tcase_add_test(c, what_came_while_it_was_under_way_stays);
	tcase_add_test(c, last_words_stay_while_the_next_job_prints);
	tcase_add_test(c, last_words_are_cut_between_characters);
	tcase_add_test(c, a_bad_line_is_replaced_by_a_notice);
	tcase_add_test(c, bad_progress_alone_is_forgotten);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
