/* Memory: an arena per job, request or turn, emptied at its end; nothing in it is freed by hand.
 * Out of memory aborts: a slot is disposable, and no caller could do better. */
#ifndef TOW_MEM_H
#define TOW_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "tow/err.h"

struct tow_block;
struct tow_arena {
	struct tow_block *last;
};

void *tow_alloc(struct tow_arena *a, size_t size);    /* zeroed, aligned for any type */
char *tow_strdup(struct tow_arena *a, const char *s); /* NULL stays NULL */
char *tow_strndup(struct tow_arena *a, const char *s, size_t n);
char *tow_fmt(struct tow_arena *a, const char *fmt, ...) TOW_PRINTF(2, 3);
const char *tow_bytes(struct tow_arena *a, long long n); /* for people: "999 B", "1.5 GB" */
void tow_arena_reset(
	struct tow_arena *a); /* everything goes; one block is kept for the next turn */
void tow_arena_release(struct tow_arena *a); /* everything goes */

/* A growing byte buffer; data is always followed by a NUL that len does not count. */
struct tow_buf {
	char *data;
	size_t len, size;
};

void tow_buf_add(struct tow_buf *b, const void *data, size_t n);
void tow_buf_adds(struct tow_buf *b, const char *s);
void tow_buf_addc(struct tow_buf *b, char c);
void tow_buf_addf(struct tow_buf *b, const char *fmt, ...) TOW_PRINTF(2, 3);
void tow_buf_eat(struct tow_buf *b, size_t n); /* drop n bytes from the front */
void tow_buf_reset(struct tow_buf *b);
void tow_buf_release(struct tow_buf *b);

/* Heap memory for what outlives every arena; aborts instead of returning NULL. */
void *tow_xcalloc(size_t n, size_t size);
void *tow_xrealloc(void *p, size_t size);
char *tow_xstrdup(const char *s);

void tow_closep(int *fd); /* closes and sets -1; a negative one is left alone */
void tow_freep(void *p);  /* p is the address of a pointer */
#define TOW_AUTO_FD    __attribute__((cleanup(tow_closep))) int
#define TOW_AUTO_FREE  __attribute__((cleanup(tow_freep)))
#define TOW_AUTO_ARENA __attribute__((cleanup(tow_arena_release))) struct tow_arena
#define TOW_AUTO_BUF   __attribute__((cleanup(tow_buf_release))) struct tow_buf

#endif
