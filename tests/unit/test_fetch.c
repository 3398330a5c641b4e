/* What the head of an answer means for a fetch: the file's name, and whether a part is gone on
 * with. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "src/core/checksum.h"
#include "src/core/fetching.h"

static struct tow_arena arena;

/*--- names */

static const char *named(const char *disposition, const char *url)
{
	return fetch_name(&arena, disposition, url, NULL);
}

START_TEST(the_server_names_the_file)
{
	static const char *const tries[][2] = {
		{ "attachment; filename=a.iso", "a.iso" },
		{ "attachment; filename=\"a b;c.iso\"; size=3", "a b;c.iso" },
		{ "attachment; filename=\"a\\\"b.iso\"", "a_b.iso" },
		{ "attachment;FileName = a.iso ;x", "a.iso" },
		{ "attachment; filename=\"plain.iso\"; filename*=UTF-8''na%C3%AFve.iso",
		  "na\xc3\xafve.iso" },
		{ "attachment; filename*=utf-8'en'x%20y.iso; filename=plain.iso", "x y.iso" },
		{ "attachment; filename*=ISO-8859-1''na%EFve.iso", "na\xc3\xafve.iso" },
		{ "attachment; filename*=koi8-r''x.iso; filename=plain.iso", "plain.iso" },
		{ "attachment; filename=na\xefve.iso", "na%EFve.iso" },
	};

	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++)
		ck_assert_str_eq(named(tries[i][0], "http://h/other"), tries[i][1]);
}
END_TEST

START_TEST(else_the_address_does)
{
	static const char *const tries[][2] = {
		{ "http://h/a.iso", "a.iso" },
		{ "https://h:8/x/y/a%20b.iso?x=/c.iso#d", "a b.iso" },
		{ "http://h/a%2Fb.iso", "b.iso" },
		{ "http://h/a%00b%zz", "a_b%zz" },
		{ "http://h/x/", "download" },
		{ "http://h", "download" },
		{ "http://h/?x=/a.iso", "download" },
		{ "http://h?x=/a.iso", "download" },
	};
	const char *other = fetch_name(&arena, "inline", "http://h/", "A title");

	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++)
		ck_assert_str_eq(named(NULL, tries[i][0]), tries[i][1]);
	ck_assert_str_eq(named("attachment; filename=", "http://h/a.iso"), "a.iso");
	ck_assert_str_eq(other, "A title");
}
END_TEST

START_TEST(no_name_leaves_its_folder)
{
	static const char *const tries[][2] = {
		{ "attachment; filename=\"../../etc/passwd\"", "passwd" },
		{ "attachment; filename=\"..\\\\..\\\\x.exe\"", "x.exe" },
		{ "attachment; filename=\"a/..\"", "u" },
		{ "attachment; filename=\". .\"", "u" },
		{ "attachment; filename=\"/\"", "u" },
		{ "attachment; filename=.bashrc", "_.bashrc" },
		{ "attachment; filename=.tow-fetch", "_.tow-fetch" },
		{ "attachment; filename*=UTF-8''..%2F..%2Fx%0Ay", "x_y" },
		{ "attachment; filename=con", "_con" },
	};
	char longest[600] = "attachment; filename=";

	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++)
		ck_assert_str_eq(named(tries[i][0], "http://h/u"), tries[i][1]);
	memset(longest + strlen(longest), 'x', 500);
	ck_assert_uint_le(strlen(named(longest, "http://h/u")) + strlen(FETCH_PART), 255);
}
END_TEST

/*--- going on */

static enum fetch_step step(const struct fetch_memo *memo, long long at, long status,
			    const char *const *headers)
{
	return fetch_step(memo, at,
			  &(struct tow_http_answer){ .status = status, .headers = headers });
}

#define HEADERS(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(a_part_goes_on_with_the_same_file)
{
	const struct fetch_memo memo = { .etag = "\"a\"", .modified = "Monday", .size = 10 };

	ck_assert_int_eq(step(&memo, 5, 206, HEADERS("Content-Range: bytes 5-9/10")), STEP_GO_ON);
	ck_assert_int_eq(step(&memo, 5, 206, HEADERS("Content-Range: bytes 5-9/*", "ETag: \"a\"")),
			 STEP_GO_ON);
	ck_assert_int_eq(step(&memo, 5, 206, HEADERS("Content-Range: bytes 5-9/10", "ETag: \"b\"")),
			 STEP_ANEW);
	ck_assert_int_eq(step(&memo, 5, 206,
			      HEADERS("Content-Range: bytes 5-9/10", "Last-Modified: Sunday")),
			 STEP_ANEW);
	ck_assert_int_eq(step(&memo, 5, 206, HEADERS("Content-Range: bytes 5-10/11")), STEP_ANEW);
	ck_assert_int_eq(step(&memo, 5, 206, HEADERS("Content-Range: bytes 0-9/10")), STEP_ANEW);
	ck_assert_int_eq(step(&memo, 5, 206, HEADERS("Content-Type: multipart/byteranges")),
			 STEP_ANEW);
	ck_assert_int_eq(step(&memo, 5, 200, HEADERS("Content-Length: 10")), STEP_WHOLE);
}
END_TEST

