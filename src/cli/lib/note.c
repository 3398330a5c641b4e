#include "note.h"

#include <stdio.h>

#include "text.h"

static bool say(struct cli *c, const struct tow_rows *rows, const char *how)
{
	const char *text = tow_rows_at(rows, 0, 0);
	fflush(stdout); /* what was done is said before */
	if (text)
		fprintf(stderr, "tow: %s: %s\n", how, text_clean(&c->arena, text));
	return text;
}

void note_said(struct cli *c, const struct tow_rows *rows)
{
	(void)say(c, rows, "note");
}

bool note_unserved(struct cli *c, const char *kind, const char *queue)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err ignored = { 0 };
	if (cli_has(c, "quiet") || cli_has(c, "json") || (!kind && !queue) ||
	    !tow_call(c->db, &rows, &ignored, "tow.unserved", kind, queue))
		return false;
	return say(c, rows, "warning");
}

void note_unheard(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err ignored = { 0 };
	const char *kind = cli_option(c, "kind"), *queue = cli_option(c, "queue");
	if ((kind || queue) && !cli_has(c, "json") &&
	    tow_call(c->db, &rows, &ignored, "tow.unheard", kind, queue))
		say(c, rows, "note");
}
