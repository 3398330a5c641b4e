#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fetching.h"
#include "tow/place.h"

enum { ROOM = 32 }; /* behind a name: ".part", a suffix, and what an import adds */

/*--- ranges */

struct range {
	long long from, total; /* -1: not said */
};

static struct range range_of(const struct tow_http_answer *answer)
{
	const char *said = tow_http_header(answer, "Content-Range");
	struct range r = { -1, -1 };
	long long to;

	if (!said || strncasecmp(said, "bytes ", 6) != 0)
		return r;
	said += 6;
	if (sscanf(said, "%lld-%lld/%lld", &r.from, &to, &r.total) == 3 ||
	    sscanf(said, "*/%lld", &r.total) == 1)
		return r;
	r.total = -1;
	return r;
}

long long fetch_size(const struct tow_http_answer *answer)
{
	const char *length = tow_http_header(answer, "Content-Length");

	if (answer->status == 206)
		return range_of(answer).total;
	return length && *length >= '0' && *length <= '9' ? strtoll(length, NULL, 10) : -1;
}

/*--- is it the same file? */

static bool is_weak(const char *etag)
{
	return strncmp(etag, "W/", 2) == 0;
}

const char *fetch_validator(const struct fetch_memo *memo)
{
	return memo->etag && !is_weak(memo->etag) ? memo->etag : memo->modified;
}

static const char *bare(const char *etag)
{
	return is_weak(etag) ? etag + 2 : etag;
}

/* Asked of a server that may not have looked at If-Range. */
static bool is_same(const struct fetch_memo *memo, const struct tow_http_answer *answer)
{
	const char *etag = tow_http_header(answer, "ETag"),
		   *modified = tow_http_header(answer, "Last-Modified");

	if (memo->etag && etag)
		return strcmp(bare(memo->etag), bare(etag)) == 0;
	return !memo->modified || !modified || strcmp(memo->modified, modified) == 0;
}

/* A date that is the answer's own says nothing: the file may change in the same second again. */
void fetch_read_head(struct tow_arena *a, const struct tow_http_answer *answer,
		     struct fetch_memo *memo)
{
	const char *modified = tow_http_header(answer, "Last-Modified"),
		   *date = tow_http_header(answer, "Date");

	memo->etag = tow_strdup(a, tow_http_header(answer, "ETag"));
	memo->modified =
		modified && date && strcmp(modified, date) == 0 ? NULL : tow_strdup(a, modified);
	memo->size = fetch_size(answer);
}

/*--- what to do */

static enum fetch_step step_of_range(const struct fetch_memo *memo, long long at,
				     const struct tow_http_answer *answer)
{
	struct range r = range_of(answer);

	if (at == 0)
		return r.from == 0 ? STEP_WHOLE : STEP_REFUSED;
	if (r.from != at || !is_same(memo, answer) ||
	    (memo->size >= 0 && r.total >= 0 && r.total != memo->size))
		return STEP_ANEW;
	return STEP_GO_ON;
}

enum fetch_step fetch_step(const struct fetch_memo *memo, long long at,
			   const struct tow_http_answer *answer)
{
	if (tow_http_is_redirect(answer))
		return STEP_ELSEWHERE;
	if (answer->status == 200 || answer->status == 203)
		return STEP_WHOLE;
	if (answer->status == 206)
		return step_of_range(memo, at, answer);
	if (answer->status != 416 || at == 0)
		return STEP_REFUSED;
	return memo->size < 0 && range_of(answer).total == at && is_same(memo, answer)
		       ? STEP_HAVE_ALL
		       : STEP_ANEW;
}

/*--- names */

static int digit(char c)
{
	return c >= '0' && c <= '9'		    ? c - '0'
	       : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
						    : -1;
}

