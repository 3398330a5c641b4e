#include "tow/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	TIMEOUT_MS = 60 * 1000,
	MAX_BYTES = 8 * 1024 * 1024,
	MOST_HEADERS = 128,
	TURN_MS = 250,
	PART_BYTES = 64 * 1024 /* that the library reads at once */
};

struct intake {
	struct tow_arena *arena;
	struct tow_buf body;
	const char **headers;
	size_t n_headers, max_bytes;
	bool too_long;
};

/* An answer in parts. */
struct stream {
	struct tow_http_request q;
	struct curl_slist *headers;
	struct intake in;
	bool begun, ended;
	CURLcode end;
};

struct tow_http {
	CURL *curl;
	CURLM *multi; /* made for the first stream */
	struct stream stream;
};

bool tow_http_open(struct tow_http **h, struct tow_err *e)
{
	CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
	if (!curl)
		return tow_fail_class(e, TOW_RETRY, "http.library",
				      "cannot start the HTTP library");
	curl_easy_setopt(curl, CURLOPT_COOKIEFILE, ""); /* no file: cookies are kept in memory */
	*h = tow_xcalloc(1, sizeof **h);
	(*h)->curl = curl;
	return true;
}

void tow_http_close(struct tow_http *h)
{
	if (!h)
		return;
	tow_http_drop(h);
	curl_multi_cleanup(h->multi);
	curl_easy_cleanup(h->curl);
	curl_global_cleanup();
	free(h);
}

/* --- what comes in */

static size_t take_body(char *data, size_t one, size_t n, void *arg)
{
	struct intake *in = arg;
	(void)one; /* 1, says the library */
	if (n > in->max_bytes - in->body.len) {
		in->too_long = true;
		return 0;
	}
	tow_buf_add(&in->body, data, n);
	return n;
}

/* A status line begins the headers anew: what came before belongs to an interim answer (1xx) or to
 * a proxy. A line too many is dropped. */
static size_t take_header(char *data, size_t one, size_t n, void *arg)
{
	struct intake *in = arg;
	size_t len = n;
	(void)one;
	while (len > 0 && strchr("\r\n \t", data[len - 1]))
		len--;
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
		in->n_headers = 0;
	else if (len > 0 && in->n_headers < MOST_HEADERS)
		in->headers[in->n_headers++] = tow_strndup(in->arena, data, len);
	in->headers[in->n_headers] = NULL;
	return n;
}

/* --- the address */

static void freep_url(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void freep_part(char **part)
{
	curl_free(*part);
}

#define AUTO_PART __attribute__((cleanup(freep_part))) char

/* For messages: without user, password and query, which may hold secrets. */
static const char *shown(struct tow_arena *a, const char *url)
{
	__attribute__((cleanup(freep_url))) CURLU *u = curl_url();
	AUTO_PART *whole = NULL;
	if (!u || curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
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

/* Looked at here and not left to the library, which says "unsupported protocol" of a strange answer
 * too. */
static bool read_url(const char *url, bool *loopback, struct tow_err *e)
{
	__attribute__((cleanup(freep_url))) CURLU *u = curl_url();
	AUTO_PART *scheme = NULL;
	AUTO_PART *host = NULL;
	if (!u || curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK || !*host)
		return tow_fail_class(e, TOW_FINAL, "http.url",
				      "an address that is no http:// or https:// URL");
	if (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0)
		return tow_fail_class(e, TOW_FINAL, "http.url",
				      "'%s' is not spoken here, only http and https", scheme);
	*loopback = names_loopback(host);
	return true;
}

/* --- what goes out */

static void freep_list(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static bool add_header(struct curl_slist **list, const char *line, struct tow_err *e)
{
	/* A line break would smuggle in a header, or a request, of somebody else's making. */
	if (strpbrk(line, "\r\n"))
		return tow_fail_class(e, TOW_FINAL, "http.header",
				      "a header may not hold a line break");
	struct curl_slist *longer = curl_slist_append(*list, line);
	if (!longer)
		return tow_fail(e, TOW_RETRY, "out of memory");
	*list = longer;
	return true;
}

static bool make_headers(struct curl_slist **list, const struct tow_http_request *q,
			 struct tow_err *e)
{
	/* Waiting for "100 Continue" costs a second with servers that never say it. */
	if (!add_header(list, "Expect:", e))
		return false;
	for (const char *const *line = q->headers; line && *line; line++)
		if (!add_header(list, *line, e))
			return false;
	return true;
}

/* HTTPGET undoes what an earlier request has set. The library's reset would too, but it loses a
 * little memory each time when cookies are kept. */
static void set_method(CURL *c, const struct tow_http_request *q)
{
	const char *method = q->method ? q->method : "GET";
	bool post = strcmp(method, "POST") == 0, head = strcmp(method, "HEAD") == 0;
	curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	if (head)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	if (q->body || post) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body ? q->body : "");
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)(q->body ? q->body_len : 0));
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, post || head ? NULL : method);
}

