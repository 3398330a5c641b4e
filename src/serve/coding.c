#include "coding.h"

#include <string.h>
#include <zlib.h>

enum { WORTH_IT = 1024, LEVEL = 1, GZIP = 16 };

/* "gzip", not "gzip;q=0". */
static bool wants_gzip(const struct http_request *q)
{
	const char *accepts = http_header(q, "Accept-Encoding");
	const char *at = accepts ? strstr(accepts, "gzip") : NULL;
	return at && strncmp(at + strlen("gzip"), ";q=0", 4) != 0;
}

static bool compress_body(struct tow_arena *a, struct http_reply *r)
{
	z_stream z = { .next_in = (Bytef *)(size_t)r->body, .avail_in = (uInt)r->len };
	Bytef *out;
	size_t room;
	int done;
	if (deflateInit2(&z, LEVEL, Z_DEFLATED, MAX_WBITS + GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	room = deflateBound(&z, r->len);
	out = tow_alloc(a, room);
	z.next_out = out;
	z.avail_out = (uInt)room;
	done = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	if (done != Z_STREAM_END || z.total_out >= r->len)
		return false;
	r->body = out;
	r->len = z.total_out;
	return true;
}

void coding_apply(const struct http_request *q, struct http_reply *r)
{
	const char *has = http_header(q, "If-None-Match"), *tag;
	if (r->status != 200)
		return;
	tag = tow_fmt(q->arena, "W/\"%zx-%08lx\"", r->len,
		      crc32(0, (const Bytef *)r->body, (uInt)r->len));
	http_say(r, "ETag", tag);
	http_say(r, "Vary", "Accept-Encoding");
	if (has && strstr(has, tag)) {
		r->status = 304;
		r->body = "";
		r->len = 0;
	} else if (r->len >= WORTH_IT && wants_gzip(q) && compress_body(q->arena, r)) {
		http_say(r, "Content-Encoding", "gzip");
	}
}
