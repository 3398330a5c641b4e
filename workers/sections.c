/* The sections of a worker's file: see sections.h. */
#include "sections.h"

#include <stdlib.h>
#include <string.h>

#include "tow/fs.h"

#define LINE_MOST    190
#define SECTION_MOST 49

struct section section_parse(struct tow_arena *a, const char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strcspn(text, " \t");
	return (struct section){
		.family = tow_strndup(a, text, len),
		.name = tow_strdup(a, text + len + strspn(text + len, " \t")),
	};
}

/* The parser would cut a longer name, and some other queue be served. */
static bool short_section(size_t len, struct tow_err *e)
{
	if (len <= SECTION_MOST)
		return true;
	tow_fail(e, TOW_FINAL, "a section's name is longer than %d bytes", SECTION_MOST);
	return tow_hint(e, "a queue may be named in [worker], too: queue = NAME:SLOTS; a kind "
			   "needs a shorter name");
}

/* The parser takes a longer line for two. */
static bool short_line(size_t len, struct tow_err *e)
{
	if (len <= LINE_MOST)
		return true;
	tow_fail(e, TOW_FINAL, "it is longer than %d bytes", LINE_MOST);
	return tow_hint(e, "go on in the next line, indented; long commands are best a script");
}

static bool add(struct sections *s, struct section new, struct tow_err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct section *old = &s->items[i];

		if (strcmp(old->family, new.family) != 0 || strcmp(old->name, new.name) != 0)
			continue;
		tow_fail(e, TOW_FINAL, "[%s%s%s] is there already, in line %d", new.family,
			 *new.name ? " " : "", new.name, old->line);
		return tow_hint(e, "write all of a section in one place, or choose another name");
	}
	s->items = tow_xrealloc(s->items, (s->n + 1) * sizeof(*s->items));
	s->items[s->n++] = new;
	return true;
}

/* *inside: a setting stands above, which an indented line goes on with, whatever it looks like. */
static bool look_at(struct sections *s, const char *text, size_t len, int n, bool *inside,
		    struct tow_err *e)
{
	const char *line = tow_strndup(&s->arena, text, len), *start = line + strspn(line, " \t\r");
	size_t name_len = strcspn(start + (*start == '['), "]");
	struct section new;

	if (!short_line(len, e))
		return false;
	if (!*start || strchr(";#", *start) || (*inside && start > line))
		return true;
	*inside = *start != '[';
	if (*inside || start[1 + name_len] != ']')
		return true;
	new = section_parse(&s->arena, tow_strndup(&s->arena, start + 1, name_len));
	new.line = n;
	return short_section(name_len, e) && add(s, new, e);
}

bool sections_read(struct sections *s, const char *path, struct tow_err *e)
{
	bool inside = false;
	size_t len;
	char *text;
	int n = 1;

	*s = (struct sections){ 0 };
	if (!tow_fs_read(&s->arena, path, &text, &len, e))
		return false;
	for (const char *at = text; *at; n++) {
		size_t line_len = strcspn(at, "\n");

		if (!look_at(s, at, line_len, n, &inside, e))
			return tow_wrap(e, "'%s' line %d", path, n);
		at += line_len + (at[line_len] == '\n');
	}
	return true;
}

void sections_release(struct sections *s)
{
	free(s->items);
	tow_arena_release(&s->arena);
	*s = (struct sections){ 0 };
}
