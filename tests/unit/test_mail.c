/* Mail as it is written: headers that are no plain text, text that no server garbles. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tow/mail.h"

static struct tow_arena a;

static void done(void)
{
	tow_arena_release(&a);
}

START_TEST(headers)
{
	ck_assert_str_eq(tow_mail_header(&a, "plain", " "), "plain");
	ck_assert_str_eq(tow_mail_header(&a, "a\r\nBcc: x", " "), "a  Bcc: x");
	ck_assert_str_eq(tow_mail_header(&a, "Größe", " "), "=?UTF-8?B?R3LDtsOfZQ==?=");
	ck_assert_str_eq(tow_mail_header(&a, "=?x", " "), "=?UTF-8?B?PT94?=");
	ck_assert_str_eq(tow_mail_header(&a, "", " "), "");
}
END_TEST

/* A word of 42 bytes, and whole characters in each. */
START_TEST(long_headers)
{
	TOW_AUTO_BUF text = { 0 };
	const char *line;

	tow_buf_addc(&text, 'x');
	for (int i = 0; i < 30; i++)
		tow_buf_adds(&text, "ö");
	line = tow_mail_header(&a, text.data, "\r\n ");
	ck_assert_ptr_nonnull(strstr(line, "?=\r\n =?UTF-8?B?"));
	ck_assert_uint_eq(strcspn(line, "\r"), strlen("=?UTF-8?B?") + 56 + strlen("?="));
	ck_assert_ptr_nonnull(strstr(line, " =?UTF-8?B?w7bDt")); /* begins with an ö */
}
END_TEST

static const char *body_of(const char *text)
{
	static const char *const to[] = { "b@x", "c@x", NULL };
	const struct tow_mail m = {
		.id = "7", .from = "a@x", .to = to, .subject = "s", .text = text
	};
	const char *mail = tow_mail_format(&a, &m);

	ck_assert_ptr_nonnull(strstr(mail,
				     "\r\nFrom: <a@x>\r\nTo: <b@x>,\r\n <c@x>\r\nSubject: s\r\n"
				     "Message-ID: <towpath.7@x>\r\n"));
	return strstr(mail, "\r\n\r\n") + 4;
}

START_TEST(bodies)
{
	TOW_AUTO_BUF text = { 0 };

	ck_assert_str_eq(body_of("a\nb"), "a\r\nb\r\n");
	ck_assert_str_eq(body_of("a \n\tb\t"), "a=20\r\n\tb=09\r\n");
	ck_assert_str_eq(body_of("1=2 ö\r\n.x"), "1=3D2 =C3=B6\r\n.x\r\n");
	for (int i = 0; i < 80; i++)
		tow_buf_addc(&text, 'x');
	ck_assert_uint_eq(strcspn(body_of(text.data), "\r"), 76);
	ck_assert_str_eq(strstr(body_of(text.data), "\r\n"), "\r\nxxxxx\r\n");
}
END_TEST

START_TEST(nobody_there)
{
	static const char *const to[] = { "b@x", NULL };
	struct tow_mail m = { .url = "smtp://127.0.0.1:1",
			      .id = "7",
			      .from = "a@x",
			      .to = to,
			      .subject = "s",
			      .text = "t",
			      .timeout_ms = 5000 };
	struct tow_err e = { 0 };

	ck_assert(!tow_mail_send(&m, &e));
	ck_assert_str_eq(e.class, "mail.connect");
	m.url = "http://127.0.0.1:1";
	ck_assert(!tow_mail_send(&m, &e));
	ck_assert_str_eq(e.class, "mail.url");
	ck_assert_int_eq(e.code, TOW_FINAL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mail");
	TCase *t = tcase_create("mail");
	SRunner *r;

	tcase_add_checked_fixture(t, NULL, done);
	tcase_add_test(t, headers);
	tcase_add_test(t, long_headers);
	tcase_add_test(t, bodies);
	tcase_add_test(t, nobody_there);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
