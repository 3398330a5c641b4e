#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tow/fs.h"

static char folder[64];
static struct tow_arena arena;

static void enter(void)
{
	snprintf(folder, sizeof folder, "/tmp/tow-fs-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void leave(void)
{
	TOW_AUTO_ARENA a = { 0 };
	static const char *const made[] = { "file", "a/b/c", "a/b", "a", "link" };
	for (size_t i = 0; i < sizeof made / sizeof *made; i++)
		remove(tow_fmt(&a, "%s/%s", folder, made[i]));
	ck_assert_int_eq(rmdir(folder), 0); /* nothing else was left behind */
	tow_arena_release(&arena);
}

static const char *path(const char *name)
{
	return tow_fmt(&arena, "%s/%s", folder, name);
}

static void write_ok(const char *name, const char *text, size_t len, mode_t mode)
{
	struct tow_err e = { 0 };
	ck_assert_msg(tow_fs_write(path(name), text, len, mode, &e), "%s", e.text);
}

START_TEST(what_is_written_is_read)
{
	char *data = NULL;
	size_t len = 0;
	write_ok("file", "a\0b", 3, 0600);
	ck_assert(tow_fs_read(&arena, path("file"), &data, &len, NULL));
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(data, "a\0b", 4); /* and a NUL */
	ck_assert(tow_fs_read(&arena, path("file"), &data, NULL, NULL));
}
END_TEST

START_TEST(large_and_empty_files)
{
	size_t size = 1000001, len = 0;
	char *data = NULL, *big = tow_alloc(&arena, size);
	memset(big, 'x', size);
	write_ok("file", big, size, 0600);
	ck_assert(tow_fs_read(&arena, path("file"), &data, &len, NULL));
	ck_assert_uint_eq(len, size);
	ck_assert_mem_eq(data, big, size);
	write_ok("file", NULL, 0, 0600);
	ck_assert(tow_fs_read(&arena, path("file"), &data, &len, NULL));
	ck_assert_uint_eq(len, 0);
	ck_assert_str_eq(data, "");
}
END_TEST

START_TEST(files_that_do_not_know_their_size_are_read)
{
	char *data = NULL;
	size_t len = 0;
	ck_assert(tow_fs_read(&arena, "/proc/self/status", &data, &len, NULL));
	ck_assert_uint_gt(len, 100);
	ck_assert_uint_eq(len, strlen(data));
}
END_TEST

START_TEST(the_mode_is_what_was_asked_whatever_the_umask)
{
	struct stat st;
	mode_t before = umask(0077);
	write_ok("file", "x", 1, 0644);
	umask(before);
	ck_assert_int_eq(stat(path("file"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	write_ok("file", "y", 1, 0600);
	ck_assert_int_eq(stat(path("file"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(a_new_content_is_a_new_file)
{
	char old[4] = "";
	write_ok("file", "old", 3, 0600);
	FILE *reader = fopen(path("file"), "r");
	ck_assert_ptr_nonnull(reader);
	write_ok("file", "new", 3, 0600);
	ck_assert_uint_eq(fread(old, 1, 3, reader), 3); /* who has it open still sees the old one */
	fclose(reader);
	ck_assert_str_eq(old, "old");
}
END_TEST

START_TEST(failures_say_what_and_why)
{
	char *data = NULL;
	struct tow_err e;
	ck_assert(!tow_fs_read(&arena, path("none"), &data, NULL, &e));
	ck_assert_int_eq(e.code, TOW_FINAL);
	ck_assert_str_eq(e.class, "fs.ENOENT");
	ck_assert_ptr_nonnull(strstr(e.text, path("none")));
	ck_assert(!tow_fs_read(&arena, folder, &data, NULL, &e));
	ck_assert_str_eq(e.class, "fs.EISDIR");
	ck_assert(!tow_fs_write(path("none/file"), "x", 1, 0600, &e));
	ck_assert_str_eq(e.class, "fs.ENOENT");
	ck_assert(!tow_fs_write("/dev/full/x", "x", 1, 0600, &e));
	ck_assert_str_eq(e.class, "fs.ENOTDIR");
}
END_TEST

START_TEST(a_failed_write_leaves_nothing)
{
	struct tow_err e;
	struct tow_err made;
	ck_assert(tow_fs_mkdirs(path("a"), 0700, &made));
	ck_assert(!tow_fs_write(path("a"), "x", 1, 0600, &e)); /* a folder is in the way */
	ck_assert_str_eq(e.class, "fs.EISDIR");
	DIR *d = opendir(folder);
	int entries = 0;
	while (readdir(d))
		entries++;
	closedir(d);
	ck_assert_int_eq(entries, 3); /* . .. a */
}
END_TEST

START_TEST(folders_are_made)
{
	struct tow_err e;
	ck_assert(tow_fs_mkdirs(path("a//b/c/"), 0700, &e));
	ck_assert(tow_fs_exists(path("a/b/c")));
	ck_assert(tow_fs_mkdirs(path("a/b/c"), 0700, &e)); /* again is fine */
	ck_assert(tow_fs_mkdirs("/", 0700, &e));
	write_ok("file", "x", 1, 0600);
	ck_assert(!tow_fs_mkdirs(path("file/x"), 0700, &e));
	ck_assert_str_eq(e.class, "fs.ENOTDIR");
	ck_assert(!tow_fs_mkdirs(path("file"), 0700, &e));
	ck_assert_str_eq(e.class, "fs.ENOTDIR");
	ck_assert(!tow_fs_exists(path("none")));
}
END_TEST

START_TEST(folders_are_made_from_here)
{
	struct tow_err e;
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert(tow_fs_mkdirs("a/b", 0700, &e));
	ck_assert(tow_fs_exists(path("a/b")));
	ck_assert(tow_fs_write("file", "x", 1, 0600, &e));
	ck_assert(tow_fs_exists(path("file")));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("fs");
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, what_is_written_is_read);
	tcase_add_test(t, large_and_empty_files);
	tcase_add_test(t, files_that_do_not_know_their_size_are_read);
	tcase_add_test(t, the_mode_is_what_was_asked_whatever_the_umask);
	tcase_add_test(t, a_new_content_is_a_new_file);
	tcase_add_test(t, failures_say_what_and_why);
	tcase_add_test(t, a_failed_write_leaves_nothing);
	tcase_add_test(t, folders_are_made);
	tcase_add_test(t, folders_are_made_from_here);
	Suite *s = suite_create("fs");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
