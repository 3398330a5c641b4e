#include "overview.h"

#include <math.h>
#include <string.h>

#include "when.h"

void overview_release(struct overview *o)
{
	tow_json_freep(&o->now);
	tow_json_freep(&o->before);
}

static double seconds(const struct overview *o)
{
	return (double)(o->now_us - o->before_us) / 1e6;
}

static void add_rate(struct overview *o)
{
	if (!o->before || seconds(o) <= 0)
		return;
	long long claims = tow_json_int(o->now, "claims", 0) - tow_json_int(o->before, "claims", 0);
	if (o->n_rates == OVERVIEW_RATES)
		memmove(o->rates, o->rates + 1, --o->n_rates * sizeof *o->rates);
	o->rates[o->n_rates++] = (double)claims / seconds(o);
}

bool overview_next(struct overview *o, struct tow_db *db, struct tow_err *e)
{
	TOW_AUTO_ROWS *r = NULL;
	struct tow_json *next = NULL;
	if (!tow_call(db, &r, e, "tow.overview"))
		return false;
	const char *text = tow_rows_at(r, 0, 0);
	if (!text || !tow_json_parse(&next, text, strlen(text), e))
		return tow_wrap(e, "the database's overview");
	tow_json_freep(&o->before);
	o->before = o->now;
	o->before_us = o->now_us;
	o->now = next;
	if (!when_parse(tow_json_str(next, "at", ""), &o->now_us))
		return tow_fail(e, TOW_BUG, "the overview has no time");
	add_rate(o);
	return true;
}

double overview_rate(const struct overview *o)
{
	return o->n_rates ? o->rates[o->n_rates - 1] : 0;
}

bool overview_is_more(const struct tow_json *of, const char *state)
{
	const struct tow_json *more = tow_json_get(of, "more");
	for (size_t i = 0; more && i < tow_json_len(more); i++) {
		const char *one = tow_json_text(tow_json_at(more, i));
		if (one && strcmp(one, state) == 0)
			return true;
	}
	return false;
}

static const struct tow_json *queue_before(const struct overview *o, const char *name)
{
	const struct tow_json *queues = tow_json_get(o->before, "queues");
	for (size_t i = 0; queues && i < tow_json_len(queues); i++) {
		const struct tow_json *q = tow_json_at(queues, i);
		if (strcmp(tow_json_str(q, "name", ""), name) == 0)
			return q;
	}
	return NULL;
}

static bool is_cut(const struct tow_json *queue)
{
	return overview_is_more(queue, "ready") || overview_is_more(queue, "waiting");
}

static long long depth(const struct tow_json *queue)
{
	return tow_json_int(queue, "ready", 0) + tow_json_int(queue, "waiting", 0);
}

double overview_growth(const struct overview *o, const struct tow_json *queue)
{
	const struct tow_json *before = queue_before(o, tow_json_str(queue, "name", ""));
	if (is_cut(queue) || (before && is_cut(before)))
		return tow_json_num(queue, "growth", NAN);
	if (!before || seconds(o) <= 0)
		return NAN;
	return (double)(depth(queue) - depth(before)) / seconds(o);
}
