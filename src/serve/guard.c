#include "guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tow/http.h"

enum { COOKIE_S = 30 * 24 * 3600 };

/* Browsers leave the port out that is the scheme's own. */
static size_t origin_length(const char *url, size_t len)
{
	const char *port = strncmp(url, "https:", 6) == 0 ? ":443" : ":80";
	size_t n = strlen(port);
	return len > n && strncmp(url + len - n, port, n) == 0 ? len - n : len;
}

bool guard_public(struct guard *g, struct tow_arena *a, const char *url, struct tow_err *e)
{
	const char *host = strncmp(url, "https://", 8) == 0  ? url + 8
			   : strncmp(url, "http://", 7) == 0 ? url + 7
							     : NULL;
	size_t len = host ? strcspn(host, "/?#") : 0;
	size_t end;
	if (len == 0 || strpbrk(host, "?#@ "))
		return tow_fail(e, TOW_FINAL, "bad address '%s': https://HOST[:PORT][/PATH]", url);
	end = strlen(host + len);
	while (end > 0 && host[len + end - 1] == '/')
		end--;
	g->origin = tow_strndup(a, url, origin_length(url, (size_t)(host - url) + len));
	g->prefix = tow_strndup(a, host + len, end);
	return true;
}

const char *guard_path(const struct guard *g, const char *target)
{
	size_t n = strlen(g->prefix);
	return n && strncmp(target, g->prefix, n) == 0 && (!target[n] || strchr("/?", target[n]))
		       ? target + n
		       : target;
}

/* --- names */

static size_t name_length(const char *host)
{
	const char *end = *host == '[' ? strchr(host, ']') : NULL;
	return end ? (size_t)(end + 1 - host) : strcspn(host, ":");
}

static bool is_name(const char *host, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(host, name, len) == 0;
}

static bool is_number(const char *host, size_t len)
{
	return *host == '[' || strspn(host, "0123456789.") == len;
}

static bool is_public(const struct guard *g, const char *host)
{
	const char *public = g->origin ? strstr(g->origin, "://") + 3 : NULL;
	size_t len = name_length(host);
	return public && name_length(public) == len && strncasecmp(public, host, len) == 0;
}

bool guard_host(const struct guard *g, const struct http_request *q, struct tow_err *e)
{
	const char *host = q->host;
	size_t len;
	if (!host || !*host)
		return tow_fail_class(e, TOW_FINAL, "TW400", "the request has no Host");
	len = name_length(host);
	if (is_number(host, len) || is_name(host, len, "localhost") || is_public(g, host))
		return true;
	for (const char *const *h = g->hosts; h && *h; h++)
		if (is_name(host, len, *h))
			return true;
	tow_fail_class(e, TOW_FINAL, "TW421", "this server is not called '%.*s'", (int)len, host);
	return tow_hint(e, "start tow serve with --host %.*s if it is", (int)len, host);
}

/* --- where it comes from */

/* Under its public name it has one origin: what comes from there in the clear may be anybody's. */
static bool is_our_page(const struct guard *g, const char *origin, const char *host)
{
	const char *of = strstr(origin, "://");
	if (g->origin && strcasecmp(origin, g->origin) == 0)
		return true;
	return of && host && strcasecmp(of + 3, host) == 0 && !is_public(g, host);
}

bool guard_origin(const struct guard *g, const struct http_request *q, struct tow_err *e)
{
	const char *origin = http_header(q, "Origin");
	const char *site = http_header(q, "Sec-Fetch-Site");
	if (origin ? is_our_page(g, origin, q->host) : site && strcmp(site, "same-origin") == 0)
		return true;
	tow_fail_class(e, TOW_FINAL, "TW403", "a page of another site asks: %s",
		       origin ? origin : "it does not say which");
	return tow_hint(e, "programs send Authorization: Bearer TOKEN instead of a cookie");
}

static bool is_address(const char *text)
{
	struct in6_addr ignored;
	return inet_pton(AF_INET, text, &ignored) == 1 || inet_pton(AF_INET6, text, &ignored) == 1;
}

/* "192.0.2.1:80" and "[2001:db8::1]:80", as some proxies write. */
static const char *without_port(struct tow_arena *a, const char *text)
{
	const char *colon = strchr(text, ':');
	size_t len = strcspn(text, " \t");
	if (*text == '[')
		return tow_strndup(a, text + 1, strcspn(text + 1, "]"));
	if (colon && !strchr(colon + 1, ':'))
		len = (size_t)(colon - text);
	return tow_strndup(a, text, len);
}

/* A proxy stands before all: its own address is nobody's who is to be shut out. */
const char *guard_client(const struct guard *g, const struct http_request *q)
{
	const char *hops = g->origin ? http_last_header(q, "X-Forwarded-For") : NULL;
	const char *comma = hops ? strrchr(hops, ',') : NULL;
	const char *last = comma ? comma + 1 : hops;
	if (!g->origin)
		return http_from(q);
	last = last ? without_port(q->arena, last + strspn(last, " \t")) : "";
	return is_address(last) ? last : "unknown";
}

/* --- tokens */

const char *guard_name(const struct guard *g, struct tow_arena *a, int port)
{
	const char *host = g->origin ? strstr(g->origin, "://") + 3 : "",
		   *said = host + name_length(host);
	if (*said == ':')
		return tow_fmt(a, "tow_session_%s", said + 1);
	return tow_fmt(a, "tow_session_%d", !g->origin ? port : g->origin[4] == 's' ? 443 : 80);
}

static const char *cookie(const struct guard *g, const struct http_request *q)
{
	const char *c = http_header(q, "Cookie");
	size_t n = strlen(g->cookie);
	while (c && *c) {
		c += strspn(c, " ;");
		if (strncmp(c, g->cookie, n) == 0 && c[n] == '=')
			return tow_strndup(q->arena, c + n + 1, strcspn(c + n + 1, "; "));
		c += strcspn(c, ";");
	}
	return NULL;
}

bool guard_token(const struct guard *g, const struct http_request *q, bool does, const char **token,
		 struct tow_err *e)
{
	static const char bearer[] = "Bearer ";
	const char *said = http_header(q, "Authorization");
	const char *secret = NULL;
	if (said && strncasecmp(said, bearer, sizeof bearer - 1) == 0)
		secret = said + sizeof bearer - 1 + strspn(said + sizeof bearer - 1, " ");
	else if ((secret = cookie(g, q)) && does && !guard_origin(g, q, e))
		return false;
	*token = secret ? tow_sha256_hex(q->arena, secret, strlen(secret)) : NULL;
	return true;
}

const char *guard_cookie(const struct guard *g, struct tow_arena *a, const char *secret)
{
	return tow_fmt(a, "%s=%s; Path=%s/; Max-Age=%d; HttpOnly; SameSite=Strict%s", g->cookie,
		       secret ? secret : "", g->prefix, secret ? COOKIE_S : 0,
		       g->origin && strncmp(g->origin, "https:", 6) == 0 ? "; Secure" : "");
}
