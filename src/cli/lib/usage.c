#include "usage.h"

#include <stdbool.h>
#include <string.h>

#include "tow/command.h"

static const struct tow_command *find(const char *name)
{
	for (const struct tow_command *const *c = tow_commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static bool is(const char *token, size_t len, const char *word)
{
	return len == strlen(word) && strncmp(token, word, len) == 0;
}

/* What stands in brackets may be left out; verbs are separated by a | of its own. */
const char *usage_word(struct tow_arena *a, const char *command, const char *verb, size_t n)
{
	const struct tow_command *c = find(command);
	const char *s = c ? c->usage : "";
	bool first = true, meant = verb == NULL;
	int depth = 0;
	s += strncmp(s, "tow ", 4) == 0 ? strlen("tow ") + strlen(command) : 0;
	while (*(s += strspn(s, " \n"))) {
		size_t len = strcspn(s, " \n");
		bool optional = depth > 0 || *s == '[';
		for (size_t i = 0; i < len; i++)
			depth += s[i] == '[' ? 1 : s[i] == ']' ? -1 : 0;
		if (is(s, len, "|") && depth == 0) {
			first = true;
		} else if (verb && first) {
			meant = is(s, len, verb);
			first = false;
		} else if (meant && !optional && n-- == 0) {
			return tow_strndup(a, s, len);
		}
		s += len;
	}
	return NULL;
}
