#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tow/json.h"

static struct tow_json *parse(const char *text)
{
	struct tow_json *doc = NULL;
	struct tow_err e;
	ck_assert_msg(tow_json_parse(&doc, text, strlen(text), &e), "%s", text);
	return doc;
}

START_TEST(members_are_read)
{
	TOW_AUTO_JSON *d = parse("{\"s\":\"text\",\"i\":-7,\"big\":9007199254740993,\"r\":2.5,"
				 "\"t\":true,\"f\":false,\"n\":null,\"whole\":3.0}");
	ck_assert_str_eq(tow_json_str(d, "s", "?"), "text");
	ck_assert_int_eq(tow_json_int(d, "i", 0), -7);
	ck_assert(tow_json_int(d, "big", 0) == 9007199254740993LL);
	ck_assert_int_eq(tow_json_int(d, "whole", 0), 3);
	ck_assert_double_eq(tow_json_num(d, "r", 0), 2.5);
	ck_assert_double_eq(tow_json_num(d, "i", 0), -7);
	ck_assert(tow_json_bool(d, "t", false));
	ck_assert(!tow_json_bool(d, "f", true));
	ck_assert_ptr_nonnull(tow_json_get(d, "n"));
	ck_assert(tow_json_is_object(d));
}
END_TEST

START_TEST(what_is_not_there_gives_the_fallback)
{
	TOW_AUTO_JSON *d = parse("{\"s\":\"7\",\"i\":7,\"r\":2.5,\"huge\":1e300}");
	ck_assert_str_eq(tow_json_str(d, "i", "?"), "?");
	ck_assert_str_eq(tow_json_str(d, "none", "?"), "?");
	ck_assert_int_eq(tow_json_int(d, "s", 5), 5);
	ck_assert_int_eq(tow_json_int(d, "r", 5), 5);
	ck_assert_int_eq(tow_json_int(d, "huge", 5), 5);
	ck_assert_double_eq(tow_json_num(d, "s", 1.5), 1.5);
	ck_assert(tow_json_bool(d, "i", true));
	ck_assert_ptr_null(tow_json_get(d, "none"));
	ck_assert_ptr_null(tow_json_get(NULL, "s"));
	ck_assert_int_eq(tow_json_int(NULL, "s", 9), 9);
	ck_assert_ptr_null(tow_json_text(NULL));
	ck_assert_ptr_null(tow_json_at(NULL, 0));
	ck_assert_uint_eq(tow_json_len(d), 0);
	ck_assert(!tow_json_is_object(NULL));
}
END_TEST

START_TEST(arrays_and_objects_are_walked)
{
	TOW_AUTO_JSON *d = parse("{\"b\":[1,\"two\"],\"a\":{}}");
	const struct tow_json *list = tow_json_get(d, "b");
	ck_assert_uint_eq(tow_json_len(list), 2);
	ck_assert_str_eq(tow_json_text(tow_json_at(list, 1)), "two");
	ck_assert_ptr_null(tow_json_text(tow_json_at(list, 0)));
	ck_assert_ptr_null(tow_json_at(list, 2));
	void *iter = NULL;
	const char *name = NULL;
	ck_assert_ptr_eq(tow_json_next(d, &iter, &name), list);
	ck_assert_str_eq(name, "b");
	ck_assert_ptr_nonnull(tow_json_next(d, &iter, &name));
	ck_assert_str_eq(name, "a");
	ck_assert_ptr_null(tow_json_next(d, &iter, &name));
	iter = NULL;
	ck_assert_ptr_null(tow_json_next(list, &iter, &name));
}
END_TEST

START_TEST(any_value_is_a_document)
{
	TOW_AUTO_JSON *d = parse(" \"alone\" ");
	ck_assert_str_eq(tow_json_text(d), "alone");
	TOW_AUTO_JSON *twice = parse("{\"a\":1,\"a\":2}");
	ck_assert_int_eq(tow_json_int(twice, "a", 0), 2);
}
END_TEST

START_TEST(numbers_beyond_64_bits_are_read)
{
	TOW_AUTO_JSON *d = parse("{\"n\":123456789012345678901234567890,\"i\":7}");
	ck_assert_double_eq(tow_json_num(d, "n", 0), 123456789012345678901234567890.0);
	ck_assert_int_eq(tow_json_int(d, "i", 0), 7);
}
END_TEST

