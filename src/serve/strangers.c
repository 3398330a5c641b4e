#include "strangers.h"

#include <stdio.h>

#include "tow/log.h"
#include "tow/proc.h"

enum { TOLD_FOR_US = 10000000, SECOND_US = 1000000, MOST_LINES = 10 };

void strangers_log(struct strangers *s, const char *event, const char *from)
{
	long long now = tow_mono_us();
	if (now - s->second_us >= SECOND_US) {
		s->second_us = now;
		s->lines = 0;
	}
	if (s->lines++ < MOST_LINES)
		tow_log(TOW_WARN, event, "from='%s'", from);
}

void strangers_add(struct strangers *s, const char *from)
{
	strangers_log(s, "token.refused", from);
	snprintf(s->from, sizeof s->from, "%s", from);
	s->n++;
}

bool strangers_are_due(const struct strangers *s)
{
	return s->n > 0 && (s->told_us == 0 || tow_mono_us() - s->told_us >= TOLD_FOR_US);
}

bool strangers_tell_of(struct tow_db *db, const char *what, int times, const char *from)
{
	struct tow_err e = { 0 };
	char text[16];
	snprintf(text, sizeof text, "%d", times);
	if (tow_call(db, NULL, &e, "tow.sign_in_refused", what, text, from))
		return true;
	tow_log_err(TOW_WARN, "refused.unnoted", &e);
	return false;
}

void strangers_tell(struct strangers *s, struct tow_db *db)
{
	s->told_us = tow_mono_us();
	if (strangers_tell_of(db, "token.refused", s->n, s->from))
		s->n = 0;
}
