#include "text.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* The C library knows characters and their widths only in a UTF-8 locale; text from the database is
 * UTF-8 whatever the user's locale is. */
static void need_utf8(void)
{
	static bool done;
	if (!done && !setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	done = true;
}

static int columns_of(int fd)
{
	struct winsize size;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

struct look text_look(FILE *f)
{
	const char *never = getenv("NO_COLOR"), *term = getenv("TERM");
	bool terminal = isatty(fileno(f));
	return (struct look){
		.colour = terminal && !(never && *never) && !(term && strcmp(term, "dumb") == 0),
		.width = terminal ? columns_of(fileno(f)) : 0,
	};
}

/* The next character; returns its bytes, and U+FFFD for a byte that begins none. */
static size_t next_character(const char *s, wchar_t *c)
{
	mbstate_t state = { 0 };
	size_t n = mbrtowc(c, s, strlen(s), &state);
	if (n == (size_t)-1 || n == (size_t)-2) {
		*c = 0xfffd;
		return 1;
	}
	return n;
}

const char *text_clean(struct tow_arena *a, const char *s)
{
	TOW_AUTO_BUF out = { 0 };
	wchar_t c;
	need_utf8();
	tow_buf_adds(&out, "");
	for (size_t n; *s; s += n) {
		n = next_character(s, &c);
		if (wcwidth(c) < 0)
			tow_buf_addc(&out, ' ');
		else if (c == 0xfffd)
			tow_buf_adds(&out, "\xef\xbf\xbd");
		else
			tow_buf_add(&out, s, n);
	}
	return tow_strdup(a, out.data);
}

const char *text_excerpt(struct tow_arena *a, const char *s)
{
	enum { MOST = 2000 };
	size_t n = strlen(s), at = MOST;
	if (n <= MOST)
		return text_clean(a, s);
	while (at > 0 && ((unsigned char)s[at] & 0xc0) == 0x80)
		at--;
	return tow_fmt(a, "%s ... %zu bytes, --json has all", text_clean(a, tow_strndup(a, s, at)),
		       n);
}

static int character_width(wchar_t c)
{
	int width = wcwidth(c);
	return width < 0 ? 0 : width;
}

int text_width(const char *s)
{
	int width = 0;
	wchar_t c;
	need_utf8();
	for (size_t n; *s; s += n) {
		n = next_character(s, &c);
		width += character_width(c);
	}
	return width;
}

const char *text_cut(struct tow_arena *a, const char *s, int width)
{
	if (text_width(s) <= width)
		return s;
	int used = 0;
	size_t at = 0;
	for (wchar_t c; s[at];) {
		size_t n = next_character(s + at, &c);
		if (used + character_width(c) > width - 1)
			break;
		used += character_width(c);
		at += n;
	}
	return width < 1 ? "" : tow_fmt(a, "%.*s\xe2\x80\xa6", (int)at, s);
}

const char *text_on(const struct look *l, enum colour c)
{
	static const char *const codes[] = {
		[PLAIN] = "",	     [BOLD] = "\033[1m",   [DIM] = "\033[2m",
		[RED] = "\033[31m",  [GREEN] = "\033[32m", [YELLOW] = "\033[33m",
		[BLUE] = "\033[36m",
	};
	return l->colour ? codes[c] : "";
}

const char *text_off(const struct look *l, enum colour c)
{
	return l->colour && c != PLAIN ? "\033[0m" : "";
}

enum colour text_colour_of(const char *word)
{
	static const struct {
		const char *word;
		enum colour colour;
	} table[] = {
		{ "running", BLUE },	{ "completed", GREEN }, { "failed", RED },
		{ "retrying", YELLOW }, { "cancelled", DIM },	{ "cancelling", YELLOW },
		{ "paused", YELLOW },	{ "ok", GREEN },	{ "warn", YELLOW },
		{ "bad", RED },		{ "error", RED },	{ "stderr", YELLOW },
		{ "debug", DIM },	{ "lost", RED },	{ "retried", YELLOW },
		{ "draining", YELLOW }, { "silent", YELLOW },
	};
	for (size_t i = 0; word && i < sizeof table / sizeof *table; i++)
		if (strcmp(table[i].word, word) == 0)
			return table[i].colour;
	return PLAIN;
}

const char *text_bar(struct tow_arena *a, double pct, int width)
{
	int inner = width - 2;
	if (inner < 1)
		return "";
	double part = pct < 0 ? 0 : pct > 100 ? 1 : pct / 100;
	int full = (int)(part * inner + 0.5);
	char *bar = tow_alloc(a, (size_t)width + 1);
	bar[0] = '[';
	memset(bar + 1, '#', (size_t)full);
	memset(bar + 1 + full, '.', (size_t)(inner - full));
	bar[width - 1] = ']';
	return bar;
}
