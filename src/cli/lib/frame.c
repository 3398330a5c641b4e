#include "frame.h"

#include <stdarg.h>
#include <string.h>

static void add(struct frame *f, enum colour colour, const char *text)
{
	if (f->n == f->size) {
		size_t size = f->size ? 2 * f->size : 256;
		struct piece *more = tow_alloc(f->arena, size * sizeof *more);
		if (f->n > 0)
			memcpy(more, f->pieces, f->n * sizeof *more);
		f->pieces = more;
		f->size = size;
	}
	f->pieces[f->n++] = (struct piece){ f->rows, colour, f->chosen, text };
}

void frame_put(struct frame *f, enum colour colour, const char *fmt, ...)
{
	char text[1024];
	va_list list;
	va_start(list, fmt);
	vsnprintf(text, sizeof text, fmt, list);
	va_end(list);
	add(f, colour, text_clean(f->arena, text));
}

void frame_cell(struct frame *f, enum colour colour, int width, const char *text)
{
	bool right = width < 0;
	width = right ? -width : width;
	text = text_cut(f->arena, text_clean(f->arena, text ? text : ""), width);
	int pad = width - text_width(text);
	add(f, colour,
	    tow_fmt(f->arena, "%*s%s%*s  ", right ? pad : 0, "", text, right ? 0 : pad, ""));
}

void frame_end_row(struct frame *f)
{
	f->rows++;
	f->chosen = false;
}

/* Blanks at the end of a row are only padding. */
static void print_row(FILE *out, struct tow_buf *row)
{
	while (row->len > 0 && row->data[row->len - 1] == ' ')
		row->data[--row->len] = '\0';
	fprintf(out, "%s\n", row->len ? row->data : "");
	tow_buf_reset(row);
}

void frame_print(FILE *out, const struct frame *f)
{
	struct look look = text_look(out);
	TOW_AUTO_BUF row = { 0 };
	int at = 0;
	for (size_t i = 0; i < f->n; i++) {
		const struct piece *p = &f->pieces[i];
		for (; at < p->row; at++)
			print_row(out, &row);
		tow_buf_adds(&row, text_on(&look, p->colour));
		tow_buf_adds(&row, p->text);
		tow_buf_adds(&row, text_off(&look, p->colour));
	}
	for (; at < f->rows; at++)
		print_row(out, &row);
}
