/* What requests are made of: forms, multipart bodies, base64. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "tow/http.h"

static void add_escaped(struct tow_buf *b, const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text; text++) {
		if (strchr(plain, *text))
			tow_buf_addc(b, *text);
		else
			tow_buf_addf(b, "%%%02X", (unsigned char)*text);
	}
}

char *tow_http_escape(struct tow_arena *a, const char *text)
{
	TOW_AUTO_BUF b = { 0 };

	add_escaped(&b, text);
	return tow_strndup(a, b.len ? b.data : "", b.len);
}

char *tow_http_form(struct tow_arena *a, const struct tow_http_pair *pairs)
{
	TOW_AUTO_BUF b = { 0 };

	for (; pairs->name; pairs++) {
		if (!pairs->value)
			continue;
		if (b.len)
			tow_buf_addc(&b, '&');
		add_escaped(&b, pairs->name);
		tow_buf_addc(&b, '=');
		add_escaped(&b, pairs->value);
	}
	return tow_strndup(a, b.len ? b.data : "", b.len);
}

/* A quote or a line break would end the name early. */
static void add_name(struct tow_buf *b, const char *text)
{
	for (; *text; text++)
		tow_buf_addc(b, strchr("\"\\\r\n", *text) ? '_' : *text);
}

/* Random, so that no content can hold it. */
static const char *boundary(struct tow_arena *a)
{
	uint64_t random[2] = { 0 };

	(void)!getrandom(random, sizeof random, 0);
	return tow_fmt(a, "tow%016llx%016llx", (unsigned long long)random[0],
		       (unsigned long long)random[1]);
}

char *tow_http_multipart(struct tow_arena *a, const struct tow_http_part *parts, size_t *len,
			 const char **type)
{
	TOW_AUTO_BUF b = { 0 };
	const char *edge = boundary(a);
	char *body;

	for (; parts->name; parts++) {
		tow_buf_addf(&b, "--%s\r\nContent-Disposition: form-data; name=\"", edge);
		add_name(&b, parts->name);
		if (parts->filename) {
			tow_buf_adds(&b, "\"; filename=\"");
			add_name(&b, parts->filename);
			tow_buf_adds(&b, "\"\r\nContent-Type: application/octet-stream");
		} else {
			tow_buf_addc(&b, '"');
		}
		tow_buf_adds(&b, "\r\n\r\n");
		tow_buf_add(&b, parts->data, parts->len);
		tow_buf_adds(&b, "\r\n");
	}
	tow_buf_addf(&b, "--%s--\r\n", edge);
	body = tow_alloc(a, b.len + 1);
	memcpy(body, b.data, b.len);
	*len = b.len;
	*type = tow_fmt(a, "Content-Type: multipart/form-data; boundary=%s", edge);
	return body;
}

char *tow_base64(struct tow_arena *a, const void *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = data;
	char *text = tow_alloc(a, (len + 2) / 3 * 4 + 1), *out = text;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)in[i] << 16 | (n > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
				(n > 2 ? in[i + 2] : 0);

		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = n > 1 ? digits[bits >> 6 & 63] : '=';
		*out++ = n > 2 ? digits[bits & 63] : '=';
	}
	return text;
}

char *tow_http_basic(struct tow_arena *a, const char *user, const char *password)
{
	char *both = tow_fmt(a, "%s:%s", user ? user : "", password ? password : "");

	return tow_fmt(a, "Authorization: Basic %s", tow_base64(a, both, strlen(both)));
}

char *tow_hex(struct tow_arena *a, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = data;
	char *text = tow_alloc(a, 2 * len + 1);

	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[in[i] >> 4];
		text[2 * i + 1] = digits[in[i] & 15];
	}
	text[2 * len] = '\0';
	return text;
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

void *tow_unhex(struct tow_arena *a, const char *hex, size_t *len)
{
	unsigned char *out;

	*len = strlen(hex) / 2;
	out = tow_alloc(a, *len + 1);
	for (size_t i = 0; i < *len; i++)
		out[i] = (unsigned char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return out;
}