START_TEST(bad_text_is_refused)
{
	static const char *const bad[] = { "",	  "{",	 "[1,]",     "{\"a\":}", "nul",
					   "1 2", "'a'", "\"\xff\"", "[1",	 "\"\\ud800\"" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct tow_json *doc = (struct tow_json *)&bad;
		struct tow_err e;
		ck_assert_msg(!tow_json_parse(&doc, bad[i], strlen(bad[i]), &e), "%s", bad[i]);
		ck_assert_ptr_eq(doc, (struct tow_json *)&bad); /* untouched */
		ck_assert_int_eq(e.code, TOW_FINAL);
		ck_assert_str_eq(e.class, strchr(bad[i], '\xff') ? "bytes" : "json");
	}
	struct tow_json *doc = NULL;
	ck_assert(!tow_json_parse(&doc, "[", 1, NULL));
}
END_TEST

START_TEST(only_len_bytes_are_read)
{
	struct tow_json *doc = NULL;
	ck_assert(tow_json_parse(&doc, "[1]garbage", 3, NULL));
	tow_json_free(doc);
	tow_json_free(NULL);
}
END_TEST

START_TEST(values_are_written)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_JSON *d = parse("{ \"a\" : [ 1, true, null ], \"e\" : \"é\" }");
	ck_assert_str_eq(tow_json_dump(&a, d), "{\"a\":[1,true,null],\"e\":\"é\"}");
	ck_assert_str_eq(tow_json_dump(&a, tow_json_get(d, "e")), "\"é\"");
	ck_assert_str_eq(tow_json_dump(&a, NULL), "null");
}
END_TEST

static void quotes_to(const char *in, size_t len, const char *expected)
{
	TOW_AUTO_BUF b = { 0 };
	tow_json_quote(&b, in, len);
	ck_assert_str_eq(b.data, expected);
}

START_TEST(text_is_quoted)
{
	quotes_to("", 0, "\"\"");
	quotes_to("a\"b\\c\n\t\r\b\f", 10, "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\"");
	quotes_to("\x01\x1f\x7f", 3, "\"\\u0001\\u001f\\u007f\"");
	quotes_to("a\0b", 3, "\"a\u2400b\"");
	quotes_to("é€😀", 9, "\"é€😀\"");
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_replaced)
{
	quotes_to("\xff", 1, "\"\uFFFD\"");
	quotes_to("a\xc3", 2, "\"a\uFFFD\"");			/* cut off */
	quotes_to("\xc0\xaf", 2, "\"\uFFFD\uFFFD\"");		/* overlong */
	quotes_to("\xe0\x80\x80", 3, "\"\uFFFD\uFFFD\uFFFD\""); /* overlong */
	quotes_to("\xed\xa0\x80", 3, "\"\uFFFD\uFFFD\uFFFD\""); /* a surrogate */
	quotes_to("\xf4\x90\x80\x80", 4, "\"\uFFFD\uFFFD\uFFFD\uFFFD\"");
	quotes_to("\xe2\x82(", 3, "\"\uFFFD\uFFFD(\"");
	quotes_to("\xed\x9f\xbf", 3, "\"\xed\x9f\xbf\""); /* the last before the surrogates */
}
END_TEST

/* Whatever bytes come in, what goes out is JSON that reads back. */
START_TEST(every_pair_of_bytes_quotes_to_json)
{
	for (int i = 0; i < 65536; i++) {
		char bytes[2] = { (char)(i >> 8), (char)i };
		TOW_AUTO_BUF b = { 0 };
		TOW_AUTO_JSON *doc = NULL;
		tow_json_quote(&b, bytes, sizeof bytes);
		ck_assert(tow_json_parse(&doc, b.data, b.len, NULL));
		ck_assert_ptr_nonnull(tow_json_text(doc));
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("json");
	tcase_set_timeout(t, 120); /* valgrind */
	tcase_add_test(t, members_are_read);
	tcase_add_test(t, what_is_not_there_gives_the_fallback);
	tcase_add_test(t, arrays_and_objects_are_walked);
	tcase_add_test(t, any_value_is_a_document);
	tcase_add_test(t, numbers_beyond_64_bits_are_read);
	tcase_add_test(t, bad_text_is_refused);
	tcase_add_test(t, only_len_bytes_are_read);
	tcase_add_test(t, values_are_written);
	tcase_add_test(t, text_is_quoted);
	tcase_add_test(t, bytes_that_are_not_utf8_are_replaced);
	tcase_add_test(t, every_pair_of_bytes_quotes_to_json);
	Suite *s = suite_create("json");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