/* %XX become bytes, all but a NUL. latin: they are characters of ISO 8859-1. */
static char *decoded(struct tow_arena *a, const char *text, size_t len, bool latin)
{
	TOW_AUTO_BUF b = { 0 };

	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && i + 2 < len ? digit(text[i + 1]) : -1,
		    low = high >= 0 ? digit(text[i + 2]) : -1,
		    c = low >= 0 ? high * 16 + low : (unsigned char)text[i];

		i += low >= 0 ? 2 : 0;
		if (latin && c >= 0x80) {
			tow_buf_addc(&b, (char)(0xc0 | c >> 6));
			c = 0x80 | (c & 0x3f);
		}
		tow_buf_addc(&b, c ? (char)c : '_');
	}
	return tow_strdup(a, b.data ? b.data : "");
}

/* RFC 8187: charset'language'text. */
static char *extended(struct tow_arena *a, const char *value)
{
	const char *language = strchr(value, '\''),
		   *text = language ? strchr(language + 1, '\'') : NULL;
	bool latin = strncasecmp(value, "ISO-8859-1'", 11) == 0;

	if (!text || (!latin && strncasecmp(value, "UTF-8'", 6) != 0))
		return NULL;
	return decoded(a, text + 1, strlen(text + 1), latin);
}

/* A token, or a text in quotes; *at comes to stand behind it. */
static char *value_at(struct tow_arena *a, const char **at)
{
	TOW_AUTO_BUF b = { 0 };
	const char *p = *at;

	if (*p == '"') {
		for (p++; *p && *p != '"'; p++) {
			p += *p == '\\' && p[1] ? 1 : 0;
			tow_buf_addc(&b, *p);
		}
		*at = p + strcspn(p, ";");
		return tow_strdup(a, b.data ? b.data : "");
	}
	*at = p + strcspn(p, ";");
	return tow_strndup(a, p, strcspn(p, "; \t"));
}

/* RFC 6266: filename*, else filename. */
static const char *disposed_name(struct tow_arena *a, const char *header)
{
	const char *plain = NULL, *better = NULL;

	for (const char *at = header + strcspn(header, ";"); *at;) {
		size_t len;
		const char *name;
		char *value;

		at += strspn(at, "; \t");
		name = at;
		len = strcspn(at, "=; \t");
		at += len;
		at += strspn(at, " \t");
		if (*at != '=')
			continue;
		at += 1 + strspn(at + 1, " \t");
		value = value_at(a, &at);
		if (len == 9 && strncasecmp(name, "filename*", len) == 0)
			better = extended(a, value);
		else if (len == 8 && strncasecmp(name, "filename", len) == 0)
			plain = value;
	}
	return better ? better : plain;
}

static const char *name_in_url(struct tow_arena *a, const char *url)
{
	const char *host = strstr(url, "://"), *slash;
	size_t len;

	if (!host)
		return NULL;
	host += 3;
	len = strcspn(host, "?#");
	slash = memrchr(host, '/', len);
	return slash ? decoded(a, slash + 1, len - (size_t)(slash + 1 - host), false) : NULL;
}

bool fetch_is_listing(struct tow_arena *a, const struct tow_http_answer *answer, const char *url)
{
	const char *type = tow_http_header(answer, "Content-Type"), *name = name_in_url(a, url);

	return type && strncasecmp(type, "text/html", strlen("text/html")) == 0 &&
	       !tow_http_header(answer, "Content-Disposition") && (!name || !*name);
}

/* The last part of what may be a path, of ours or of Windows'. */
static const char *last_part(const char *name)
{
	for (const char *c = name; c && *c; c++)
		if (*c == '/' || *c == '\\')
			name = c + 1;
	return name;
}

/* No hidden file, and none that is nothing but dots. */
static const char *clean(struct tow_arena *a, const char *name)
{
	const char *part = last_part(name);

	if (!part || !part[strspn(part, ". ")])
		return NULL;
	if (*part == '.')
		part = tow_fmt(a, "_%s", part);
	return tow_place_name(a, part, ROOM, false);
}

const char *fetch_name(struct tow_arena *a, const char *disposition, const char *url,
		       const char *other)
{
	const char *name = disposition ? clean(a, disposed_name(a, disposition)) : NULL;

	if (!name)
		name = clean(a, name_in_url(a, url));
	if (!name)
		name = clean(a, other);
	return name ? name : "download";
}
