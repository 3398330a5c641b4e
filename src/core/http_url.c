#include "http_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "inside.h"

enum { PROXY_PORT = 1080, PROXY_TLS_PORT = 443 }; /* of one that says none */

static void freep_url(CURLU **u)
{
	curl_url_cleanup(*u);
}
#define AUTO_URL __attribute__((cleanup(freep_url))) CURLU

static void freep_part(char **part)
{
	curl_free(*part);
}
#define AUTO_PART __attribute__((cleanup(freep_part))) char

const char *http_url_shown(struct tow_arena *a, const char *text)
{
	AUTO_URL *u = curl_url();
	AUTO_PART *whole = NULL;
	if (!u || curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return "an address that cannot be read";
	curl_url_set(u, CURLUPART_USER, NULL, 0);
	curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(u, CURLUPART_OPTIONS, NULL, 0);
	curl_url_set(u, CURLUPART_QUERY, NULL, 0);
	curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	if (curl_url_get(u, CURLUPART_URL, &whole, 0) != CURLUE_OK)
		return "an address that cannot be read";
	return tow_strdup(a, whole);
}

static bool names_loopback(const char *host)
{
	struct in_addr v4;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

const char *http_url_host(struct tow_arena *a, const char *text)
{
	AUTO_URL *u = curl_url();
	AUTO_PART *host = NULL;
	AUTO_PART *port = NULL;
	if (!u || curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return "?";
	curl_url_get(u, CURLUPART_PORT, &port, 0);
	return tow_fmt(a, "%s%s%s", host, port ? ":" : "", port ? port : "");
}

/* --- proxies */

static bool is_set(const char *name)
{
	const char *value = getenv(name);
	return value && *value;
}

static const char *proxy_of(const char *scheme, const char *host)
{
	static const char *const of_http[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL },
				 *const of_https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
						       "ALL_PROXY", NULL };
	const char *const *name = strcasecmp(scheme, "https") == 0 ? of_https : of_http;
	while (*name && !is_set(*name))
		name++;
	return names_loopback(host) ? NULL : *name;
}

const char *http_url_proxy(const char *text)
{
	AUTO_URL *u = curl_url();
	AUTO_PART *host = NULL;
	AUTO_PART *scheme = NULL;
	if (!u || curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		return NULL;
	return proxy_of(scheme, host);
}

static int port_of_proxy(const char *variable)
{
	const unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME;
	AUTO_URL *u = curl_url();
	AUTO_PART *scheme = NULL;
	AUTO_PART *port = NULL;
	if (!variable || !u || curl_url_set(u, CURLUPART_URL, getenv(variable), flags) != CURLUE_OK)
		return 0;
	if (curl_url_get(u, CURLUPART_PORT, &port, 0) == CURLUE_OK)
		return atoi(port);
	curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
	return scheme && strcasecmp(scheme, "https") == 0 ? PROXY_TLS_PORT : PROXY_PORT;
}

/* --- reading */

bool http_url_read(const char *text, struct http_url *url, struct tow_err *e)
{
	AUTO_URL *u = curl_url();
	AUTO_PART *scheme = NULL;
	AUTO_PART *host = NULL;
	if (!u || curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK || !*host)
		return tow_fail_class(e, TOW_FINAL, "http.url",
				      "an address that is no http:// or https:// URL");
	if (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0)
		return tow_fail_class(e, TOW_FINAL, "http.url",
				      "'%s' is not spoken here, only http and https", scheme);
	url->loopback = names_loopback(host);
	url->inside = url->loopback || inside_digits(host);
	url->proxy_port = port_of_proxy(proxy_of(scheme, host));
	return true;
}

const char *http_url_joined(struct tow_arena *a, const char *from, const char *to)
{
	AUTO_URL *u = curl_url();
	AUTO_PART *whole = NULL;
	if (!u || curl_url_set(u, CURLUPART_URL, from, 0) != CURLUE_OK ||
	    curl_url_set(u, CURLUPART_URL, to, CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE) !=
		    CURLUE_OK ||
	    curl_url_get(u, CURLUPART_URL, &whole, 0) != CURLUE_OK)
		return NULL;
	return tow_strdup(a, whole);
}
