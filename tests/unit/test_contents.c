#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tow/fs.h"
#include "workers/haul/contents.h"

static struct tow_arena arena;
static const char *room;

static const char *in_room(const char *path)
{
	return tow_fmt(&arena, "%s%s", room, path);
}

static void enter(void)
{
	static const char *const folders[] = { "/home/secrets", "/home/downloads", "/dl" };
	char *made = tow_fmt(&arena, "%s/tow-contents-XXXXXX",
			     getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");

	ck_assert_ptr_nonnull(mkdtemp(made));
	room = made;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		ck_assert(tow_fs_mkdirs(in_room(folders[i]), 0755, NULL));
	ck_assert_int_eq(symlink("../home/secrets", in_room("/dl/link")), 0);
	setenv("TOW_HOME", in_room("/home"), 1);
}

static void leave(void)
{
	static const char *const folders[] = { "/home/secrets", "/home/downloads", "/home", "/dl",
					       "" };

	unlink(in_room("/dl/link"));
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		rmdir(in_room(folders[i]));
	tow_arena_release(&arena);
}

START_TEST(what_is_ours_is_not_placed)
{
	static const struct {
		const char *root, *file;
		bool allowed;
	} cases[] = {
		{ "/dl", "a", true },
		{ "/dl/nowhere", "a", true }, /* placing says so */
		{ "/home/downloads", "a", true },
		{ "/home/downloads/../secrets", "a", false },
		{ "/dl/..", "a", false },
		{ "/home", "a", false },
		{ "/home/secrets", "a", false },
		{ "/home//./secrets/", "a", false },
		{ "/dl/link", "a", false },
		{ "", "dl/a", true },
		{ "", "home/downloads", true },
		{ "", "home/secrets", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tow_transfer_file file = { .path = cases[i].file };
		struct tow_transfer_files files = { .of = &file, .n = 1 };
		struct tow_err e = { 0 };

		ck_assert_msg(contents_allowed(in_room(cases[i].root), &files, &e) ==
				      cases[i].allowed,
			      "%s %s", cases[i].root, cases[i].file);
		ck_assert_str_eq(e.class, cases[i].allowed ? "" : "config.path");
		ck_assert_int_eq(e.code, cases[i].allowed ? TOW_OK : TOW_FINAL);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("contents");
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, what_is_ours_is_not_placed);
	Suite *s = suite_create("contents");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