/* A redirect is an answer: following it would carry the caller's headers to another host. */
static void set_manners(CURL *c, const struct tow_http_request *q, bool loopback)
{
	curl_easy_setopt(c, CURLOPT_URL, q->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "towpath/" TOW_VERSION);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* What runs here is never behind a proxy; NULL lets the environment say. */
	curl_easy_setopt(c, CURLOPT_PROXY, loopback ? "" : NULL);
}

/* The library reads up to a hundred times before it looks at the rate again; 1024 is its least. */
static long part_bytes(long long rate)
{
	long long bytes = rate > 0 ? rate / 100 * TURN_MS / 1000 : PART_BYTES;
	return (long)(bytes < 1024 ? 1024 : bytes < PART_BYTES ? bytes : PART_BYTES);
}

/* What is asked at once, and what comes in parts. */
static void set_pace(CURL *c, const struct tow_http_request *q, bool parts)
{
	long whole_ms = q->timeout_ms > 0 ? q->timeout_ms : TIMEOUT_MS,
	     stall_ms = q->stall_ms > 0 ? q->stall_ms : TIMEOUT_MS;
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, parts ? 0L : whole_ms);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, parts ? stall_ms : 0L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, parts ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (stall_ms + 999) / 1000);
	curl_easy_setopt(c, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)(parts ? q->rate : 0));
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, part_bytes(parts ? q->rate : 0));
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, parts ? NULL : "");
}

static void set_intake(CURL *c, struct intake *in)
{
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, in);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, in);
}

/* --- what can go wrong */

struct verdict {
	CURLcode curl;
	enum tow_code code;
	const char *class;
};

static struct verdict judge(CURLcode curl)
{
	static const struct verdict table[] = {
		{ CURLE_URL_MALFORMAT, TOW_FINAL, "http.url" },
		{ CURLE_COULDNT_RESOLVE_HOST, TOW_RETRY, "http.resolve" },
		{ CURLE_COULDNT_RESOLVE_PROXY, TOW_RETRY, "http.resolve" },
		{ CURLE_COULDNT_CONNECT, TOW_RETRY, "http.connect" },
		{ CURLE_OPERATION_TIMEDOUT, TOW_RETRY, "http.timeout" },
		{ CURLE_PEER_FAILED_VERIFICATION, TOW_FINAL, "http.tls" },
		{ CURLE_SSL_CACERT_BADFILE, TOW_FINAL, "http.tls" },
		{ CURLE_SSL_CONNECT_ERROR, TOW_RETRY, "http.tls" },
		{ CURLE_GOT_NOTHING, TOW_RETRY, "http.closed" },
		{ CURLE_PARTIAL_FILE, TOW_RETRY, "http.closed" },
		{ CURLE_RECV_ERROR, TOW_RETRY, "http.closed" },
		{ CURLE_SEND_ERROR, TOW_RETRY, "http.closed" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].curl == curl)
			return table[i];
	return (struct verdict){ curl, TOW_RETRY, "http.protocol" };
}

