#include "note.h"

#include <stdio.h>

#include "text.h"

void note_unserved(struct cli *c, const char *kind, const char *queue)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err ignored = { 0 };
	if (cli_has(c, "quiet") || cli_has(c, "json") || (!kind && !queue) ||
	    !tow_call(c->db, &rows, &ignored, "tow.unserved", kind, queue))
		return;
	const char *text = tow_rows_at(rows, 0, 0);
	fflush(stdout); /* what was done is said before */
	if (text)
		fprintf(stderr, "tow: note: %s\n", text_clean(&c->arena, text));
}
