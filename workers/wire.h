/* Frames between the dispatcher and a slot: a length, a type, then numbers and texts in the
 * machine's own order (both ends are the same program). */
#ifndef TOW_WORKERS_WIRE_H
#define TOW_WORKERS_WIRE_H

#include <stdint.h>

#include "tow/mem.h"

enum wire_type {
	WIRE_JOB = 1, /* down: job, run, attempt, max attempts, queue, kind, arguments, memory */
	WIRE_WAKE,    /* up: look at the board */
	WIRE_OUTCOME, /* up: number, as, final, delay in us (-1 none), class, error, detail, result,
			 what it waits for, that one's name, jobs to spawn */
	WIRE_LOG,     /* up: number, level, line */
	WIRE_STEP,    /* up: number, name, result; the board has the answer */
	WIRE_DRAIN,   /* up: a job has left output; read all of it, then board_set_drained */
};

/* Ten years and more: no delay that a slot hands on is longer. */
#define WIRE_DELAY_MOST_US (11LL * 366 * 86400 * 1000000)

/* Texts are kept with a NUL that their length does not count; NULL is a text too. */
size_t wire_begin(struct tow_buf *b, enum wire_type type);
void wire_put(struct tow_buf *b, int64_t number);
void wire_put_text(struct tow_buf *b, const char *text, size_t len);
void wire_end(struct tow_buf *b, size_t at);
void wire_signal(struct tow_buf *b, enum wire_type type); /* a frame without fields */

struct wire_frame {
	enum wire_type type;
	const char *at, *end; /* what is left to read */
	bool bad;	      /* something was read that is not there */
};

enum wire_state { WIRE_PARTIAL, WIRE_WHOLE, WIRE_BROKEN };

/* The frame that begins at *from, if all of it is there: *from moves behind it. */
enum wire_state wire_next(const struct tow_buf *b, size_t *from, struct wire_frame *f);
int64_t wire_get(struct wire_frame *f);
const char *wire_get_text(struct wire_frame *f, size_t *len);

#endif
