/* A picture of text: rows of coloured pieces. Made without knowing where it goes: to a full screen,
 * or printed once. */
#ifndef TOW_CLI_FRAME_H
#define TOW_CLI_FRAME_H

#include <stddef.h>
#include <stdio.h>

#include "text.h"
#include "tow/mem.h"

struct piece {
	int row;
	enum colour colour;
	bool chosen; /* the row under the cursor */
	const char *text;
};

struct frame {
	struct tow_arena *arena;
	struct piece *pieces;
	size_t n, size;
	int rows; /* so many are finished */
	bool chosen;
};

/* Adds to the present row; the text is made harmless. */
void frame_put(struct frame *f, enum colour colour, const char *fmt, ...) TOW_PRINTF(3, 4);
/* A cell of a fixed width, cut or padded; a negative width puts it on the right. */
void frame_cell(struct frame *f, enum colour colour, int width, const char *text);
void frame_end_row(struct frame *f);

void frame_print(FILE *out, const struct frame *f);

#endif
