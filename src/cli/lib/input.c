#include "input.h"

#include <stdio.h>
#include <string.h>

#include "tow/json.h"

static const char *read_all(struct tow_arena *a, FILE *f)
{
	TOW_AUTO_BUF text = { 0 };
	char part[4096];
	size_t n;
	tow_buf_adds(&text, "");
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		tow_buf_add(&text, part, n);
	return tow_strndup(a, text.data, text.len);
}

bool input_json(struct cli *c, const char *word, const char **json)
{
	TOW_AUTO_JSON *parsed = NULL;
	*json = word && strcmp(word, "-") == 0 ? read_all(&c->arena, stdin) : word;
	if (!*json || tow_json_parse(&parsed, *json, strlen(*json), &c->err))
		return true;
	tow_wrap(&c->err, "the arguments are no JSON");
	return tow_hint(&c->err, "in a shell, put JSON in single quotes: '{\"id\": 7}'");
}
