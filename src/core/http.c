#include "tow/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http_url.h"
#include "inside.h"

enum {
	TIMEOUT_MS = 60 * 1000,
	MAX_BYTES = 8 * 1024 * 1024,
	MOST_HEADERS = 128,
	MOST_HOPS = 10,
	TURN_MS = 250,
	PART_BYTES = 64 * 1024 /* that the library reads at once */
};

struct intake {
	struct tow_arena *arena;
	struct tow_buf body;
	const char **headers;
	size_t n_headers, taken, max_bytes;
	bool too_long;
};

/* Keeps a request that was led here from outside away from what is inside. */
struct fence {
	int proxy_port; /* a proxy may be inside, and has its own rules; 0: there is none */
	bool met;
};

/* An answer in parts. */
struct stream {
	struct tow_http_request q;
	struct http_url url;
	struct fence fence;
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
	if (n > in->max_bytes - in->taken) {
		in->too_long = true;
		return 0;
	}
	in->taken += n;
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
static void set_manners(CURL *c, const struct tow_http_request *q, const struct http_url *url)
{
	curl_easy_setopt(c, CURLOPT_URL, q->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "towpath/" TOW_VERSION);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* What runs here is never behind a proxy; NULL lets the environment say. */
	curl_easy_setopt(c, CURLOPT_PROXY, url->loopback ? "" : NULL);
}

static int port_of(const struct sockaddr *at)
{
	return ntohs(at->sa_family == AF_INET6 ? ((const struct sockaddr_in6 *)at)->sin6_port
					       : ((const struct sockaddr_in *)at)->sin_port);
}

/* What a name stands for is known here, and nobody has been called yet. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
	struct fence *f = arg;
	(void)purpose;
	if (inside_address(&at->addr) && !(f->proxy_port && port_of(&at->addr) == f->proxy_port)) {
		f->met = true;
		return CURL_SOCKET_BAD;
	}
	return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

/* A connection that is open already has passed no fence. */
static void set_fence(CURL *c, struct fence *f)
{
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, f ? open_socket : NULL);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, f);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, f ? 1L : 0L);
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
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, parts && !q->decode ? NULL : "");
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
	const char *host = http_url_host(a, url), *proxy = http_url_proxy(url);
	if (proxy && curl == CURLE_COULDNT_RESOLVE_PROXY)
		return tow_fmt(a, "the proxy that %s names", proxy);
	if (proxy && curl != CURLE_COULDNT_RESOLVE_HOST)
		return tow_fmt(a, "the host '%s', or the proxy that %s names,", host, proxy);
	return tow_fmt(a, "the host '%s'", host);
}

static bool fail_fence(struct tow_err *e, struct tow_arena *a, const char *url)
{
	tow_fail_class(e, TOW_FINAL, "http.inside",
		       "a host outside leads to '%s', which is one of this network",
		       http_url_host(a, url));
	return tow_hint(e, "no host outside may send us there: if it is right, give that address "
			   "itself");
}

/* Of one that was reached. */
static const char *broken(CURLcode curl)
{
	if (curl == CURLE_PARTIAL_FILE || curl == CURLE_RECV_ERROR)
		return "broke off in the middle of its answer";
	if (curl == CURLE_GOT_NOTHING)
		return "hung up without an answer";
	return curl == CURLE_OPERATION_TIMEDOUT ? "was reached, and then sent nothing for too long"
						: NULL;
}

static bool fail_ask(struct tow_err *e, struct tow_http *h, const struct tow_http_request *q,
		     const struct intake *in, CURLcode curl)
{
	const char *method = q->method ? q->method : "GET",
		   *url = http_url_shown(in->arena, q->url);
	if (in->too_long)
		return tow_fail_class(e, TOW_FINAL, "http.too_long",
				      "%s '%s': the answer is longer than %zu bytes", method, url,
				      in->max_bytes);
	struct verdict v = judge(curl);
	const char *why = unreached(h->curl, curl);
	if (why)
		return tow_fail_class(e, v.code, v.class, "%s cannot be reached: %s",
				      whom(in->arena, q->url, curl), why);
	if (broken(curl))
		return tow_fail_class(e, v.code, v.class, "%s %s", whom(in->arena, q->url, curl),
				      broken(curl));
	return tow_fail_class(e, v.code, v.class, "%s '%s': %s", method, url,
			      curl_easy_strerror(curl));
}

/* Of several addresses of a name one may have been outside, and answered. */
static bool fail_stream(struct tow_err *e, struct tow_http *h)
{
	struct stream *s = &h->stream;
	if (s->fence.met && s->end == CURLE_COULDNT_CONNECT)
		return fail_fence(e, s->in.arena, s->q.url);
	return fail_ask(e, h, &s->q, &s->in, s->end);
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
	struct http_url url;
	tow_http_drop(h);
	if (!http_url_read(q->url, &url, e) || !make_headers(&headers, q, e))
		return false;
	set_manners(h->curl, q, &url);
	set_fence(h->curl, NULL);
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
	tow_http_drop(h);
	s->q = *q;
	s->q.url = tow_strdup(a, q->url);
	s->in = (struct intake){ .arena = a, .max_bytes = q->max_bytes ? q->max_bytes : SIZE_MAX };
	s->in.headers = tow_alloc(a, (MOST_HEADERS + 1) * sizeof *s->in.headers);
	if (!http_url_read(q->url, &s->url, e) || !make_headers(&s->headers, q, e))
		return false;
	if (q->from_outside && s->url.inside)
		return fail_fence(e, a, q->url);
	s->fence.proxy_port = s->url.proxy_port;
	set_manners(h->curl, q, &s->url);
	set_fence(h->curl, q->from_outside ? &s->fence : NULL);
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
		return fail_stream(e, h);
	*answer = (struct tow_http_answer){ .headers = s->in.headers,
					    .body = s->in.body.data ? s->in.body.data : "",
					    .body_len = s->in.body.len };
	*over = s->ended && s->end == CURLE_OK;
	if (*over || s->in.body.len > 0)
		curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &answer->status);
	return true;
}

/* --- where an answer leads */

/* Whoever answered from behind a proxy was outside, for all that is known. */
static bool was_outside(struct tow_http *h)
{
	const int proxy_port = h->stream.url.proxy_port;
	char *digits = NULL;
	long port = 0;
	curl_easy_getinfo(h->curl, CURLINFO_PRIMARY_IP, &digits);
	curl_easy_getinfo(h->curl, CURLINFO_PRIMARY_PORT, &port);
	return !digits || !inside_digits(digits) || (proxy_port && port == proxy_port);
}

bool tow_http_follow(struct tow_http *h, struct tow_arena *a, const struct tow_http_answer *answer,
		     struct tow_http_trail *trail, struct tow_err *e)
{
	const char *url = http_url_joined(a, h->stream.q.url, tow_http_header(answer, "Location"));
	bool outside = was_outside(h);
	tow_http_drop(h);
	if (!url || ++trail->hops > MOST_HOPS)
		return tow_fail_class(e, TOW_FINAL, "http.redirects",
				      url ? "it is redirected more than %d times"
					  : "it is redirected to nowhere",
				      MOST_HOPS);
	trail->url = url;
	trail->outside = outside;
	return true;
}
