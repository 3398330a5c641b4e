/* Frames between dispatcher and slot. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "workers/wire.h"

static void write_frame(struct tow_buf *b)
{
	size_t at = wire_begin(b, WIRE_OUTCOME);

	wire_put(b, -42);
	wire_put_text(b, "a\0b", 3);
	wire_put_text(b, NULL, 0);
	wire_put_text(b, "", 0);
	wire_end(b, at);
}

START_TEST(fields_come_back)
{
	TOW_AUTO_BUF b = { 0 };
	struct wire_frame f;
	size_t from = 0, len = 9;

	write_frame(&b);
	wire_signal(&b, WIRE_WAKE);
	ck_assert_int_eq(wire_next(&b, &from, &f), WIRE_WHOLE);
	ck_assert_int_eq(f.type, WIRE_OUTCOME);
	ck_assert_int_eq(wire_get(&f), -42);
	ck_assert_int_eq(memcmp(wire_get_text(&f, &len), "a\0b", 4), 0);
	ck_assert_uint_eq(len, 3);
	ck_assert_ptr_null(wire_get_text(&f, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert_str_eq(wire_get_text(&f, &len), "");
	ck_assert(!f.bad);
	ck_assert_int_eq(wire_next(&b, &from, &f), WIRE_WHOLE);
	ck_assert_int_eq(f.type, WIRE_WAKE);
	ck_assert_int_eq(wire_next(&b, &from, &f), WIRE_PARTIAL);
	ck_assert_uint_eq(from, b.len);
}
END_TEST

START_TEST(a_part_of_a_frame_waits)
{
	TOW_AUTO_BUF whole = { 0 };
	struct wire_frame f;

	write_frame(&whole);
	for (size_t n = 0; n < whole.len; n++) {
		TOW_AUTO_BUF part = { 0 };
		size_t from = 0;

		tow_buf_add(&part, whole.data, n);
		ck_assert_int_eq(wire_next(&part, &from, &f), WIRE_PARTIAL);
		ck_assert_uint_eq(from, 0);
	}
}
END_TEST

START_TEST(reading_past_the_end_is_bad)
{
	TOW_AUTO_BUF b = { 0 };
	struct wire_frame f;
	size_t from = 0;

	wire_signal(&b, WIRE_WAKE);
	ck_assert_int_eq(wire_next(&b, &from, &f), WIRE_WHOLE);
	ck_assert_int_eq(wire_get(&f), 0);
	ck_assert(f.bad);
	ck_assert_ptr_null(wire_get_text(&f, NULL));
}
END_TEST

START_TEST(a_length_beyond_reason_is_broken)
{
	TOW_AUTO_BUF b = { 0 };
	struct wire_frame f;
	size_t from = 0;

	tow_buf_add(&b, "\xff\xff\xff\xff\x01", 5);
	ck_assert_int_eq(wire_next(&b, &from, &f), WIRE_BROKEN);
}
END_TEST

START_TEST(a_text_without_its_end_is_bad)
{
	TOW_AUTO_BUF b = { 0 };
	struct wire_frame f;
	size_t at = wire_begin(&b, WIRE_LOG), from = 0;

	wire_put_text(&b, "abc", 3);
	b.data[b.len - 1] = 'x';
	wire_end(&b, at);
	ck_assert_int_eq(wire_next(&b, &from, &f), WIRE_WHOLE);
	ck_assert_ptr_null(wire_get_text(&f, NULL));
	ck_assert(f.bad);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire");
	TCase *c = tcase_create("wire");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, fields_come_back);
	tcase_add_test(c, a_part_of_a_frame_waits);
	tcase_add_test(c, reading_past_the_end_is_bad);
	tcase_add_test(c, a_length_beyond_reason_is_broken);
	tcase_add_test(c, a_text_without_its_end_is_bad);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
