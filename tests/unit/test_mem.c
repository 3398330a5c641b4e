#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tow/mem.h"

static bool all_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

START_TEST(allocations_are_zeroed_aligned_and_apart)
{
	TOW_AUTO_ARENA a = { 0 };
	char *before = NULL;
	size_t before_size = 0;
	for (size_t size = 0; size < 3000; size += 7) {
		char *p = tow_alloc(&a, size);
		ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
		ck_assert(all_zero(p, size));
		memset(p, 0xff, size);
		if (before)
			ck_assert(p >= before + before_size || p + size <= before);
		before = p;
		before_size = size;
	}
}
END_TEST

START_TEST(reset_memory_is_zeroed_again)
{
	TOW_AUTO_ARENA a = { 0 };
	char *first = tow_alloc(&a, 4000);
	memset(first, 'x', 4000);
	tow_arena_reset(&a);
	char *again = tow_alloc(&a, 4000);
	ck_assert_ptr_eq(first, again); /* the block was kept */
	ck_assert(all_zero(again, 4000));
}
END_TEST

START_TEST(huge_blocks_are_not_kept)
{
	TOW_AUTO_ARENA a = { 0 };
	tow_alloc(&a, 64 * 1024 * 1024);
	tow_arena_reset(&a);
	ck_assert_ptr_null(a.last);
	tow_alloc(&a, 10);
	tow_alloc(&a, 64 * 1024 * 1024);
	tow_arena_reset(&a);
	ck_assert_ptr_nonnull(a.last);
	tow_arena_release(&a);
	ck_assert_ptr_null(a.last);
	tow_arena_release(&a); /* and once more is harmless */
}
END_TEST

START_TEST(a_large_request_leaves_the_block_in_use)
{
	TOW_AUTO_ARENA a = { 0 };
	char *one = tow_alloc(&a, 16);
	char *large = tow_alloc(&a, 100 * 1024);
	memset(large, 1, 100 * 1024);
	char *two = tow_alloc(&a, 16);
	ck_assert_ptr_eq(one + 16, two);
}
END_TEST

START_TEST(strings_are_copied)
{
	TOW_AUTO_ARENA a = { 0 };
	char text[] = "canal";
	char *copy = tow_strdup(&a, text);
	text[0] = 'x';
	ck_assert_str_eq(copy, "canal");
	ck_assert_ptr_null(tow_strdup(&a, NULL));
	ck_assert_str_eq(tow_strndup(&a, "canal", 3), "can");
	ck_assert_str_eq(tow_strndup(&a, "canal", 30), "canal");
	ck_assert_str_eq(tow_strndup(&a, "", 0), "");
	ck_assert_str_eq(tow_fmt(&a, "%s-%d", "a", 5), "a-5");
	ck_assert_str_eq(tow_fmt(&a, "%s", ""), "");
	ck_assert_uint_eq(strlen(tow_fmt(&a, "%100000d", 1)), 100000);
}
END_TEST

START_TEST(a_buffer_grows_and_ends_in_nul)
{
	TOW_AUTO_BUF b = { 0 };
	tow_buf_add(&b, NULL, 0);
	ck_assert_str_eq(b.data, "");
	for (int i = 0; i < 10000; i++) {
		tow_buf_addc(&b, (char)('a' + i % 26));
		ck_assert_int_eq(b.data[b.len], 0);
	}
	ck_assert_uint_eq(b.len, 10000);
	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(b.data[i], 'a' + i % 26);
}
END_TEST

START_TEST(a_buffer_is_written_eaten_and_emptied)
{
	TOW_AUTO_BUF b = { 0 };
	tow_buf_adds(&b, "job ");
	tow_buf_addf(&b, "%d of %s", 7, "bulk");
	tow_buf_add(&b, "\0!", 2);
	ck_assert_uint_eq(b.len, 15);
	ck_assert_mem_eq(b.data, "job 7 of bulk\0!", 16);
	tow_buf_eat(&b, 4);
	ck_assert_mem_eq(b.data, "7 of bulk\0!", 12);
	ck_assert_uint_eq(b.len, 11);
	tow_buf_eat(&b, 100);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(b.data, "");
	tow_buf_addf(&b, "%s", "");
	tow_buf_adds(&b, "again");
	tow_buf_reset(&b);
	ck_assert_str_eq(b.data, "");
	tow_buf_release(&b);
	ck_assert_ptr_null(b.data);
	tow_buf_reset(&b);
}
END_TEST

START_TEST(the_heap_answers_or_aborts)
{
	TOW_AUTO_FREE char *zero = tow_xcalloc(0, 0);
	TOW_AUTO_FREE char *some = tow_xcalloc(10, 10);
	TOW_AUTO_FREE char *copy = tow_xstrdup("copy");
	ck_assert_ptr_nonnull(zero);
	ck_assert(all_zero(some, 100));
	ck_assert_str_eq(copy, "copy");
	some = tow_xrealloc(some, 200);
	ck_assert(all_zero(some, 100));
}
END_TEST

START_TEST(an_impossible_request_aborts)
{
	TOW_AUTO_ARENA a = { 0 };
	tow_alloc(&a, SIZE_MAX - 3);
}
END_TEST

START_TEST(a_descriptor_is_closed_once)
{
	int fd = open("/dev/null", O_RDONLY), number = fd;
	tow_closep(&fd);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(fcntl(number, F_GETFD), -1);
	tow_closep(&fd);
	void *p = malloc(1);
	tow_freep(&p);
	ck_assert_ptr_null(p);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("mem");
	tcase_add_test(t, allocations_are_zeroed_aligned_and_apart);
	tcase_add_test(t, reset_memory_is_zeroed_again);
	tcase_add_test(t, huge_blocks_are_not_kept);
	tcase_add_test(t, a_large_request_leaves_the_block_in_use);
	tcase_add_test(t, strings_are_copied);
	tcase_add_test(t, a_buffer_grows_and_ends_in_nul);
	tcase_add_test(t, a_buffer_is_written_eaten_and_emptied);
	tcase_add_test(t, the_heap_answers_or_aborts);
	tcase_add_test_raise_signal(t, an_impossible_request_aborts, SIGABRT);
	tcase_add_test(t, a_descriptor_is_closed_once);
	Suite *s = suite_create("mem");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
