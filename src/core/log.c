#include "tow/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tow/json.h"
#include "tow/mem.h"
#include "tow/proc.h"

#define SAID_FOR_US 60000000

static struct {
	const char *who;
	enum tow_level most;
	bool json, journal;
} settings = { .who = "tow", .most = TOW_INFO };

static const char *const level_names[] = {
	[TOW_ERROR] = "error",
	[TOW_WARN] = "warn",
	[TOW_INFO] = "info",
	[TOW_DEBUG] = "debug",
};
enum { N_LEVELS = sizeof level_names / sizeof *level_names };

/* systemd names the stream that it gave us; a redirected stderr is not the journal any more. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char mine[64];
	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(mine, sizeof mine, "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return strcmp(stream, mine) == 0;
}

void tow_log_setup(const char *who, const char *format, enum tow_level most)
{
	settings.who = who;
	settings.most = most;
	settings.json = format && strcmp(format, "json") == 0;
	settings.journal = stderr_is_journal();
}

bool tow_level_parse(const char *name, enum tow_level *level)
{
	for (size_t i = 0; i < N_LEVELS; i++) {
		if (strcasecmp(name, level_names[i]) == 0) {
			*level = (enum tow_level)i;
			return true;
		}
	}
	return false;
}

const char *tow_level_name(enum tow_level level)
{
	return level_names[level];
}

/* --- fields
 *
 * The pairs are told apart by the format, not by what the values turn out to be: its spaces and
 * quotes are replaced by marks before the values go in, so that no value can end its pair. */

enum { MARK_PAIR = '\x1e', MARK_QUOTE = '\x1f' };

struct field {
	const char *key, *value;
	bool text; /* given in quotes: never a number, even if it looks like one */
};

static char *mark(struct tow_arena *a, const char *fmt)
{
	char *marked = tow_strdup(a, fmt);
	bool quoted = false;
	for (char *p = marked; *p; p++) {
		if (*p == '%') { /* a flag may be a space or a quote */
			p++;
			p += strspn(p, "#0- +'");
			if (!*p)
				break;
		} else if (*p == '\'') {
			quoted = !quoted;
			*p = MARK_QUOTE;
		} else if (*p == ' ' && !quoted) {
			*p = MARK_PAIR;
		}
	}
	return marked;
}

static struct field field_of(char *pair)
{
	char *equals = strchr(pair, '=');
	if (!equals)
		return (struct field){ "note", pair, true };
	*equals = '\0';
	char *value = equals + 1;
	size_t n = strlen(value);
	bool text = *value == MARK_QUOTE;
	if (text && n > 1 && value[n - 1] == MARK_QUOTE)
		value[n - 1] = '\0';
	return (struct field){ pair, value + text, text };
}

enum { MOST_FIELDS = 32 };

static size_t split(char *all, struct field fields[MOST_FIELDS])
{
	size_t n = 0;
	for (char *pair = all, *next; pair && n < MOST_FIELDS; pair = next) {
		next = strchr(pair, MARK_PAIR);
		if (next)
			*next++ = '\0';
		if (*pair)
			fields[n++] = field_of(pair);
	}
	return n;
}

/* --- one line */

static void add_time(struct tow_buf *b)
{
	struct timespec now;
	struct tm utc;
	char text[32];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
	tow_buf_addf(b, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

static bool plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == '\'' || *s == '"' || *s == '\\' ||
		    *s == '=' || *s == 0x7f)
			return false;
	return true;
}

static void add_text_value(struct tow_buf *b, const struct field *f)
{
	if (!f->text && *f->value && plain(f->value)) {
		tow_buf_adds(b, f->value);
		return;
	}
	tow_buf_addc(b, '\'');
	for (const char *s = f->value; *s; s++) {
		if (*s == '\'' || *s == '\\')
			tow_buf_addf(b, "\\%c", *s);
		else if (*s == '\n')
			tow_buf_adds(b, "\\n");
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			tow_buf_addf(b, "\\x%02x", (unsigned)*s);
		else
			tow_buf_addc(b, *s);
	}
	tow_buf_addc(b, '\'');
}

static void text_line(struct tow_buf *b, enum tow_level level, const char *event,
		      const struct field *fields, size_t n)
{
	if (!settings.journal) {
		add_time(b);
		tow_buf_addc(b, ' ');
	}
	tow_buf_addf(b, "%s %s", level_names[level], event);
	for (size_t i = 0; i < n; i++) {
		tow_buf_addf(b, " %s=", fields[i].key);
		add_text_value(b, &fields[i]);
	}
}

static bool is_json_word(const struct field *f)
{
	TOW_AUTO_JSON *v = NULL;
	if (f->text || *f->value == '"' || *f->value == '{' || *f->value == '[' || !*f->value)
		return false;
	return tow_json_parse(&v, f->value, strlen(f->value), NULL);
}

static void add_member(struct tow_buf *b, const char *key, const char *value)
{
	tow_json_quote(b, key, strlen(key));
	tow_buf_addc(b, ':');
	tow_json_quote(b, value, strlen(value));
}

