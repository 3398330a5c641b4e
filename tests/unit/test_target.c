#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tow/target.h"

static struct tow_arena arena;

static void leave(void)
{
	tow_arena_release(&arena);
}

START_TEST(a_folder_holds_what_is_in_it)
{
	static const struct {
		const char *root, *path;
		bool holds;
	} cases[] = {
		{ "/a", "/a/b", true },
		{ "/a/", "/a/b", true },
		{ "/a//", "/a/", true },
		{ "/a", "/a", true },
		{ "/a", "/ab", false },
		{ "/a", "/b/a", false },
		{ "/a/b", "/a", false },
		{ "/", "/a", true },
		{ "/", "a", false },
		{ "/a", "/a/../b", false },
		{ "/a", "/a/b/..", false },
		{ "/a", "/a/..b/...", true },
		{ "/a", "/a\\b", false },
		{ "D:\\Media", "D:\\Media\\x", true },
		{ "D:\\Media\\", "D:\\Media\\x", true },
		{ "D:\\Media", "D:/Media/x", false },
		{ "D:\\Media", "D:\\Mediator", false },
		{ "D:\\Media", "D:\\Media\\..\\x", false },
		{ "\\\\nas\\films", "\\\\nas\\films\\x", true },
		{ "smb://nas/films/", "smb://nas/films/x", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(tow_target_holds(cases[i].root, cases[i].path) == cases[i].holds,
			      "'%s' and '%s'", cases[i].root, cases[i].path);
}
END_TEST

static const char *joined(const char *const *paths)
{
	const char *out = "";

	for (; *paths; paths++)
		out = tow_fmt(&arena, "%s%s|", out, *paths);
	return out;
}

START_TEST(folders_come_once)
{
	const char *const some[] = { "/a/x", "/a/y", "/b/c/", "/b/c/d/z", "/e/f/x", "/e/", NULL };
	const char *const windows[] = { "D:\\a\\x", "D:\\a\\y", NULL };

	ck_assert_str_eq(joined(tow_target_folders(&arena, some)), "/a/|/b/c/|/e/|");
	ck_assert_str_eq(joined(tow_target_folders(&arena, windows)), "D:\\a\\|");
	ck_assert_str_eq(joined(tow_target_folders(&arena, NULL)), "");
}
END_TEST

START_TEST(several_have_one_in_common)
{
	const char *const some[] = { "/a/one/", "/a/once/", NULL }, *const none[] = { NULL };
	const char *const one[] = { "/a/b/", NULL };

	ck_assert_str_eq(tow_target_common(&arena, some), "/a/");
	ck_assert_str_eq(tow_target_common(&arena, one), "/a/b/");
	ck_assert_str_eq(tow_target_common(&arena, none), "");
}
END_TEST

START_TEST(what_is_no_text_gives_its_folder)
{
	const char *const some[] = { "/a/\xff.mkv", "/a/b\xff/c/d", "/a/\"\n\xc3\xa9", "\xff",
				     NULL };

	ck_assert_str_eq(joined(tow_target_texts(&arena, some)), "/a/|/a/|/a/\"\n\xc3\xa9||");
}
END_TEST

START_TEST(secrets_are_hushed)
{
	struct tow_target_conf conf = { .secret = "abc" };
	const struct tow_target t = { .conf = &conf };
	struct tow_err e;

	tow_fail(&e, TOW_FINAL, "abc is xabcabcab");
	ck_assert(!tow_target_hush(&t, &e));
	ck_assert_str_eq(e.text, "*** is x******ab");
	conf.secret = "***";
	tow_target_hush(&t, &e);
	ck_assert_str_eq(e.text, "*** is x******ab");
	conf.secret = "a long one";
	tow_fail(&e, TOW_FINAL, "a long one");
	tow_target_hush(&t, &e);
	ck_assert_str_eq(e.text, "***");
	conf.secret = NULL;
	tow_target_hush(&t, &e);
	ck_assert_str_eq(e.text, "***");
}
END_TEST

START_TEST(lists_hold_whole_ids)
{
	ck_assert(tow_target_listed("1,23", "1"));
	ck_assert(tow_target_listed("1,23", "23"));
	ck_assert(!tow_target_listed("1,23", "2"));
	ck_assert(!tow_target_listed("1,23", "3"));
	ck_assert(!tow_target_listed("", ""));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("target");
	tcase_add_checked_fixture(t, NULL, leave);
	tcase_add_test(t, a_folder_holds_what_is_in_it);
	tcase_add_test(t, folders_come_once);
	tcase_add_test(t, several_have_one_in_common);
	tcase_add_test(t, what_is_no_text_gives_its_folder);
	tcase_add_test(t, secrets_are_hushed);
	tcase_add_test(t, lists_hold_whole_ids);
	Suite *s = suite_create("target");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
