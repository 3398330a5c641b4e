#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "workers/haul/torrent.h"

static struct tow_arena arena;

static void leave(void)
{
	tow_arena_release(&arena);
}

static struct torrent_id id_of_data(const char *data)
{
	struct tow_transfer_new t = { .data = data, .data_len = strlen(data) };

	return torrent_id(&arena, &t);
}

static struct torrent_id id_of_link(const char *link)
{
	struct tow_transfer_new t = { .link = link };

	return torrent_id(&arena, &t);
}

static const char *of_data(const char *data)
{
	struct torrent_id id = id_of_data(data);

	return torrent_hash(&arena, &id);
}

static const char *of_link(const char *link)
{
	struct torrent_id id = id_of_link(link);

	return torrent_hash(&arena, &id);
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
	ck_assert_str_eq(of_link("magnet:?dn=urn:btih:IESLYCUTGXBH6CDPES5CA6SJCKULHSOA?xt=urn:btih:"
				 "abcdef234567abcdef234567abcdef230badc0de&xt.1=urn:btih:"
				 "4124BC0A9335C27F086F24BA207A4912A8B3C9D0&xt=urn:btih:"
				 "abcdef234567abcdef234567abcdef230badc0de"),
			 hash);
	ck_assert_ptr_null(of_link("magnet:?dn=urn:btih:4124bc0a9335c27f086f24ba207a4912a8b3c9d0"));
	ck_assert_ptr_null(of_link("magnet:?xt=urn:btih:4124"));
	ck_assert_ptr_null(of_link("magnet:?xt=urn:btmh:1220"
				   "4124bc0a9335c27f086f24ba207a4912a8b3c9d0"));
	ck_assert_ptr_null(of_link("https://host/x.torrent?xt=urn:btih:"
				   "4124bc0a9335c27f086f24ba207a4912a8b3c9d0"));
}
END_TEST

#define V2 "d1a1ab2f0c0d4c1f5d0d5e7f3a7d6c5b4a39281706f5e4d3c2b1a09080706050"

START_TEST(of_the_second_version_it_has_another_hash)
{
	struct torrent_id id = id_of_data("d4:infod12:meta versioni2e4:name1:aee");

	ck_assert_ptr_null(id.v1);
	ck_assert_uint_eq(strlen(id.v2), 64);
	ck_assert(strncmp(torrent_hash(&arena, &id), id.v2, 40) == 0);
	ck_assert_uint_eq(strlen(torrent_hash(&arena, &id)), 40);
	id = id_of_data("d4:infod12:meta versioni2e4:name1:a6:pieces0:ee");
	ck_assert_uint_eq(strlen(id.v1), 40);
	ck_assert_uint_eq(strlen(id.v2), 64);
	ck_assert_str_eq(torrent_hash(&arena, &id), id.v1);
	id = id_of_data("d12:meta versioni2e4:infod12:meta versioni1e4:name1:aee");
	ck_assert_ptr_nonnull(id.v1);
	ck_assert_ptr_null(id.v2);
}
END_TEST

START_TEST(a_magnet_says_one_or_both)
{
	static const char v1[] = "4124bc0a9335c27f086f24ba207a4912a8b3c9d0";
	struct torrent_id id = id_of_link("magnet:?xt=urn:btmh:1220" V2 "&dn=x");

	ck_assert_ptr_null(id.v1);
	ck_assert_str_eq(id.v2, V2);
	id = id_of_link("magnet:?xt.1=urn:btih:4124BC0A9335C27F086F24BA207A4912A8B3C9D0"
			"&xt.2=urn:btmh:1220" V2);
	ck_assert_str_eq(id.v1, v1);
	ck_assert_str_eq(id.v2, V2);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("torrent");
	tcase_add_checked_fixture(t, NULL, leave);
	tcase_add_test(t, a_torrent_is_known_by_its_info);
	tcase_add_test(t, what_is_no_torrent_has_no_hash);
	tcase_add_test(t, a_magnet_says_it);
	tcase_add_test(t, of_the_second_version_it_has_another_hash);
	tcase_add_test(t, a_magnet_says_one_or_both);
	Suite *s = suite_create("torrent");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
