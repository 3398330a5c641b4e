#include "tow/mem.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_BLOCK = 8 * 1024, LARGEST_BLOCK = 1024 * 1024 };

struct tow_block {
	struct tow_block *before;
	size_t size, used;
	alignas(max_align_t) char data[];
};

_Noreturn static void out_of_memory(void)
{
	static const char text[] = "tow: out of memory\n";
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
		abort();
	abort();
}

/* --- the heap */

void *tow_xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *tow_xrealloc(void *p, size_t size)
{
	void *q = realloc(p, size ? size : 1);
	if (!q)
		out_of_memory();
	return q;
}

char *tow_xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;
	return memcpy(tow_xcalloc(n, 1), s, n);
}

/* --- the arena */

static struct tow_block *block_new(size_t size)
{
	if (size > PTRDIFF_MAX - sizeof(struct tow_block))
		out_of_memory();
	struct tow_block *b = malloc(sizeof *b + size);
	if (!b)
		out_of_memory();
	*b = (struct tow_block){ .size = size };
	return b;
}

/* A large request gets a block of its own behind the last one, whose rest stays in use. */
static struct tow_block *block_for(struct tow_arena *a, size_t size)
{
	struct tow_block *last = a->last;
	if (last && last->size - last->used >= size)
		return last;
	size_t next = !last			    ? FIRST_BLOCK
		      : last->size >= LARGEST_BLOCK ? LARGEST_BLOCK
						    : 2 * last->size;
	struct tow_block *b = block_new(size > next ? size : next);
	if (last && size > next) {
		b->before = last->before;
		last->before = b;
	} else {
		b->before = last;
		a->last = b;
	}
	return b;
}

void *tow_alloc(struct tow_arena *a, size_t size)
{
	const size_t unit = alignof(max_align_t);
	if (size > PTRDIFF_MAX - unit)
		out_of_memory();
	size_t rounded = size ? (size + unit - 1) / unit * unit : unit;
	struct tow_block *b = block_for(a, rounded);
	void *p = b->data + b->used;
	b->used += rounded;
	return memset(p, 0, rounded);
}

char *tow_strdup(struct tow_arena *a, const char *s)
{
	return s ? tow_strndup(a, s, strlen(s)) : NULL;
}

char *tow_strndup(struct tow_arena *a, const char *s, size_t n)
{
	if (!s)
		return NULL;
	size_t len = strnlen(s, n);
	return memcpy(tow_alloc(a, len + 1), s, len);
}

char *tow_fmt(struct tow_arena *a, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	size_t size = n < 0 ? 1 : (size_t)n + 1;
	char *s = tow_alloc(a, size);
	if (n > 0)
		vsnprintf(s, size, fmt, again);
	va_end(again);
	return s;
}

const char *tow_bytes(struct tow_arena *a, long long n)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double size = (double)n;
	size_t unit = 0;
	while (size >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
		size /= 1000;
		unit++;
	}
	return tow_fmt(a, size < 9.95 && unit > 0 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

/* One block of the usual sizes stays; what a single huge job needed goes back to the system. */
void tow_arena_reset(struct tow_arena *a)
{
	struct tow_block *keep = NULL;
	for (struct tow_block *b = a->last, *before; b; b = before) {
		before = b->before;
		if (!keep && b->size <= LARGEST_BLOCK)
			keep = b;
		else
			free(b);
	}
	if (keep) {
		keep->before = NULL;
		keep->used = 0;
	}
	a->last = keep;
}

void tow_arena_release(struct tow_arena *a)
{
	for (struct tow_block *b = a->last, *before; b; b = before) {
		before = b->before;
		free(b);
	}
	a->last = NULL;
}

/* --- the buffer */

static void buf_reserve(struct tow_buf *b, size_t more)
{
	if (more >= PTRDIFF_MAX - b->len)
		out_of_memory();
	size_t need = b->len + more + 1;
	if (need <= b->size)
		return;
	size_t size = b->size ? b->size : 64;
	while (size < need)
		size += size / 2;
	b->data = tow_xrealloc(b->data, size);
	b->size = size;
}

void tow_buf_add(struct tow_buf *b, const void *data, size_t n)
{
	buf_reserve(b, n);
	if (n > 0)
		memcpy(b->data + b->len, data, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void tow_buf_adds(struct tow_buf *b, const char *s)
{
	tow_buf_add(b, s, strlen(s));
}

void tow_buf_addc(struct tow_buf *b, char c)
{
	tow_buf_add(b, &c, 1);
}

void tow_buf_addf(struct tow_buf *b, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n > 0) {
		buf_reserve(b, (size_t)n);
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void tow_buf_eat(struct tow_buf *b, size_t n)
{
	if (n >= b->len) {
		tow_buf_reset(b);
		return;
	}
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
}

void tow_buf_reset(struct tow_buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

void tow_buf_release(struct tow_buf *b)
{
	free(b->data);
	*b = (struct tow_buf){ 0 };
}

/* --- cleanup */

void tow_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void tow_freep(void *p)
{
	void **at = p;
	free(*at);
	*at = NULL;
}