START_TEST(what_is_no_range_is_known)
{
	const struct fetch_memo memo = { .etag = "\"a\"", .size = -1 }, sized = { .size = 10 };
	const char *const *end = HEADERS("Content-Range: bytes */5", "ETag: \"a\"");

	ck_assert_int_eq(step(&memo, 5, 416, end), STEP_HAVE_ALL);
	ck_assert_int_eq(step(&memo, 6, 416, end), STEP_ANEW);
	ck_assert_int_eq(step(&sized, 5, 416, end), STEP_ANEW);
	ck_assert_int_eq(step(&memo, 5, 416, HEADERS("Content-Range: bytes */5", "ETag: \"b\"")),
			 STEP_ANEW);
	ck_assert_int_eq(step(&memo, 0, 416, end), STEP_REFUSED);
	ck_assert_int_eq(step(&memo, 0, 206, HEADERS("Content-Range: bytes 0-9/10")), STEP_WHOLE);
	ck_assert_int_eq(step(&memo, 0, 206, HEADERS("Content-Range: bytes 1-9/10")), STEP_REFUSED);
	ck_assert_int_eq(step(&memo, 5, 404, HEADERS("X: y")), STEP_REFUSED);
	ck_assert_int_eq(step(&memo, 5, 302, HEADERS("Location: /x")), STEP_ELSEWHERE);
	ck_assert_int_eq(step(&memo, 5, 302, HEADERS("X: y")), STEP_REFUSED);
	ck_assert_int_eq(step(&memo, 5, 204, HEADERS("X: y")), STEP_REFUSED);
}
END_TEST

START_TEST(only_what_is_strong_is_relied_on)
{
	struct tow_http_answer answer = {
		.status = 200,
		.headers = HEADERS("ETag: W/\"a\"", "Last-Modified: Monday", "Date: Tuesday",
				   "Content-Length: 7"),
	};
	struct fetch_memo memo = { 0 };

	fetch_read_head(&arena, &answer, &memo);
	ck_assert_str_eq(fetch_validator(&memo), "Monday");
	ck_assert_int_eq(memo.size, 7);
	answer.headers = HEADERS("Last-Modified: Monday", "Date: Monday");
	fetch_read_head(&arena, &answer, &memo);
	ck_assert_ptr_null(fetch_validator(&memo));
	ck_assert_int_eq(memo.size, -1);
	answer.headers = HEADERS("ETag: \"a\"", "Last-Modified: Monday");
	fetch_read_head(&arena, &answer, &memo);
	ck_assert_str_eq(fetch_validator(&memo), "\"a\"");
}
END_TEST

/*--- checksums */

static bool fits(const char *said, const char *text)
{
	struct checksum c;
	char got[DIGEST_HEX_SIZE];
	bool ok;

	ck_assert(checksum_begin(&c, said, NULL));
	checksum_add(&c, "x", 1);
	checksum_reset(&c);
	checksum_add(&c, text, strlen(text));
	ok = checksum_fits(&c, got);
	checksum_release(&c);
	return ok;
}

START_TEST(files_are_what_is_said_of_them)
{
	static const char *const bad[] = { "md5:12",
					   "md5",
					   "sha256:",
					   "crc32:12345678",
					   ":",
					   "xxh128",
					   "md5:900150983cd24fb0d6963f7d28e17f7g" };
	struct checksum c;
	struct tow_err e;

	ck_assert(fits("md5:900150983CD24FB0D6963F7D28E17F72", "abc"));
	ck_assert(fits("sha1:a9993e364706816aba3e25717850c26c9cd0d89d", "abc"));
	ck_assert(fits("xxh128:06b05ab6733a618578af5f94892f3950", "abc"));
	ck_assert(!fits("xxh128:06b05ab6733a618578af5f94892f3950", "abd"));
	ck_assert(!fits("md5:900150983cd24fb0d6963f7d28e17f72", "abd"));
	ck_assert(fits(NULL, "abd"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_msg(!checksum_begin(&c, bad[i], &e), "%s", bad[i]);
		ck_assert_str_eq(e.class, "config.checksum");
	}
}
END_TEST

static void leave(void)
{
	tow_arena_release(&arena);
}

int main(void)
{
	TCase *t = tcase_create("fetch");
	tcase_add_checked_fixture(t, NULL, leave);
	tcase_add_test(t, the_server_names_the_file);
	tcase_add_test(t, else_the_address_does);
	tcase_add_test(t, no_name_leaves_its_folder);
	tcase_add_test(t, a_part_goes_on_with_the_same_file);
	tcase_add_test(t, what_is_no_range_is_known);
	tcase_add_test(t, only_what_is_strong_is_relied_on);
	tcase_add_test(t, files_are_what_is_said_of_them);
	Suite *s = suite_create("fetch");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
