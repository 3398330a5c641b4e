/* Values of settings: see values.h. */
#include "values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static long unit_ms(const char *unit, size_t len)
{
	static const struct {
		const char *name;
		long ms;
	} units[] = {
		{ "", 1000 },	      { "ms", 1 },	  { "s", 1000 },
		{ "sec", 1000 },      { "second", 1000 }, { "seconds", 1000 },
		{ "m", 60000 },	      { "min", 60000 },	  { "minute", 60000 },
		{ "minutes", 60000 }, { "h", 3600000 },	  { "hour", 3600000 },
		{ "hours", 3600000 }, { "d", 86400000 },  { "day", 86400000 },
		{ "days", 86400000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strlen(units[i].name) == len && strncasecmp(units[i].name, unit, len) == 0)
			return units[i].ms;
	return 0;
}

bool duration_parse(const char *text, long *ms)
{
	double total = 0;

	text += strspn(text, " \t");
	if (!*text)
		return false;
	while (*text) {
		char *end = NULL;
		double number = strtod(text, &end);
		size_t len;
		long unit;

		if (end == text || !(number >= 0) || number > 1e9)
			return false;
		text = end + strspn(end, " \t");
		len = strcspn(text, " \t0123456789.");
		unit = unit_ms(text, len);
		if (unit == 0)
			return false;
		total += number * (double)unit;
		text += len;
		text += strspn(text, " \t");
	}
	if (total > 1e12)
		return false;
	*ms = (long)(total + 0.5);
	return true;
}

bool number_value(const char *name, const char *value, long least, long most, long *to,
		  struct tow_err *e)
{
	char *end = NULL;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (end == value || *end || errno || n < least || n > most) {
		tow_fail(e, TOW_FINAL, "bad %s '%s'", name, value);
		return tow_hint(e, "a number from %ld to %ld", least, most);
	}
	*to = n;
	return true;
}

bool duration_value(const char *name, const char *value, long least_ms, long *to, struct tow_err *e)
{
	long ms = 0;

	if (!duration_parse(value, &ms)) {
		tow_fail(e, TOW_FINAL, "bad %s '%s'", name, value);
		return tow_hint(e, "a duration is written 15s, 2m, 1h30m or 250ms");
	}
	if (ms < least_ms)
		return tow_fail(e, TOW_FINAL, "%s '%s' is too short: %ld ms is the least", name,
				value, least_ms);
	*to = ms;
	return true;
}

bool boolean_value(const char *name, const char *value, bool *to, struct tow_err *e)
{
	static const char *const yes[] = { "yes", "on", "true", "1" }, *const no[] = { "no", "off",
										       "false",
										       "0" };

	for (size_t i = 0; i < 4; i++) {
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
			*to = strcasecmp(value, yes[i]) == 0;
			return true;
		}
	}
	return tow_fail(e, TOW_FINAL, "bad %s '%s': yes or no", name, value);
}