/* The host that is called, and at which port where the address says so. */
static const char *host_of(struct tow_arena *a, const char *url)
{
	__attribute__((cleanup(freep_url))) CURLU *u = curl_url();
	AUTO_PART *host = NULL;
	AUTO_PART *port = NULL;
	if (!u || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return "?";
	curl_url_get(u, CURLUPART_PORT, &port, 0);
	return tow_fmt(a, "%s%s%s", host, port ? ":" : "", port ? port : "");
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);
	return value && *value;
}

/* The variable by which a proxy may be asked instead; NULL: none is. Which hosts are not asked by
 * it, and whether one was, the library keeps to itself. */
static const char *proxy_of(const char *url)
{
	static const char *const of_http[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL },
				 *const of_https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
						       "ALL_PROXY", NULL };
	__attribute__((cleanup(freep_url))) CURLU *u = curl_url();
	AUTO_PART *host = NULL;
	AUTO_PART *scheme = NULL;
	if (!u || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK || names_loopback(host))
		return NULL;
	const char *const *name = strcasecmp(scheme, "https") == 0 ? of_https : of_http;
	while (*name && !is_set(*name))
		name++;
	return *name;
}

/* Why there was never anybody to ask; NULL: there was, for all that is known. */
static const char *unreached(CURL *c, CURLcode curl)
{
	const char *reached = NULL;
	long error = 0;
	curl_easy_getinfo(c, CURLINFO_PRIMARY_IP, &reached);
	curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &error);
	if (curl == CURLE_COULDNT_RESOLVE_HOST || curl == CURLE_COULDNT_RESOLVE_PROXY)
		return "nobody knows where a host of this name is";
	if (curl == CURLE_COULDNT_CONNECT)
		return error ? strerror((int)error) : "it takes no connection";
	return curl == CURLE_OPERATION_TIMEDOUT && !(reached && *reached) ? "it does not answer"
									  : NULL;
}

static const char *whom(struct tow_arena *a, const char *url, CURLcode curl)
{
	const char *host = host_of(a, url), *proxy = proxy_of(url);
	if (proxy && curl == CURLE_COULDNT_RESOLVE_PROXY)
		return tow_fmt(a, "the proxy that %s names", proxy);
	if (proxy && curl != CURLE_COULDNT_RESOLVE_HOST)
		return tow_fmt(a, "the host '%s', or the proxy that %s names,", host, proxy);
	return tow_fmt(a, "the host '%s'", host);
}

static bool fail_ask(struct tow_err *e, struct tow_http *h, const struct tow_http_request *q,
		     const struct intake *in, CURLcode curl)
{
	const char *method = q->method ? q->method : "GET", *url = shown(in->arena, q->url);
	if (in->too_long)
		return tow_fail_class(e, TOW_FINAL, "http.too_long",
				      "%s '%s': the answer is longer than %zu bytes", method, url,
				      in->max_bytes);
	struct verdict v = judge(curl);
	const char *why = unreached(h->curl, curl);
	if (why)
		return tow_fail_class(e, v.code, v.class, "%s cannot be reached: %s",
				      whom(in->arena, q->url, curl), why);
	return tow_fail_class(e, v.code, v.class, "%s '%s': %s", method, url,
			      curl_easy_strerror(curl));
}

/* --- asking */

static void fill_answer(struct tow_http_answer *answer, CURL *c, struct intake *in)
{
	char *body = tow_alloc(in->arena, in->body.len + 1);
	if (in->body.len > 0)
		memcpy(body, in->body.data, in->body.len);
	*answer = (struct tow_http_answer){ .headers = in->headers,
					    .body = body,
					    .body_len = in->body.len };
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer->status);
}

