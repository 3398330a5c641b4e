/* Text on a terminal: how wide it is, made harmless, cut, coloured. What a job says is somebody
 * else's text: it must not move the cursor or change the title of a window. */
#ifndef TOW_CLI_TEXT_H
#define TOW_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tow/mem.h"

enum colour { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, BLUE };

/* How a stream wants it. */
struct look {
	bool colour; /* a terminal, and NO_COLOR is not set */
	int width;   /* of the terminal in columns; 0: not a terminal, nothing is cut */
};
struct look text_look(FILE *f);

/* On one line: control characters become blanks, bad UTF-8 becomes U+FFFD. */
const char *text_clean(struct tow_arena *a, const char *s);

/* The same of what may be very long: the beginning, and how much there is. */
const char *text_excerpt(struct tow_arena *a, const char *s);

int text_width(const char *s); /* columns, of clean text */

/* As many characters as fit into width columns; an ellipsis stands for the rest. */
const char *text_cut(struct tow_arena *a, const char *s, int width);

const char *text_on(const struct look *l, enum colour c); /* "" when there is no colour */
const char *text_off(const struct look *l, enum colour c);

/* What a state, a status or a log level looks like. */
enum colour text_colour_of(const char *word);

/* "[#####.....]", width columns in all. */
const char *text_bar(struct tow_arena *a, double pct, int width);

#endif
