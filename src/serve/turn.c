#include "turn.h"

#include <string.h>
#include <strings.h>

#include "problem.h"
#include "tow/log.h"

int turn_say(struct turn *t, int status, const char *type, const char *text)
{
	t->r->status = status;
	t->r->body = text;
	t->r->len = strlen(text);
	if (t->r->len)
		http_say(t->r, "Content-Type", type);
	return status;
}

int turn_say_json(struct turn *t, const char *text)
{
	return turn_say(t, 200, "application/json", text);
}

bool turn_is_json(const struct http_request *q)
{
	static const char json[] = "application/json";
	const char *type = http_header(q, "Content-Type");
	size_t n = strlen(json);
	return q->len == 0 || (type && strncasecmp(type, json, n) == 0 && strchr("; \t", type[n]));
}

int turn_refuse(struct turn *t, int status, const char *detail, const char *hint)
{
	problem_of(t->q->arena, t->r, status, detail, hint);
	return status;
}

int turn_fail(struct turn *t)
{
	if (problem_status(&t->err) >= 500)
		tow_log_again(TOW_WARN, "request.failed", &t->err, &t->desk->failing);
	problem_of_err(t->q->arena, t->r, &t->err);
	return t->r->status;
}
