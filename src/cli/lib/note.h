/* A word about what is no error but looks like a slip. */
#ifndef TOW_CLI_NOTE_H
#define TOW_CLI_NOTE_H

#include "cli.h"

#define OPTION_QUIET                                                            \
	{                                                                       \
		"quiet", NULL, "no note about a kind or queue without a worker" \
	}

/* Says on stderr, unless --quiet or --json was given, that no live worker knows the kind or serves
 * the queue; NULL: not asked. One call of the database; that it fails is nobody's trouble. The
 * command's options must have OPTION_QUIET. Whether there was something to say. */
bool note_unserved(struct cli *c, const char *kind, const char *queue);

/* The same for who looked for jobs and found none: that there is no queue of the name in --queue,
 * or that nobody knows --kind. */
void note_unheard(struct cli *c);

/* What an answer of one value says, as a note; nothing where that is null. */
void note_said(struct cli *c, const struct tow_rows *rows);

#endif
