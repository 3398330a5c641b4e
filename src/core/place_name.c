#include <string.h>
#include <strings.h>

#include "placing.h"
#include "utf8.h"

enum { LONGEST_EXTENSION = 16, SHORTEST_NAME = 16 };

/* Where the extension begins, with its dot; the end where there is none. "Dr. No" has none. */
static size_t extension(const char *name, size_t len)
{
	const char *dot = memrchr(name, '.', len);
	size_t at = dot ? (size_t)(dot - name) : len;
	size_t plain = strspn(name + at + (at < len),
			      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	if (at == 0 || at + 1 >= len || at + 1 + plain != len || plain >= LONGEST_EXTENSION)
		return len;
	return at;
}

/* The most bytes, up to max, that end with a whole character. */
static size_t whole(const char *s, size_t max)
{
	size_t len = strlen(s), at = 0;

	if (len <= max)
		return len;
	for (;;) {
		size_t n = utf8_len((const unsigned char *)s + at, len - at);

		n = n ? n : 1;
		if (at + n > max)
			return at;
		at += n;
	}
}

char *place_fit(struct tow_arena *a, const char *name, const char *middle, size_t max)
{
	size_t dot = extension(name, strlen(name));
	size_t rest = strlen(middle) + strlen(name + dot);
	size_t room = max > rest ? max - rest : 0;
	size_t stem = dot > room ? whole(name, room) : dot;

	return tow_fmt(a, "%.*s%s%s", (int)stem, name, middle, name + dot);
}

/* Control characters, those of 8 bits too, and what some file system takes for something else. */
static bool is_refused(const unsigned char *s, size_t len)
{
	if (len == 2)
		return s[0] == 0xc2 && s[1] < 0xa0;
	return len == 1 && (*s < 0x20 || *s == 0x7f || strchr("\\/:*?\"<>|", *s));
}

/* Windows keeps these for devices, in any case and with any extension, and takes superscript digits
 * for digits. */
static bool is_reserved(const char *name)
{
	static const char *const names[] = { "con", "prn", "aux", "nul", "conin$", "conout$" };
	static const char *const ports[] = { "com", "lpt" };
	size_t len = strcspn(name, ".");

	while (len > 0 && name[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0)
			return true;
	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
		if (len < 4 || strncasecmp(name, ports[i], 3) != 0)
			continue;
		if (len == 4 && name[3] >= '0' && name[3] <= '9')
			return true;
		if (len == 5 && name[3] == '\xc2' && strchr("\xb9\xb2\xb3", name[4]))
			return true;
	}
	return false;
}

static char *without_end(char *name)
{
	size_t len = strlen(name);

	while (len > 0 && (name[len - 1] == '.' || name[len - 1] == ' '))
		name[--len] = '\0';
	return name;
}

char *tow_place_name(struct tow_arena *a, const char *name, size_t room, bool raw)
{
	size_t max = room + SHORTEST_NAME < PLACE_NAME_MAX ? PLACE_NAME_MAX - room : SHORTEST_NAME;
	size_t len = strlen(name);
	TOW_AUTO_BUF b = { 0 };
	char *made;

	for (size_t i = 0; i < len;) {
		const unsigned char *s = (const unsigned char *)name + i;
		size_t n = utf8_len(s, len - i);

		if (n == 0 && !raw)
			tow_buf_addf(&b, "%%%02X", *s);
		else if (is_refused(s, n))
			tow_buf_addc(&b, '_');
		else
			tow_buf_add(&b, s, n ? n : 1);
		i += n ? n : 1;
	}
	made = without_end(tow_strdup(a, b.data ? b.data : ""));
	made = without_end(place_fit(a, made, "", max));
	if (*made && !is_reserved(made))
		return made;
	return without_end(place_fit(a, tow_fmt(a, "_%s", made), "", max));
}

/*--- bytes as text: 0x80 to 0xff are U+EF80 to U+EFFF, "\xee\xbe\x80" to "\xee\xbf\xbf" */

static bool stands_for_byte(const unsigned char *s, size_t len)
{
	return len == 3 && s[0] == 0xee && s[1] >= 0xbe;
}

char *tow_place_text(struct tow_arena *a, const char *bytes)
{
	size_t len = bytes ? strlen(bytes) : 0;
	TOW_AUTO_BUF b = { 0 };

	for (size_t i = 0; i < len;) {
		const unsigned char *s = (const unsigned char *)bytes + i;
		size_t n = utf8_len(s, len - i);

		if (n == 0 || stands_for_byte(s, n)) {
			tow_buf_add(&b,
				    (char[]){ '\xee', (char)(0xbc | *s >> 6),
					      (char)(0x80 | (*s & 0x3f)) },
				    3);
			n = 1;
		} else {
			tow_buf_add(&b, s, n);
		}
		i += n;
	}
	return bytes ? tow_strndup(a, b.len ? b.data : "", b.len) : NULL;
}

char *tow_place_bytes(struct tow_arena *a, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	TOW_AUTO_BUF b = { 0 };

	for (size_t i = 0; i < len;) {
		const unsigned char *s = (const unsigned char *)text + i;
		size_t n = utf8_len(s, len - i);

		if (stands_for_byte(s, n))
			tow_buf_addc(&b, (char)((s[1] & 3) << 6 | (s[2] & 0x3f)));
		else
			tow_buf_add(&b, s, n ? n : 1);
		i += n ? n : 1;
	}
	return text ? tow_strndup(a, b.len ? b.data : "", b.len) : NULL;
}
