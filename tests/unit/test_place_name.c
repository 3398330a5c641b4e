#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tow/json.h"
#include "tow/place.h"

static struct tow_arena arena;

static void leave(void)
{
	tow_arena_release(&arena);
}

static void becomes(const char *name, const char *wanted)
{
	ck_assert_str_eq(tow_place_name(&arena, name, 0, false), wanted);
}

START_TEST(good_names_stay)
{
	static const char *const good[] = {
		"Film (2024) [1080p].mkv",
		"Amélie – été.mkv",
		"日本語.srt",
		".hidden",
		"a.b.c",
		"100% & more #1 'x' {y}",
		"conference.mkv",
		"com.txt",
		"com10.txt",
		"nulls",
		"_",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		becomes(good[i], good[i]);
}
END_TEST

START_TEST(characters_that_no_name_may_have_are_replaced)
{
	becomes("AC/DC: Live?.mp3", "AC_DC_ Live_.mp3");
	becomes("a\\b/c:d*e?f\"g<h>i|j", "a_b_c_d_e_f_g_h_i_j");
	becomes("../../etc/passwd", ".._.._etc_passwd");
	becomes("new\nline\ttab\x7f\x01", "new_line_tab__");
	becomes("c1 \xc2\x85 control", "c1 _ control");
	becomes("no-break\xc2\xa0space", "no-break\xc2\xa0space");
}
END_TEST

START_TEST(ends_are_trimmed)
{
	becomes("", "_");
	becomes(".", "_");
	becomes("..", "_");
	becomes(" . . ", "_");
	becomes("name. . ", "name");
	becomes("Mr.", "Mr");
	becomes(" begins", " begins");
}
END_TEST

START_TEST(names_of_devices_are_not_given)
{
	becomes("con", "_con");
	becomes("CON.mkv", "_CON.mkv");
	becomes("Nul .tar.gz", "_Nul .tar.gz");
	becomes("aux", "_aux");
	becomes("prn.", "_prn");
	becomes("com1.txt", "_com1.txt");
	becomes("LPT9", "_LPT9");
	becomes("com\xc2\xb9.txt", "_com\xc2\xb9.txt");
	becomes("conout$", "_conout$");
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
	becomes("a\xff\xfe.mkv", "a%FF%FE.mkv");
	becomes("half \xc3", "half %C3");
	becomes("long form \xc0\xaf", "long form %C0%AF");
	becomes("surrogate \xed\xa0\x80", "surrogate %ED%A0%80");
	ck_assert_str_eq(tow_place_name(&arena, "a\xff/\xfe.mkv", 0, true), "a\xff_\xfe.mkv");
	ck_assert_str_eq(tow_place_name(&arena, "\xc3", 0, true), "\xc3");
}
END_TEST

static char *repeated(const char *what, size_t times, const char *end)
{
	TOW_AUTO_BUF b = { 0 };

	for (size_t i = 0; i < times; i++)
		tow_buf_adds(&b, what);
	tow_buf_adds(&b, end);
	return tow_strdup(&arena, b.data);
}

START_TEST(long_names_are_cut_at_a_character)
{
	char *got = tow_place_name(&arena, repeated("x", 300, ".mkv"), 0, false);

	ck_assert_uint_eq(strlen(got), 255);
	ck_assert_str_eq(got + 251, ".mkv");
	becomes(repeated("x", 251, ".mkv"), repeated("x", 251, ".mkv")); /* that just fits */
	got = tow_place_name(&arena, repeated("é", 200, ".mkv"), 0, false);
	ck_assert_str_eq(got, repeated("é", 125, ".mkv")); /* 254 bytes: not half a letter */
	got = tow_place_name(&arena, repeated("日", 100, ""), 0, false);
	ck_assert_str_eq(got, repeated("日", 85, ""));
	got = tow_place_name(&arena, repeated("日", 100, ".mkv"), 16, false);
	ck_assert_uint_eq(strlen(got), 78 * 3 + 4); /* 238 of 239 bytes */
	got = tow_place_name(&arena, repeated("\xff", 300, ".mkv"), 0, true);
	ck_assert_uint_eq(strlen(got), 255);
	got = tow_place_name(&arena, repeated("x", 300, ".mkv"), 1000, false);
	ck_assert_uint_eq(strlen(got), 16); /* something is always left */
}
END_TEST

START_TEST(what_looks_like_an_extension_is_none)
{
	char *got = tow_place_name(&arena, repeated("x", 300, ". No end to it, really"), 0, false);

	ck_assert_str_eq(got, repeated("x", 255, ""));
	got = tow_place_name(&arena, repeated("x", 254, " y"), 0, false);
	ck_assert_str_eq(got, repeated("x", 254, "")); /* cut at a blank: no blank at the end */
	got = tow_place_name(&arena, repeated("x", 10, repeated("y", 300, ".")), 0, false);
	ck_assert_uint_eq(strlen(got), 255);
}
END_TEST

static void survives(const char *bytes)
{
	const char *text = tow_place_text(&arena, bytes);
	TOW_AUTO_BUF b = { 0 };

	tow_json_quote(&b, text, strlen(text)); /* which takes all that PostgreSQL does */
	ck_assert_ptr_null(strstr(b.data, "\uFFFD"));
	ck_assert_str_eq(tow_place_bytes(&arena, text), bytes);
}

START_TEST(bytes_become_text_and_bytes_again)
{
	char all[256];

	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	survives(all);
	survives("caf\xe9/\xff.mkv");
	survives("\uEF80 \uEFFF"); /* text that looks like what stands for bytes */
	survives("half of it: \xee\xbe");
	ck_assert_str_eq(tow_place_text(&arena, "Am\u00e9lie \uE000"), "Am\u00e9lie \uE000");
	ck_assert_str_eq(tow_place_text(&arena, "caf\xe9"), "caf\uEFE9");
	ck_assert_str_eq(tow_place_text(&arena, ""), "");
	ck_assert_ptr_null(tow_place_text(&arena, NULL));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("place name");
	tcase_add_checked_fixture(t, NULL, leave);
	tcase_add_test(t, good_names_stay);
	tcase_add_test(t, characters_that_no_name_may_have_are_replaced);
	tcase_add_test(t, ends_are_trimmed);
	tcase_add_test(t, names_of_devices_are_not_given);
	tcase_add_test(t, bytes_that_are_no_text);
	tcase_add_test(t, long_names_are_cut_at_a_character);
	tcase_add_test(t, what_looks_like_an_extension_is_none);
	tcase_add_test(t, bytes_become_text_and_bytes_again);
	Suite *s = suite_create("place name");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
