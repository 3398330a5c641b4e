#include "problem.h"

#include <stdio.h>
#include <string.h>

#include "tow/json.h"

static const struct {
	int status;
	const char *title;
} titles[] = {
	{ 400, "Bad request" },
	{ 401, "Not signed in" },
	{ 403, "Not allowed" },
	{ 404, "Not found" },
	{ 405, "Method not allowed" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 413, "Too large" },
	{ 414, "Address too long" },
	{ 415, "Not JSON" },
	{ 421, "Another server is meant" },
	{ 422, "Bad argument" },
	{ 426, "Upgrade required" },
	{ 431, "Head too long" },
	{ 500, "Internal error" },
	{ 503, "Not available" },
	{ 504, "Took too long" },
};

/* By how the SQLSTATE begins. Ours say their status themselves. */
static const struct {
	const char *start;
	int status;
} states[] = {
	{ "TW425", 409 }, { "TW", 0 },	 { "42501", 403 }, { "57014", 504 },
	{ "22", 422 },	  { "23", 409 }, { "3F000", 503 }, { "42883", 503 },
	{ "42P01", 503 }, { "28", 503 }, { "3D", 503 },
};

int problem_status(const struct tow_err *e)
{
	int status = 0;
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (strncmp(e->class, states[i].start, strlen(states[i].start)) != 0)
			continue;
		if (states[i].status)
			return states[i].status;
		if (sscanf(e->class, "TW%3d", &status) == 1)
			return status;
	}
	return e->code == TOW_RETRY ? 503 : 500;
}

static const char *title_of(int status)
{
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

static void add(struct tow_buf *b, const char *name, const char *value)
{
	tow_buf_addf(b, ",\"%s\":", name);
	tow_json_quote(b, value, strlen(value));
}

static void write_problem(struct tow_arena *a, struct http_reply *r, int status, const char *detail,
			  const char *hint, const char *code)
{
	TOW_AUTO_BUF b = { 0 };
	tow_buf_addf(&b, "{\"type\":\"about:blank\",\"status\":%d", status);
	add(&b, "title", title_of(status));
	add(&b, "detail", detail);
	if (hint && *hint)
		add(&b, "hint", hint);
	if (code && *code)
		add(&b, "code", code);
	tow_buf_addc(&b, '}');
	r->status = status;
	r->body = tow_strndup(a, b.data, b.len);
	r->len = b.len;
	http_say(r, "Content-Type", "application/problem+json");
	if (status == 401)
		http_say(r, "WWW-Authenticate", "Bearer");
	if (status == 503)
		http_say(r, "Retry-After", "1");
}

void problem_of(struct tow_arena *a, struct http_reply *r, int status, const char *detail,
		const char *hint)
{
	write_problem(a, r, status, detail, hint, NULL);
}

/* The database refuses it before a function of ours is asked. */
static bool is_no_text(const struct tow_err *e)
{
	return strcmp(e->class, "22021") == 0;
}

/* What nobody foresaw, and why the database is not there, may quote anything: it is in the log. */
void problem_of_err(struct tow_arena *a, struct http_reply *r, const struct tow_err *e)
{
	int status = problem_status(e);
	if (status == 500)
		write_problem(a, r, status, "that was not foreseen; the server's log says more",
			      NULL, e->class);
	else if (status == 504)
		write_problem(a, r, status, "it took longer than ten seconds",
			      "ask for fewer; tow status says who holds a lock that it waits for",
			      e->class);
	else if (status == 503 && strncmp(e->class, "TW", 2) != 0)
		write_problem(a, r, status,
			      "the database cannot answer now; the server's log says why",
			      "tow doctor says what is wrong", e->class);
	else
		write_problem(a, r, status, e->text, is_no_text(e) ? "send UTF-8" : e->hint,
			      e->class);
}