bool tow_http_ask(struct tow_http *h, struct tow_arena *a, const struct tow_http_request *q,
		  struct tow_http_answer *answer, struct tow_err *e)
{
	__attribute__((cleanup(freep_list))) struct curl_slist *headers = NULL;
	struct intake in = { .arena = a, .max_bytes = q->max_bytes ? q->max_bytes : MAX_BYTES };
	in.headers = tow_alloc(a, (MOST_HEADERS + 1) * sizeof *in.headers);
	bool loopback = false;
	tow_http_drop(h);
	if (!read_url(q->url, &loopback, e) || !make_headers(&headers, q, e))
		return false;
	set_manners(h->curl, q, loopback);
	set_method(h->curl, q);
	set_pace(h->curl, q, false);
	set_intake(h->curl, &in);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	CURLcode code = curl_easy_perform(h->curl);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	if (code == CURLE_OK)
		fill_answer(answer, h->curl, &in);
	tow_buf_release(&in.body);
	return code == CURLE_OK || fail_ask(e, h, q, &in, code);
}

/* --- asking, and hearing in parts */

void tow_http_drop(struct tow_http *h)
{
	struct stream *s = &h->stream;
	if (s->begun)
		curl_multi_remove_handle(h->multi, h->curl);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(s->headers);
	tow_buf_release(&s->in.body);
	*s = (struct stream){ 0 };
}

bool tow_http_begin(struct tow_http *h, struct tow_arena *a, const struct tow_http_request *q,
		    struct tow_err *e)
{
	struct stream *s = &h->stream;
	bool loopback = false;
	tow_http_drop(h);
	s->q = *q;
	s->q.url = tow_strdup(a, q->url);
	s->in = (struct intake){ .arena = a, .max_bytes = SIZE_MAX };
	s->in.headers = tow_alloc(a, (MOST_HEADERS + 1) * sizeof *s->in.headers);
	if (!read_url(q->url, &loopback, e) || !make_headers(&s->headers, q, e))
		return false;
	set_manners(h->curl, q, loopback);
	set_method(h->curl, q);
	set_pace(h->curl, q, true);
	set_intake(h->curl, &s->in);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, s->headers);
	if (!h->multi)
		h->multi = curl_multi_init();
	s->begun = h->multi && curl_multi_add_handle(h->multi, h->curl) == CURLM_OK;
	return s->begun || tow_fail_class(e, TOW_RETRY, "http.library", "cannot begin a request");
}

static bool turn(struct tow_http *h, struct tow_err *e)
{
	struct stream *s = &h->stream;
	int running = 0, left;
	CURLMcode code = curl_multi_perform(h->multi, &running);
	if (code == CURLM_OK && running && s->in.body.len == 0)
		code = curl_multi_poll(h->multi, NULL, 0, TURN_MS, NULL);
	if (code == CURLM_OK && running && s->in.body.len == 0)
		code = curl_multi_perform(h->multi, &running);
	if (code != CURLM_OK)
		return tow_fail_class(e, TOW_RETRY, "http.library", "%s",
				      curl_multi_strerror(code));
	for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left));) {
		s->ended = true;
		s->end = m->data.result;
	}
	return true;
}

/* What came before an answer broke off is worth having: the failure is told after it. */
bool tow_http_more(struct tow_http *h, struct tow_http_answer *answer, bool *over,
		   struct tow_err *e)
{
	struct stream *s = &h->stream;
	tow_buf_reset(&s->in.body);
	if (!s->ended && !turn(h, e))
		return false;
	if (s->ended && s->end != CURLE_OK && s->in.body.len == 0)
		return fail_ask(e, h, &s->q, &s->in, s->end);
	*answer = (struct tow_http_answer){ .headers = s->in.headers,
					    .body = s->in.body.data ? s->in.body.data : "",
					    .body_len = s->in.body.len };
	*over = s->ended && s->end == CURLE_OK;
	if (*over || s->in.body.len > 0)
		curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	return true;
}

const char *tow_http_leads_to(struct tow_http *h)
{
	char *url = NULL;
	curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &url);
	return url;
}
