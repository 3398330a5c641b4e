#include "when.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { US_PER_MS = 1000, US_PER_S = 1000000 };
static const long long us_per_day = 86400LL * US_PER_S;

/* ".5" is 500000; moves the text on. */
static long long read_fraction(const char **text)
{
	long long us = 0, unit = US_PER_S / 10;
	if (**text != '.')
		return 0;
	for (++*text; isdigit((unsigned char)**text); ++*text, unit /= 10)
		us += (**text - '0') * unit;
	return us;
}

/* "+02", "-03:30"; in seconds. */
static bool read_zone(const char *text, int *offset)
{
	int hours, minutes = 0, seconds = 0;
	if ((*text != '+' && *text != '-') ||
	    sscanf(text + 1, "%2d:%2d:%2d", &hours, &minutes, &seconds) < 1)
		return false;
	*offset = hours * 3600 + minutes * 60 + seconds;
	if (*text == '-')
		*offset = -*offset;
	return true;
}

/* With a blank, as a column writes it, or a T, as JSON does. */
static bool read_instant(const char *text, struct tm *tm, long long *fraction, int *offset)
{
	int used = 0;
	*tm = (struct tm){ 0 };
	if (sscanf(text, "%d-%2d-%2d%*[ T]%2d:%2d:%2d%n", &tm->tm_year, &tm->tm_mon, &tm->tm_mday,
		   &tm->tm_hour, &tm->tm_min, &tm->tm_sec, &used) != 6 ||
	    used < 19)
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	text += used;
	*fraction = read_fraction(&text);
	return read_zone(text, offset);
}

bool when_parse(const char *text, long long *us)
{
	struct tm tm;
	long long fraction;
	int offset;
	if (!text || !read_instant(text, &tm, &fraction, &offset))
		return false;
	*us = ((long long)timegm(&tm) - offset) * US_PER_S + fraction;
	return true;
}

/* "02:03:04.5", perhaps with a sign; the end of the text. */
static bool read_clock(const char *text, long long *us)
{
	int hours, minutes, seconds, used = 0;
	bool negative = *text == '-';
	text += negative || *text == '+';
	if (sscanf(text, "%d:%2d:%2d%n", &hours, &minutes, &seconds, &used) != 3)
		return false;
	text += used;
	long long all = ((hours * 60LL + minutes) * 60 + seconds) * US_PER_S + read_fraction(&text);
	if (*text)
		return false;
	*us += negative ? -all : all;
	return true;
}

bool when_interval(const char *text, long long *us)
{
	long long sum = 0;
	int days, used = 0;
	if (!text || !*text)
		return false;
	if (sscanf(text, "%d day%n", &days, &used) == 1 && used > 0) {
		sum = days * us_per_day;
		text += used;
		text += *text == 's';
		text += *text == ' ';
	}
	if (*text && !read_clock(text, &sum))
		return false;
	*us = sum;
	return true;
}

bool when_now(struct tow_db *db, long long *us, struct tow_err *e)
{
	TOW_AUTO_ROWS *r = NULL;
	if (!tow_call(db, &r, e, "tow.now"))
		return false;
	return when_parse(tow_rows_at(r, 0, 0), us) ||
	       tow_fail(e, TOW_BUG, "the database writes its time in a way unknown here: '%s'",
			tow_rows_at(r, 0, 0));
}

static const char *two_units(struct tow_arena *a, long long big, const char *big_unit,
			     long long small, const char *small_unit)
{
	if (small == 0)
		return tow_fmt(a, "%lld %s", big, big_unit);
	return tow_fmt(a, "%lld %s %lld %s", big, big_unit, small, small_unit);
}

const char *when_duration(struct tow_arena *a, long long us)
{
	if (us < 0)
		return tow_fmt(a, "-%s", when_duration(a, -us));
	long long s = us / US_PER_S;
	if (us == 0)
		return "0 s";
	if (us < US_PER_MS)
		return tow_fmt(a, "%lld us", us);
	if (us < US_PER_S)
		return tow_fmt(a, "%lld ms", us / US_PER_MS);
	if (s < 10 && us % US_PER_S >= US_PER_S / 10)
		return tow_fmt(a, "%lld.%lld s", s, us % US_PER_S / (US_PER_S / 10));
	if (s < 120)
		return tow_fmt(a, "%lld s", s);
	if (s < 7200)
		return two_units(a, s / 60, "min", s < 600 ? s % 60 : 0, "s");
	if (s < 2 * 86400)
		return two_units(a, s / 3600, "h", s / 60 % 60, "min");
	return two_units(a, s / 86400, "days", s < 10 * 86400 ? s / 3600 % 24 : 0, "h");
}

const char *when_relative(struct tow_arena *a, long long at, long long now)
{
	long long s = (now - at) / US_PER_S;
	if (s > -1 && s < 1)
		return "now";
	long long whole = (s < 0 ? -s : s) * US_PER_S;
	const char *length =
		s > -10 && s < 10 ? tow_fmt(a, "%lld s", s < 0 ? -s : s) : when_duration(a, whole);
	return s < 0 ? tow_fmt(a, "in %s", length) : tow_fmt(a, "%s ago", length);
}

static bool is_whole(double n)
{
	double off = n - (double)(long long)(n + 0.5);
	return n > 0.5 && off < 1e-6 * n && off > -1e-6 * n;
}

const char *when_pace(struct tow_arena *a, double rate)
{
	static const struct {
		double s;
		const char *unit;
	} paces[] = { { 1, "s" }, { 60, "min" }, { 3600, "h" } };
	size_t n = sizeof paces / sizeof *paces, i = 0;
	while (i < n && !is_whole(rate * paces[i].s))
		i++;
	if (i < n)
		return tow_fmt(a, "%.0f/%s", rate * paces[i].s, paces[i].unit);
	for (i = 0; i + 1 < n && rate * paces[i].s < 1;)
		i++;
	return tow_fmt(a, "%.3g/%s", rate * paces[i].s, paces[i].unit);
}

const char *when_iso(struct tow_arena *a, const char *text)
{
	struct tm tm;
	long long fraction;
	int offset;
	if (!read_instant(text, &tm, &fraction, &offset))
		return text;
	size_t zone = strcspn(text + 19, "+-") + 19;
	bool full = strchr(text + zone, ':') != NULL;
	return tow_fmt(a, "%.10sT%.*s%s%s", text, (int)zone - 11, text + 11, text + zone,
		       full ? "" : ":00");
}

const char *when_clock(struct tow_arena *a, const char *text, long long now)
{
	long long at;
	if (!when_parse(text, &at))
		return text;
	long long distance = at < now ? now - at : at - now;
	int zone = (int)strcspn(text + 11, "+-");
	return distance < us_per_day / 2 ? tow_fmt(a, "%.*s", zone < 12 ? zone : 12, text + 11)
					 : tow_fmt(a, "%.19s", text);
}
