#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "workers/haul/torrent.h"

static struct tow_arena arena;

static void leave(void)
{
	tow_arena_release(&arena);
}

static const char *of_data(const char *data)
{
	struct tow_transfer_new t = { .data = data, .data_len = strlen(data) };

	return torrent_hash(&arena, &t);
}

static const char *of_link(const char *link)
{
	struct tow_transfer_new t = { .link = link };

	return torrent_hash(&arena, &t);
}

/* Of "d4:name1:ae". */
#define OF_INFO "9e3f71178c577dcb032d2d7dfbb436d21769d456"

START_TEST(a_torrent_is_known_by_its_info)
{
	ck_assert_str_eq(of_data("d4:infod4:name1:aee"), OF_INFO);
	ck_assert_str_eq(of_data("d8:announce6:4:info13:creation datei-7e5:emptyd1:xl0:l1:aeee"
				 "4:infod4:name1:aee"),
			 OF_INFO);
}
END_TEST

START_TEST(what_is_no_torrent_has_no_hash)
{
	static const char *const bad[] = {
		"",
		"d",
		"de",
		"4:info",
		"l4:infod4:name1:aee",
		"d4:name1:ae",
		"d4:infod4:name1:a",
		"d4:infod4:name9:aee",
		"d4:infod4:name99999999999999999999999999:aee",
		"d1:ai1",
		"d1:a-1:x",
		"<html>4:info</html>",
	};
	char deep[4000] = "d4:info";

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(of_data(bad[i]) == NULL, "%s", bad[i]);
	memset(deep + strlen(deep), 'l', sizeof(deep) - 1 - strlen(deep));
	ck_assert_ptr_null(of_data(deep));
}
END_TEST

START_TEST(a_magnet_says_it)
{
	static const char hash[] = "4124bc0a9335c27f086f24ba207a4912a8b3c9d0";

	ck_assert_str_eq(of_link("magnet:?dn=x&xt=urn:btih:"
				 "4124BC0A9335C27F086F24BA207A4912A8B3C9D0&tr=x"),
			 hash);
	ck_assert_str_eq(of_link("MAGNET:?xt=urn:btih:IESLYCUTGXBH6CDPES5CA6SJCKULHSOQ"), hash);
	ck_assert_str_eq(of_link("magnet:?xt=urn:btih:ieslycutgxbh6cdpes5ca6sjckulhsoq&dn=x"),
			 hash);
	/* of its 40 digits 32 could be base32, up to the first 0 */
	ck_assert_str_eq(of_link("magnet:?xt=urn:btih:abcdef234567abcdef234567abcdef230badc0de"),
			 "abcdef234567abcdef234567abcdef230badc0de");
	ck_assert_ptr_null(of_link("magnet:?xt=urn:btih:4124"));
	ck_assert_ptr_null(of_link("magnet:?xt=urn:btmh:1220"
				   "4124bc0a9335c27f086f24ba207a4912a8b3c9d0"));
	ck_assert_ptr_null(of_link("https://host/x.torrent?xt=urn:btih:"
				   "4124bc0a9335c27f086f24ba207a4912a8b3c9d0"));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("torrent");
	tcase_add_checked_fixture(t, NULL, leave);
	tcase_add_test(t, a_torrent_is_known_by_its_info);
	tcase_add_test(t, what_is_no_torrent_has_no_hash);
	tcase_add_test(t, a_magnet_says_it);
	Suite *s = suite_create("torrent");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
