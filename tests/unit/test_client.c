#include <check.h>
#include <stdlib.h>

#include "tow/client.h"

static struct tow_arena arena;

static void leave(void)
{
	tow_arena_release(&arena);
}

START_TEST(a_tracker_is_its_host_alone)
{
	static const struct {
		const char *url, *host;
	} cases[] = {
		{ "http://tracker.example.org/0123passkey/announce", "tracker.example.org" },
		{ "https://Tracker.Example.org:443/announce?key=1", "tracker.example.org" },
		{ "udp://t.example.org:1337", "t.example.org" },
		{ "http://user:pa@ss@t.example.org/x", "t.example.org" },
		{ "http://t.example.org?key=a@b.c", "t.example.org" },
		{ "http://[2001:DB8::1]:80/announce", "2001:db8::1" },
		{ "http:///announce", NULL },
		{ "http://user@", NULL },
		{ "** [DHT] **", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *host = tow_client_host(&arena, cases[i].url);

		if (cases[i].host)
			ck_assert_str_eq(host, cases[i].host);
		else
			ck_assert_ptr_null(host);
	}
}
END_TEST

START_TEST(a_link_begins_as_it_likes)
{
	static const char *const good[] = { "magnet:?xt=x", "MAGNET:?xt=x", "HTTPS://host/x" };
	struct tow_transfer_new t = { .link = "ftp://host/x" };
	struct tow_err e = { 0 };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(tow_client_check_link(&(struct tow_transfer_new){ .link = good[i] },
						    &e),
			      "%s", good[i]);
	ck_assert(!tow_client_check_link(&t, &e));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("client");
	tcase_add_checked_fixture(t, NULL, leave);
	tcase_add_test(t, a_tracker_is_its_host_alone);
	tcase_add_test(t, a_link_begins_as_it_likes);
	Suite *s = suite_create("client");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