static void json_line(struct tow_buf *b, enum tow_level level, const char *event,
		      const struct field *fields, size_t n)
{
	tow_buf_addc(b, '{');
	if (!settings.journal) {
		tow_buf_adds(b, "\"time\":\"");
		add_time(b);
		tow_buf_adds(b, "\",");
	}
	add_member(b, "level", level_names[level]);
	tow_buf_addc(b, ',');
	add_member(b, "who", settings.who);
	tow_buf_addc(b, ',');
	add_member(b, "event", event);
	for (size_t i = 0; i < n; i++) {
		tow_buf_addc(b, ',');
		if (!is_json_word(&fields[i])) {
			add_member(b, fields[i].key, fields[i].value);
			continue;
		}
		tow_json_quote(b, fields[i].key, strlen(fields[i].key));
		tow_buf_addf(b, ":%s", fields[i].value);
	}
	tow_buf_addc(b, '}');
}

/* One write, so that lines of several processes do not mix. A stderr that takes nothing is nobody's
 * failure. */
static void emit(enum tow_level level, const char *event, const struct field *fields, size_t n)
{
	static const int priorities[] = {
		[TOW_ERROR] = 3, [TOW_WARN] = 4, [TOW_INFO] = 6, [TOW_DEBUG] = 7
	};
	TOW_AUTO_BUF b = { 0 };
	if (settings.journal)
		tow_buf_addf(&b, "<%d>", priorities[level]);
	if (settings.json)
		json_line(&b, level, event, fields, n);
	else
		text_line(&b, level, event, fields, n);
	tow_buf_addc(&b, '\n');
	while (write(STDERR_FILENO, b.data, b.len) < 0 && errno == EINTR)
		;
}

static char *vformat(struct tow_arena *a, const char *fmt, va_list args) TOW_PRINTF(2, 0);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the caller's own, checked there */
static char *vformat(struct tow_arena *a, const char *fmt, va_list args)
{
	const char *marked = mark(a, fmt);
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, marked, args);
	char *all = tow_alloc(a, n < 0 ? 1 : (size_t)n + 1);
	if (n > 0)
		vsnprintf(all, (size_t)n + 1, marked, again);
	va_end(again);
	return all;
}
#pragma GCC diagnostic pop

void tow_log(enum tow_level level, const char *event, const char *fields, ...)
{
	TOW_AUTO_ARENA a = { 0 };
	struct field list[MOST_FIELDS];
	size_t n = 0;
	if (level > settings.most)
		return;
	if (fields) {
		va_list args;
		va_start(args, fields);
		n = split(vformat(&a, fields, args), list);
		va_end(args);
	}
	emit(level, event, list, n);
}

/* times: how often it failed since that was last said; 0: that goes without saying. */
static void say_err(enum tow_level level, const char *event, const struct tow_err *e,
		    unsigned long times)
{
	struct field list[5];
	char count[24];
	size_t n = 0;
	if (level > settings.most)
		return;
	snprintf(count, sizeof count, "%lu", times);
	list[n++] = (struct field){ "code", tow_code_name(e->code), false };
	if (*e->class)
		list[n++] = (struct field){ "class", e->class, true };
	list[n++] = (struct field){ "error", e->text, true };
	if (*e->hint)
		list[n++] = (struct field){ "hint", e->hint, true };
	if (times)
		list[n++] = (struct field){ "times", count, false };
	emit(level, event, list, n);
}

void tow_log_err(enum tow_level level, const char *event, const struct tow_err *e)
{
	say_err(level, event, e, 0);
}

/* Of the class and the words, without numbers: ports, ids and times differ each time. */
static unsigned long long reason_of(const struct tow_err *e)
{
	unsigned long long hash = 14695981039346656037ULL;
	const char *const said[] = { e->class, e->text };
	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		for (const char *c = said[i]; *c; c++)
			if (i == 0 || *c < '0' || *c > '9')
				hash = (hash ^ (unsigned char)*c) * 1099511628211ULL;
	return hash;
}

/* Its place, or that of the one that was said longest ago, which is forgotten. */
static struct tow_reason *place_of(struct tow_repeat *r, unsigned long long what)
{
	struct tow_reason *oldest = &r->reasons[0];
	for (size_t i = 0; i < TOW_REASONS; i++) {
		struct tow_reason *one = &r->reasons[i];
		if (one->said_us != 0 && one->what == what)
			return one;
		if (one->said_us < oldest->said_us)
			oldest = one;
	}
	*oldest = (struct tow_reason){ .what = what };
	return oldest;
}

void tow_log_again(enum tow_level level, const char *event, const struct tow_err *e,
		   struct tow_repeat *r)
{
	long long now = tow_mono_us();
	struct tow_reason *reason = place_of(r, reason_of(e));
	reason->times++;
	if (reason->said_us != 0 && now - reason->said_us < SAID_FOR_US)
		return;
	say_err(level, event, e, reason->times > 1 ? reason->times : 0);
	reason->said_us = now;
	reason->times = 0;
}
