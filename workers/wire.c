/* Frames: see wire.h. */
#include "wire.h"

#include <string.h>

#define HEADER	  5 /* the length of what follows it, and the type */
#define LARGEST	  (512u << 20)
#define TEXT_NULL UINT32_MAX

size_t wire_begin(struct tow_buf *b, enum wire_type type)
{
	size_t at = b->len;
	uint32_t len = 0;

	tow_buf_add(b, &len, sizeof(len));
	tow_buf_addc(b, (char)type);
	return at;
}

void wire_put(struct tow_buf *b, int64_t number)
{
	tow_buf_add(b, &number, sizeof(number));
}

void wire_put_text(struct tow_buf *b, const char *text, size_t len)
{
	uint32_t n = text ? (uint32_t)len : TEXT_NULL;

	tow_buf_add(b, &n, sizeof(n));
	if (!text)
		return;
	tow_buf_add(b, text, len);
	tow_buf_addc(b, '\0');
}

void wire_end(struct tow_buf *b, size_t at)
{
	uint32_t len = (uint32_t)(b->len - at - HEADER);

	memcpy(b->data + at, &len, sizeof(len));
}

void wire_signal(struct tow_buf *b, enum wire_type type)
{
	wire_end(b, wire_begin(b, type));
}

enum wire_state wire_next(const struct tow_buf *b, size_t *from, struct wire_frame *f)
{
	uint32_t len;

	if (b->len - *from < HEADER)
		return WIRE_PARTIAL;
	memcpy(&len, b->data + *from, sizeof(len));
	if (len > LARGEST)
		return WIRE_BROKEN;
	if (b->len - *from < HEADER + (size_t)len)
		return WIRE_PARTIAL;
	*f = (struct wire_frame){
		.type = (enum wire_type)b->data[*from + HEADER - 1],
		.at = b->data + *from + HEADER,
		.end = b->data + *from + HEADER + len,
	};
	*from += HEADER + len;
	return WIRE_WHOLE;
}

static bool take(struct wire_frame *f, void *to, size_t n)
{
	if (f->bad || (size_t)(f->end - f->at) < n) {
		f->bad = true;
		return false;
	}
	memcpy(to, f->at, n);
	f->at += n;
	return true;
}

int64_t wire_get(struct wire_frame *f)
{
	int64_t number = 0;

	return take(f, &number, sizeof(number)) ? number : 0;
}

const char *wire_get_text(struct wire_frame *f, size_t *len)
{
	const char *text = NULL;
	uint32_t n = 0;

	if (len)
		*len = 0;
	if (!take(f, &n, sizeof(n)) || n == TEXT_NULL)
		return NULL;
	if ((size_t)(f->end - f->at) < (size_t)n + 1 || f->at[n] != '\0') {
		f->bad = true;
		return NULL;
	}
	text = f->at;
	f->at += (size_t)n + 1;
	if (len)
		*len = n;
	return text;
}
