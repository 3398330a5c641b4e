/* What a request means: its path, its query. */
#include <check.h>
#include <stdlib.h>

#include "src/serve/routes.h"

static struct route of[] = {
	{ "1", "GET", "/api/v1/jobs" },
	{ "2", "POST", "/api/v1/jobs" },
	{ "3", "POST", "/api/v1/jobs/bulk" },
	{ "4", "GET", "/api/v1/jobs/{id}" },
	{ "5", "POST", "/api/v1/queues/{queue}/lanes/{lane}/pause" },
};
static const struct routes routes = { .of = of, .n = sizeof of / sizeof *of };

static struct tow_arena arena;

/* "4 {...}", or "- METHODS". */
static const char *found(const char *method, const char *path)
{
	TOW_AUTO_BUF given = { 0 };
	const char *methods;
	const struct route *r = routes_find(&routes, &arena, method, path, &given, &methods);
	return r ? tow_fmt(&arena, "%s {%s}", r->id, given.len ? given.data : "")
		 : tow_fmt(&arena, "- %s", methods);
}

START_TEST(paths)
{
	static const struct {
		const char *method, *path, *want;
	} cases[] = {
		{ "GET", "/api/v1/jobs", "1 {}" },
		{ "POST", "/api/v1/jobs", "2 {}" },
		{ "POST", "/api/v1/jobs/bulk", "3 {}" },
		{ "GET", "/api/v1/jobs/7", "4 {\"id\":\"7\"}" },
		{ "DELETE", "/api/v1/jobs", "- GET, POST" },
		{ "GET", "/api/v1/jobs/", "- " },
		{ "GET", "/api/v1/jobs/7/", "- " },
		{ "GET", "/api/v1/jobs/7/more", "- " },
		{ "GET", "/api/v1/job", "- " },
		{ "GET", "/api/v1/jobsx", "- " },
		{ "GET", "", "- " },
		{ "GET", "/", "- " },
		{ "GET", "/api/v1/jobs/a%2Fb%20%22c", "4 {\"id\":\"a/b \\\"c\"}" },
		{ "GET", "/api/v1/jobs/a+b", "4 {\"id\":\"a+b\"}" },
		{ "GET", "/api/v1/jobs/%", "- " },
		{ "GET", "/api/v1/jobs/%4", "- " },
		{ "GET", "/api/v1/jobs/%zz", "- " },
		{ "GET", "/api/v1/jobs/a%00b", "- " },
		{ "POST", "/api/v1/queues/q/lanes/l/pause", "5 {\"queue\":\"q\",\"lane\":\"l\"}" },
		{ "POST", "/api/v1/queues/q/lanes//pause", "- " },
	};
	ck_assert_str_eq(found(cases[_i].method, cases[_i].path), cases[_i].want);
}
END_TEST

START_TEST(queries)
{
	static const struct {
		const char *query, *want;
	} cases[] = {
		{ "", "" },
		{ "a=1", "\"a\":\"1\"" },
		{ "a=1&b=x+y%26z", "\"a\":\"1\",\"b\":\"x y&z\"" },
		{ "tag=a&q=1&tag=b", "\"tag\":[\"a\",\"b\"],\"q\":\"1\"" },
		{ "a", "\"a\":\"\"" },
		{ "a=", "\"a\":\"\"" },
		{ "&&a=1&", "\"a\":\"1\"" },
		{ "a==", "\"a\":\"=\"" },
		{ "a=%22", "\"a\":\"\\\"\"" },
		{ "a=%2", NULL },
		{ "%zz=1", NULL },
		{ "a=%00", NULL },
	};
	TOW_AUTO_BUF given = { 0 };
	bool good = routes_query(&arena, cases[_i].query, &given);
	ck_assert_int_eq(good, cases[_i].want != NULL);
	if (good)
		ck_assert_str_eq(given.len ? given.data : "", cases[_i].want);
}
END_TEST

START_TEST(too_many)
{
	TOW_AUTO_BUF query = { 0 }, given = { 0 };
	for (int i = 0; i < 99; i++)
		tow_buf_adds(&query, "&a=1");
	ck_assert(routes_query(&arena, query.data, &given));
	tow_buf_adds(&query, "&a=1");
	ck_assert(!routes_query(&arena, query.data, &given));
}
END_TEST

START_TEST(the_path_has_the_last_word)
{
	TOW_AUTO_BUF query = { 0 }, path = { 0 };
	ck_assert_str_eq(routes_given(&arena, &query, &path), "{}");
	ck_assert(routes_query(&arena, "job=8", &query));
	ck_assert_str_eq(routes_given(&arena, &query, &path), "{\"job\":\"8\"}");
	tow_buf_adds(&path, "\"job\":\"7\"");
	ck_assert_str_eq(routes_given(&arena, &query, &path), "{\"job\":\"8\",\"job\":\"7\"}");
}
END_TEST

static void end(void)
{
	tow_arena_release(&arena);
}

int main(void)
{
	Suite *s = suite_create("routes");
	TCase *t = tcase_create("routes");
	tcase_add_checked_fixture(t, NULL, end);
	tcase_add_loop_test(t, paths, 0, 20);
	tcase_add_loop_test(t, queries, 0, 12);
	tcase_add_test(t, too_many);
	tcase_add_test(t, the_path_has_the_last_word);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
