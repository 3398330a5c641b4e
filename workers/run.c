/* Claimed jobs and their outcomes: see run.h. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "tow/json.h"
#include "wire.h"

void runs_push(struct runs *list, struct run *r)
{
	r->next = NULL;
	if (list->last)
		list->last->next = r;
	else
		list->first = r;
	list->last = r;
	list->n++;
}

struct run *runs_pop(struct runs *list)
{
	struct run *r = list->first;

	if (!r)
		return NULL;
	list->first = r->next;
	if (!list->first)
		list->last = NULL;
	list->n--;
	r->next = NULL;
	return r;
}

bool runs_remove(struct runs *list, struct run *r)
{
	struct run *before = NULL;

	for (struct run *at = list->first; at; before = at, at = at->next) {
		if (at != r)
			continue;
		if (before)
			before->next = r->next;
		else
			list->first = r->next;
		if (list->last == r)
			list->last = before;
		list->n--;
		r->next = NULL;
		return true;
	}
	return false;
}

void runs_append(struct runs *list, struct runs *more)
{
	if (!more->first)
		return;
	if (list->last)
		list->last->next = more->first;
	else
		list->first = more->first;
	list->last = more->last;
	list->n += more->n;
	*more = (struct runs){ 0 };
}

void runs_prepend(struct runs *list, struct runs *more)
{
	runs_append(more, list);
	*list = *more;
	*more = (struct runs){ 0 };
}

struct run *runs_find(const struct runs *list, long long id)
{
	for (struct run *r = list->first; r; r = r->next)
		if (r->id == id)
			return r;
	return NULL;
}

size_t runs_relay(const struct runs *list)
{
	const struct run *r = list->first;
	size_t n = 1;

	while (r->place && r->next && r->next->place == r->place) {
		r = r->next;
		n++;
	}
	return n;
}

void runs_free(struct runs *list)
{
	for (struct run *r; (r = runs_pop(list));)
		run_free(r);
}

struct run *run_make(long long job, long long id, int attempt, int max_attempts, const char *queue,
		     const char *kind, const char *args, const char *memory)
{
	TOW_AUTO_BUF b = { 0 };
	size_t at = wire_begin(&b, WIRE_JOB);
	struct run *r;

	wire_put(&b, job);
	wire_put(&b, id);
	wire_put(&b, attempt);
	wire_put(&b, max_attempts);
	wire_put_text(&b, queue, strlen(queue));
	wire_put_text(&b, kind, strlen(kind));
	wire_put_text(&b, args, strlen(args));
	wire_put_text(&b, memory, memory ? strlen(memory) : 0);
	wire_end(&b, at);
	r = tow_xcalloc(1, sizeof(*r) + b.len);
	memcpy(r->frame, b.data, b.len);
	r->frame_len = b.len;
	r->job = job;
	r->id = id;
	return r;
}

void run_free(struct run *r)
{
	if (!r)
		return;
	free(r->outcome);
	free(r);
}

static void member(struct tow_buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	tow_buf_addf(out, ",\"%s\":", name);
	tow_json_quote(out, text, strlen(text));
}

void run_end(struct run *r, const struct outcome *o)
{
	static const char *const names[] = { "completed", "failed",   "snoozed", "waits",
					     "cancelled", "returned", "unknown" };
	const char *delay = o->as == RUN_WAITS ? "timeout_s" : "delay_s";
	struct tow_buf b = { 0 };

	free(r->outcome);
	r->outcome = NULL;
	if (o->as == RUN_COMPLETED && !o->result && !o->spawn)
		return;
	tow_buf_addf(&b, "\"as\":\"%s\"", names[o->as]);
	member(&b, "class", o->class);
	member(&b, "error", o->error);
	member(&b, "detail", o->detail);
	member(&b, "for", o->wait_for);
	member(&b, "name", o->wait_name);
	if (o->result)
		tow_buf_addf(&b, ",\"result\":%s", o->result);
	if (o->delay_s >= 0)
		tow_buf_addf(&b, ",\"%s\":%.6f", delay, o->delay_s);
	if (o->spawn)
		tow_buf_addf(&b, ",\"spawn\":%s", o->spawn);
	if (o->final)
		tow_buf_adds(&b, ",\"final\":true");
	r->outcome = b.data;
}

void run_json(const struct run *r, struct tow_buf *out, long long now_us)
{
	tow_buf_addf(out, "{\"job\":%lld,\"run\":%lld,", r->job, r->id);
	if (r->started_us)
		tow_buf_addf(out, "\"ago_us\":%lld,\"took_us\":%lld,", now_us - r->started_us,
			     r->took_us);
	tow_buf_adds(out, r->outcome);
	tow_buf_addc(out, '}');
}

struct outcome outcome_of(enum run_as as, const char *class, const char *error)
{
	return (struct outcome){ .as = as, .delay_s = -1, .class = class, .error = error };
}
