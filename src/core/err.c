#include "tow/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* What was cut off must still be UTF-8, because these texts end in columns and JSON. */
static void drop_half_character(char *s)
{
	size_t end = strlen(s), start = end;
	while (start > 0 && end - start < 4 && ((unsigned char)s[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return;
	unsigned char lead = (unsigned char)s[start - 1];
	size_t follow = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
	if (follow > end - start)
		s[start - 1] = '\0';
}

static void format(char *out, size_t size, const char *fmt, va_list args) TOW_PRINTF(3, 0);

static void format(char *out, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(out, size, fmt, args);
	if (n < 0)
		out[0] = '\0';
	else if ((size_t)n >= size)
		drop_half_character(out);
}

/* By way of a copy: the arguments may be parts of the very error that is being filled in. */
static void fill(struct tow_err *e, enum tow_code code, const char *class, const char *fmt,
		 va_list args) TOW_PRINTF(4, 0);

static void fill(struct tow_err *e, enum tow_code code, const char *class, const char *fmt,
		 va_list args)
{
	struct tow_err made = { .code = code };
	snprintf(made.class, sizeof made.class, "%s", class);
	format(made.text, sizeof made.text, fmt, args);
	*e = made;
}

void tow_err_fail(struct tow_err *e, enum tow_code code, const char *class, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	if (e)
		fill(e, code, class ? class : "", fmt, args);
	va_end(args);
}

void tow_err_wrap(struct tow_err *e, const char *fmt, ...)
{
	if (!e)
		return;
	char context[sizeof e->text], whole[2 * sizeof e->text + 2];
	va_list args;
	va_start(args, fmt);
	format(context, sizeof context, fmt, args);
	va_end(args);
	snprintf(whole, sizeof whole, "%s: %s", context, e->text);
	if (snprintf(e->text, sizeof e->text, "%s", whole) >= (int)sizeof e->text)
		drop_half_character(e->text);
}

void tow_err_hint(struct tow_err *e, const char *fmt, ...)
{
	if (!e)
		return;
	char hint[sizeof e->hint];
	va_list args;
	va_start(args, fmt);
	format(hint, sizeof hint, fmt, args);
	va_end(args);
	memcpy(e->hint, hint, sizeof hint);
}

const char *tow_code_name(enum tow_code code)
{
	static const char *const names[] = {
		[TOW_OK] = "ok",
		[TOW_RETRY] = "retry",
		[TOW_FINAL] = "final",
		[TOW_CANCELLED] = "cancelled",
		[TOW_SHUTDOWN] = "shutdown",
		[TOW_BUG] = "bug",
	};
	return (size_t)code < sizeof names / sizeof *names ? names[code] : "unknown";
}

/* Classes by how they begin; the first that fits counts. */
static int exit_of_final(const char *class)
{
	static const struct {
		const char *start;
		int status;
	} table[] = {
		{ "usage", EX_USAGE },	     { "TW404", EX_NOINPUT },
		{ "3D", EX_UNAVAILABLE },    { "3F", EX_UNAVAILABLE },
		{ "57P03", EX_UNAVAILABLE }, { "28", EX_NOPERM },
		{ "42501", EX_NOPERM },	     { "08", EX_UNAVAILABLE },
		{ "fs.ENOENT", EX_NOINPUT }, { "fs.EACCES", EX_NOPERM },
		{ "fs.", EX_IOERR },	     { "proc.", EX_OSERR },
		{ "http.", EX_UNAVAILABLE },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strncmp(class, table[i].start, strlen(table[i].start)) == 0)
			return table[i].status;
	return EX_DATAERR;
}

/* No connection, or a server that is starting or stopping: trying again helps, but there is no
 * service now. */
static bool is_unreachable(const char *class)
{
	return strncmp(class, "08", strlen("08")) == 0 || strcmp(class, "57P03") == 0;
}

int tow_err_exit(const struct tow_err *e)
{
	switch (e->code) {
	case TOW_OK:
		return EX_OK;
	case TOW_RETRY:
		return is_unreachable(e->class) ? EX_UNAVAILABLE : EX_TEMPFAIL;
	case TOW_CANCELLED:
	case TOW_SHUTDOWN:
		return EX_TEMPFAIL;
	case TOW_FINAL:
		return exit_of_final(e->class);
	case TOW_BUG:
		break;
	}
	return EX_SOFTWARE;
}
