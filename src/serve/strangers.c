#include "strangers.h"

#include <stdio.h>

#include "tow/log.h"
#include "tow/proc.h"

enum { TOLD_FOR_US = 10000000, SECOND_US = 1000000, MOST_LINES = 10 };

/* In the log and in the audit. */
static const char *const names[REFUSALS] = {
	[REFUSED_TOKEN] = "token.refused",
	[REFUSED_SIGN_IN] = "sign_in.refused",
};

static bool may_log(struct pace *p)
{
	long long now = tow_mono_us();
	if (now - p->second_us >= SECOND_US)
		*p = (struct pace){ .second_us = now };
	return p->lines++ < MOST_LINES;
}

void strangers_add(struct strangers *s, enum refusal what, const char *from)
{
	struct tally *t = &s->of[what];
	if (may_log(&s->refused))
		tow_log(TOW_WARN, names[what], "from='%s'", from);
	snprintf(t->from, sizeof t->from, "%s", from);
	t->n++;
}

static bool is_due(const struct tally *t)
{
	return t->n > 0 && (t->told_us == 0 || tow_mono_us() - t->told_us >= TOLD_FOR_US);
}

void strangers_failed(struct strangers *s, const struct tow_err *e)
{
	if (may_log(&s->failed))
		tow_log_err(TOW_WARN, "sign_in.failed", e);
}

bool strangers_are_due(const struct strangers *s)
{
	bool due = false;
	for (size_t i = 0; i < REFUSALS; i++)
		due |= is_due(&s->of[i]);
	return due;
}

static void tell(struct tally *t, struct tow_db *db, const char *name)
{
	struct tow_err e = { 0 };
	char times[16];
	snprintf(times, sizeof times, "%d", t->n);
	t->told_us = tow_mono_us();
	if (tow_call(db, NULL, &e, "tow.sign_in_refused", name, times, t->from))
		t->n = 0;
	else
		tow_log_err(TOW_WARN, "refused.unnoted", &e);
}

void strangers_tell(struct strangers *s, struct tow_db *db)
{
	for (size_t i = 0; i < REFUSALS; i++)
		if (s->of[i].n > 0)
			tell(&s->of[i], db, names[i]);
}
