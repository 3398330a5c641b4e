#include "coding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { WORTH_IT = 1024, LEVEL = 1, GZIP = 16 };

/* "gzip", and "gzip;q=0.5", not "gzip; q=0". */
static bool wants_gzip(const struct http_request *q)
{
	static const char blank[] = " \t";
	const char *accepts = http_header(q, "Accept-Encoding");
	const char *at = accepts ? strcasestr(accepts, "gzip") : NULL;
	if (!at)
		return false;
	at += strlen("gzip");
	at += strspn(at, blank);
	if (*at != ';')
		return true;
	at += 1 + strspn(at + 1, blank);
	return strncasecmp(at, "q=", 2) != 0 || strtod(at + 2, NULL) > 0;
}

/* What would be longer than it was finds no room. */
static void compress_body(struct coded *c, const struct http_reply *r)
{
	z_stream z = { .next_in = (Bytef *)(size_t)r->body,
		       .avail_in = (uInt)r->len,
		       .next_out = (Bytef *)c->packed,
		       .avail_out = (uInt)r->len - 1 };
	if (deflateInit2(&z, LEVEL, Z_DEFLATED, MAX_WBITS + GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	c->len = deflate(&z, Z_FINISH) == Z_STREAM_END ? z.total_out : 0;
	deflateEnd(&z);
}

/* What is kept may go before the answer has been sent. */
static bool pack(struct coded *c, bool kept, const struct http_request *q, struct http_reply *r)
{
	if (!c->packed)
		c->packed = tow_alloc(q->arena, r->len);
	if (!c->tried)
		compress_body(c, r);
	c->tried = true;
	if (c->len == 0)
		return false;
	r->body = kept ? memcpy(tow_alloc(q->arena, c->len), c->packed, c->len) : c->packed;
	r->len = c->len;
	return true;
}

static const char *tag_of(struct coded *c, const struct http_reply *r)
{
	if (!*c->tag)
		snprintf(c->tag, sizeof c->tag, "W/\"%zx-%08lx\"", r->len,
			 crc32(0, (const Bytef *)r->body, (uInt)r->len));
	return c->tag;
}

/* A list of tags, or *. Any form of ours will do: a proxy that compresses may have left W/ out. */
static bool names(const char *list, const char *tag)
{
	const char *opaque = tag + strlen("W/\"");
	size_t n = strcspn(opaque, "\"");
	for (const char *at = list; *at; at += strcspn(at, ",")) {
		at += strspn(at, ", \t");
		if (*at == '*')
			return true;
		at += strncmp(at, "W/", 2) == 0 ? 2 : 0;
		at += *at == '"';
		if (strncmp(at, opaque, n) == 0 && strchr("\", \t", at[n]))
			return true;
	}
	return false;
}

/* Of a 304 nothing but the head is sent, with the length that the body has. */
void coding_apply(const struct http_request *q, struct http_reply *r, struct coded *kept)
{
	struct coded once = { 0 };
	struct coded *c = kept ? kept : &once;
	const char *has = http_header(q, "If-None-Match"), *tag;
	if (r->status != 200)
		return;
	tag = tow_strdup(q->arena, tag_of(c, r)); /* c may go before the answer has been sent */
	http_say(r, "ETag", tag);
	http_say(r, "Vary", "Accept-Encoding");
	r->status = has && names(has, tag) ? 304 : 200;
	if (r->len >= WORTH_IT && wants_gzip(q) && pack(c, kept, q, r) && r->status == 200)
		http_say(r, "Content-Encoding", "gzip");
}
