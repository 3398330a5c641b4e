/* What a request asks, "path?query": whatever it is, what is handed on of it is a JSON object. */
#include "harness.h"

#include "src/serve/routes.h"
#include "tow/json.h"

static const char *const seeds[] = {
	"/api/v1/jobs?state=failed&tag=a&tag=b&limit=50",
	"/api/v1/jobs/7?x=%41+b",
	"/api/v1/queues/a%2Fb/lanes/%C3%A9/pause",
	"/api/v1/jobs?&&=1&a==&%61=\x01",
	NULL,
};

static struct route of[] = {
	{ "1", "GET", "/api/v1/jobs" },
	{ "2", "GET", "/api/v1/jobs/{id}" },
	{ "3", "POST", "/api/v1/queues/{queue}/lanes/{lane}/pause" },
};
static const struct routes routes = { .of = of, .n = sizeof of / sizeof *of };

static void look_at(const char *text)
{
	TOW_AUTO_JSON *doc = NULL;
	struct tow_err e = { 0 };

	MUST(tow_json_parse(&doc, text, strlen(text), &e));
	MUST(tow_json_is_object(doc));
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_BUF named = { 0 }, asked = { 0 };
	char *target = text_of(data, size);
	size_t path = strcspn(target, "?");
	const char *methods, *query = target[path] ? target + path + 1 : "";

	routes_find(&routes, &a, "GET", tow_strndup(&a, target, path), &named, &methods);
	if (routes_query(&a, query, &asked))
		look_at(routes_given(&a, &asked, &named));
	free(target);
}
