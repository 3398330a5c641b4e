/* Which addresses are of this network. */
#include <check.h>
#include <netdb.h>
#include <stdlib.h>

#include "src/core/inside.h"

static const char *const inside[] = {
	"127.0.0.1",
	"127.255.255.255",
	"0.0.0.0",
	"10.0.0.1",
	"10.255.255.255",
	"100.64.0.1",
	"100.127.255.255",
	"169.254.169.254",
	"172.16.0.1",
	"172.31.255.255",
	"192.168.0.1",
	"192.168.255.255",
	"::1",
	"::",
	"fe80::1",
	"febf::1",
	"fc00::1",
	"fdff::1",
	"fec0::1",
	"::ffff:127.0.0.1",
	"::ffff:10.0.0.1",
	"::127.0.0.1",
	"64:ff9b::10.0.0.1",
};
static const char *const outside[] = {
	"1.1.1.1",     "9.255.255.255", "11.0.0.0",	   "100.63.255.255",   "100.128.0.0",
	"126.0.0.1",   "128.0.0.1",	"169.253.255.255", "172.15.255.255",   "172.32.0.0",
	"192.167.0.1", "192.169.0.1",	"203.0.113.7",	   "255.255.255.255",  "2001:db8::1",
	"fe00::1",     "fb00::1",	"::ffff:1.1.1.1",  "64:ff9b::1.1.1.1",
};

/* As the system makes an address of digits. */
static bool address_inside(const char *digits)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST };
	struct addrinfo *found = NULL;
	bool is;

	ck_assert_int_eq(getaddrinfo(digits, NULL, &hints, &found), 0);
	is = inside_address(found->ai_addr);
	freeaddrinfo(found);
	return is;
}

START_TEST(each_address_is_here_or_elsewhere)
{
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		ck_assert_msg(inside_digits(inside[i]) && address_inside(inside[i]), "%s",
			      inside[i]);
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		ck_assert_msg(!inside_digits(outside[i]) && !address_inside(outside[i]), "%s",
			      outside[i]);
}
END_TEST

START_TEST(digits_are_read_as_addresses_have_them)
{
	ck_assert(inside_digits("[::1]"));
	ck_assert(!inside_digits("[2001:db8::1]"));
	ck_assert(!inside_digits("localhost"));
	ck_assert(!inside_digits(""));
	ck_assert(!inside_digits("[]"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("inside");
	TCase *t = tcase_create("inside");
	SRunner *r;
	int failed;

	tcase_add_test(t, each_address_is_here_or_elsewhere);
	tcase_add_test(t, digits_are_read_as_addresses_have_them);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
