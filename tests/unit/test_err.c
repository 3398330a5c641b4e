#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "tow/err.h"

START_TEST(fail_fills_in_everything)
{
	struct tow_err e = { .code = TOW_BUG, .class = "old", .text = "old", .hint = "old" };
	ck_assert(!tow_fail(&e, TOW_RETRY, "cannot reach '%s'", "db"));
	ck_assert_int_eq(e.code, TOW_RETRY);
	ck_assert_str_eq(e.text, "cannot reach 'db'");
	ck_assert_str_eq(e.class, "");
	ck_assert_str_eq(e.hint, "");
}
END_TEST

START_TEST(class_is_kept_and_cut)
{
	struct tow_err e;
	ck_assert(!tow_fail_class(&e, TOW_FINAL, "TW404", "no job %d", 7));
	ck_assert_str_eq(e.class, "TW404");
	ck_assert_str_eq(e.text, "no job 7");
	char longer[100];
	memset(longer, 'c', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	ck_assert(!tow_fail_class(&e, TOW_FINAL, longer, "x"));
	ck_assert_uint_eq(strlen(e.class), sizeof e.class - 1);
	ck_assert(!tow_fail_class(&e, TOW_FINAL, NULL, "x"));
	ck_assert_str_eq(e.class, "");
}
END_TEST

START_TEST(wrap_puts_context_in_front)
{
	struct tow_err e;
	tow_fail_class(&e, TOW_RETRY, "http.503", "the server answered 503");
	tow_hint(&e, "wait");
	ck_assert(!tow_wrap(&e, "import '%s'", "a.mkv"));
	ck_assert_str_eq(e.text, "import 'a.mkv': the server answered 503");
	ck_assert_str_eq(e.class, "http.503");
	ck_assert_str_eq(e.hint, "wait");
	ck_assert_int_eq(e.code, TOW_RETRY);
}
END_TEST

START_TEST(arguments_may_be_the_error_itself)
{
	struct tow_err e;
	tow_fail(&e, TOW_RETRY, "inner");
	tow_fail(&e, TOW_FINAL, "outer of %s", e.text);
	ck_assert_str_eq(e.text, "outer of inner");
	tow_wrap(&e, "again %s", e.text);
	ck_assert_str_eq(e.text, "again outer of inner: outer of inner");
	tow_hint(&e, "see %s", e.text);
	tow_hint(&e, "and %s", e.hint);
	ck_assert_str_eq(e.hint, "and see again outer of inner: outer of inner");
}
END_TEST

START_TEST(cut_text_ends_at_a_character)
{
	struct tow_err e;
	char text[2 * sizeof e.text];
	static const char *const characters[] = { "é", "€", "😀" };
	for (size_t c = 0; c < 3; c++) {
		size_t width = strlen(characters[c]);
		for (size_t shift = 0; shift < width; shift++) {
			memset(text, 'a', shift);
			size_t n = shift;
			for (; n + width < sizeof text; n += width)
				memcpy(text + n, characters[c], width);
			text[n] = '\0';
			tow_fail(&e, TOW_FINAL, "%s", text);
			size_t len = strlen(e.text);
			ck_assert_uint_eq((len - shift) % width, 0);
			ck_assert_uint_gt(len, sizeof e.text - 1 - width);
			tow_fail(&e, TOW_FINAL, "%.1000s", "");
			tow_wrap(&e, "%s", text);
			ck_assert_uint_lt(strlen(e.text), sizeof e.text);
		}
	}
}
END_TEST

START_TEST(wrap_of_a_full_text_is_cut)
{
	struct tow_err e;
	char text[sizeof e.text];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	tow_fail(&e, TOW_FINAL, "%s", text);
	tow_wrap(&e, "front");
	ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
	ck_assert_int_eq(strncmp(e.text, "front: xxx", 10), 0);
}
END_TEST

START_TEST(nobody_has_to_listen)
{
	ck_assert(!tow_fail(NULL, TOW_BUG, "x %d", 1));
	ck_assert(!tow_fail_class(NULL, TOW_BUG, "c", "x"));
	ck_assert(!tow_wrap(NULL, "x"));
	ck_assert(!tow_hint(NULL, "x"));
}
END_TEST

START_TEST(codes_have_names)
{
	ck_assert_str_eq(tow_code_name(TOW_OK), "ok");
	ck_assert_str_eq(tow_code_name(TOW_RETRY), "retry");
	ck_assert_str_eq(tow_code_name(TOW_FINAL), "final");
	ck_assert_str_eq(tow_code_name(TOW_CANCELLED), "cancelled");
	ck_assert_str_eq(tow_code_name(TOW_SHUTDOWN), "shutdown");
	ck_assert_str_eq(tow_code_name(TOW_BUG), "bug");
	ck_assert_str_eq(tow_code_name((enum tow_code)99), "unknown");
}
END_TEST

START_TEST(errors_have_exit_statuses)
{
	static const struct {
		enum tow_code code;
		const char *class;
		int status;
	} cases[] = {
		{ TOW_OK, "", EX_OK },
		{ TOW_RETRY, "", EX_TEMPFAIL },
		{ TOW_RETRY, "40001", EX_TEMPFAIL },
		{ TOW_RETRY, "08006", EX_UNAVAILABLE },
		{ TOW_RETRY, "57P03", EX_UNAVAILABLE },
		{ TOW_FINAL, "usage", EX_USAGE },
		{ TOW_FINAL, "TW404", EX_NOINPUT },
		{ TOW_FINAL, "3F000", EX_UNAVAILABLE },
		{ TOW_CANCELLED, "57014", EX_TEMPFAIL },
		{ TOW_SHUTDOWN, "", EX_TEMPFAIL },
		{ TOW_FINAL, "", EX_DATAERR },
		{ TOW_FINAL, "TW422", EX_DATAERR },
		{ TOW_FINAL, "28P01", EX_NOPERM },
		{ TOW_FINAL, "42501", EX_NOPERM },
		{ TOW_FINAL, "42883", EX_DATAERR },
		{ TOW_FINAL, "08001", EX_UNAVAILABLE },
		{ TOW_FINAL, "fs.ENOENT", EX_NOINPUT },
		{ TOW_FINAL, "fs.EROFS", EX_IOERR },
		{ TOW_FINAL, "http.404", EX_UNAVAILABLE },
		{ TOW_FINAL, "proc.ENOENT", EX_OSERR },
		{ TOW_BUG, "", EX_SOFTWARE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tow_err e;
		tow_fail_class(&e, cases[i].code, cases[i].class, "x");
		ck_assert_msg(tow_err_exit(&e) == cases[i].status, "%s", cases[i].class);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("err");
	tcase_add_test(t, fail_fills_in_everything);
	tcase_add_test(t, class_is_kept_and_cut);
	tcase_add_test(t, wrap_puts_context_in_front);
	tcase_add_test(t, arguments_may_be_the_error_itself);
	tcase_add_test(t, cut_text_ends_at_a_character);
	tcase_add_test(t, wrap_of_a_full_text_is_cut);
	tcase_add_test(t, nobody_has_to_listen);
	tcase_add_test(t, codes_have_names);
	tcase_add_test(t, errors_have_exit_statuses);
	Suite *s = suite_create("err");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
