#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "src/core/digest.h"
#include "tow/http.h"
#include "tow/proc.h"

/* --- a server of a few canned answers, in a forked child */

static struct tow_arena arena;
static struct tow_http *http;
static pid_t server;
static int port;

static void say(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static void say_text(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

static bool head_only; /* is asked for, in the server */

static void answer(int fd, const char *status, const char *headers, const char *body, size_t len)
{
	char head[1024];
	int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status,
			 len, headers);
	say(fd, head, (size_t)n);
	if (!head_only)
		say(fd, body, len);
}

/* A whole request: the head, and as much body as it announces. */
static bool read_request(int fd, struct tow_buf *q)
{
	char part[4096];
	for (;;) {
		const char *end = q->len ? strstr(q->data, "\r\n\r\n") : NULL;
		const char *length = end ? strcasestr(q->data, "\r\nContent-Length: ") : NULL;
		size_t body = length && length < end ? strtoul(length + 18, NULL, 10) : 0;
		if (end && q->len >= (size_t)(end + 4 - q->data) + body)
			return true;
		ssize_t n = read(fd, part, sizeof part);
		if (n <= 0)
			return false;
		tow_buf_add(q, part, (size_t)n);
	}
}

static void answer_endlessly(int fd, const char *head)
{
	static char part[64 * 1024];
	say_text(fd, tow_fmt(&arena, "HTTP/1.1 %s\r\n\r\n", head));
	while (send(fd, part, sizeof part, MSG_NOSIGNAL) > 0)
		;
}

enum { MANY = 1 << 20 };

/* A thousand times as much as is sent. */
static void answer_coded(int fd)
{
	static unsigned char zeros[MANY], packed[4096];
	uLongf len = sizeof packed;
	ck_assert_int_eq(compress(packed, &len, zeros, MANY), Z_OK);
	answer(fd, "200 OK", "Content-Encoding: deflate\r\n", (char *)packed, len);
}

/* Until the client gives up. */
static void wait_for_end(int fd)
{
	char c;
	while (read(fd, &c, 1) > 0)
		;
}

static bool asks(const struct tow_buf *q, const char *path)
{
	const char *space = strchr(q->data, ' ');
	size_t n = strlen(path);
	return strncmp(space + 1, path, n) == 0 && strchr(" ?", space[1 + n]);
}

static void serve(int fd)
{
	TOW_AUTO_BUF q = { 0 };
	if (!read_request(fd, &q))
		return;
	head_only = strncmp(q.data, "HEAD ", 5) == 0;
	if (asks(&q, "/echo"))
		answer(fd, "200 OK", "X-One: 1\r\nx-two:\t two \r\n", q.data, q.len);
	else if (asks(&q, "/status"))
		answer(fd, tow_fmt(&arena, "%.3s No", strchr(q.data, '?') + 1), "",
		       "\n  what\tis wrong\xff", 17);
	else if (asks(&q, "/binary"))
		answer(fd, "200 OK", "", "a\0b", 3);
	else if (asks(&q, "/redirect"))
		answer(fd, "302 Found", "Location: /echo\r\n", "", 0);
	else if (asks(&q, "/wordy"))
		answer_endlessly(fd, "302 Found\r\nLocation: /a b");
	else if (asks(&q, "/cookie"))
		answer(fd, "200 OK", "Set-Cookie: SID=abc; path=/\r\n", "", 0);
	else if (asks(&q, "/early"))
		say_text(fd, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
			     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Late: 1\r\n\r\n");
	else if (asks(&q, "/endless"))
		answer_endlessly(fd, "200 OK");
	else if (asks(&q, "/coded"))
		answer_coded(fd);
	else if (asks(&q, "/garbage"))
		say_text(fd, "\x16\x03\x01 no http at all\r\n\r\n");
	else if (asks(&q, "/half"))
		say_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
	else if (asks(&q, "/once")) {
		answer(fd, "200 OK", "", "", 0);
		wait_for_end(fd);
	} else if (asks(&q, "/silence"))
		wait_for_end(fd);
}

static int listen_anywhere(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, size), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	port = ntohs(at.sin_port);
	return fd;
}

_Noreturn static void serve_all(int listener, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		serve(fd);
		close(fd);
	}
}

static void enter(void)
{
	TOW_AUTO_FD listener = listen_anywhere();
	ck_assert_int_eq(listen(listener, 8), 0);
	pid_t parent = getpid();
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server == 0)
		serve_all(listener, parent);
	setenv("http_proxy", "http://127.0.0.1:1", 1); /* nobody is there */
	struct tow_err e;
	ck_assert(tow_http_open(&http, &e));
}

static void leave(void)
{
	tow_http_close(http);
	tow_arena_release(&arena);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

/* --- asking it */

static const char *url(const char *path)
{
	return tow_fmt(&arena, "http://127.0.0.1:%d%s", port, path);
}

static struct tow_http_answer ask(struct tow_http_request q)
{
	struct tow_http_answer a = { 0 };
	struct tow_err e = { 0 };
	ck_assert_msg(tow_http_ask(http, &arena, &q, &a, &e), "%s", e.text);
	return a;
}

static struct tow_err ask_in_vain(struct tow_http_request q)
{
	struct tow_http_answer a;
	struct tow_err e = { 0 };
	ck_assert(!tow_http_ask(http, &arena, &q, &a, &e));
	return e;
}

START_TEST(a_question_and_its_answer)
{
	static const char *const headers[] = { "X-Mine: yes", "User-Agent: me", NULL };
	struct tow_http_answer a =
		ask((struct tow_http_request){ .url = url("/echo?q=1"), .headers = headers });
	ck_assert_int_eq(a.status, 200);
	ck_assert_int_eq(strncmp(a.body, "GET /echo?q=1 HTTP/1.1\r\n", 24), 0);
	ck_assert_ptr_nonnull(strstr(a.body, "\r\nX-Mine: yes\r\n"));
	ck_assert_ptr_nonnull(strstr(a.body, "\r\nUser-Agent: me\r\n"));
	ck_assert_ptr_null(strstr(a.body, "Expect"));
	ck_assert_uint_eq(a.body_len, strlen(a.body));
	ck_assert(tow_http_ok(&a, NULL));
}
END_TEST

START_TEST(headers_are_found)
{
	struct tow_http_answer a = ask((struct tow_http_request){ .url = url("/echo") });
	ck_assert_str_eq(tow_http_header(&a, "x-one"), "1");
	ck_assert_str_eq(tow_http_header(&a, "X-Two"), "two");
	ck_assert_ptr_null(tow_http_header(&a, "X"));
	ck_assert_ptr_null(tow_http_header(&a, "HTTP/1.1 200 OK"));
	a = ask((struct tow_http_request){ .url = url("/early") });
	ck_assert_int_eq(a.status, 200);
	ck_assert_ptr_null(tow_http_header(&a, "X-Early"));
	ck_assert_str_eq(tow_http_header(&a, "X-Late"), "1");
}
END_TEST

START_TEST(bodies_are_sent)
{
	struct tow_http_request q = {
		.method = "POST", .url = url("/echo"), .body = "a\0b", .body_len = 3
	};
	struct tow_http_answer a = ask(q);
	ck_assert_int_eq(strncmp(a.body, "POST ", 5), 0);
	ck_assert_mem_eq(a.body + a.body_len - 3, "a\0b", 3);
	q.method = "PUT";
	a = ask(q);
	ck_assert_int_eq(strncmp(a.body, "PUT ", 4), 0);
	ck_assert_mem_eq(a.body + a.body_len - 3, "a\0b", 3);
	a = ask((struct tow_http_request){ .method = "POST", .url = url("/echo") });
	ck_assert_ptr_nonnull(strstr(a.body, "Content-Length: 0\r\n"));
	a = ask((struct tow_http_request){ .method = "DELETE", .url = url("/echo") });
	ck_assert_int_eq(strncmp(a.body, "DELETE ", 7), 0);
	a = ask((struct tow_http_request){ .url = url("/echo") });
	ck_assert_int_eq(strncmp(a.body, "GET ", 4), 0); /* nothing is left from before */
	ck_assert_ptr_null(strstr(a.body, "Content-Length"));
}
END_TEST

START_TEST(head_has_no_body)
{
	struct tow_http_answer a =
		ask((struct tow_http_request){ .method = "HEAD", .url = url("/status?404") });
	ck_assert_int_eq(a.status, 404);
	ck_assert_uint_eq(a.body_len, 0);
	a = ask((struct tow_http_request){ .url = url("/binary") }); /* and the next one has */
	ck_assert_uint_eq(a.body_len, 3);
}
END_TEST

START_TEST(binary_bodies_are_whole)
{
	struct tow_http_answer a = ask((struct tow_http_request){ .url = url("/binary") });
	ck_assert_uint_eq(a.body_len, 3);
	ck_assert_mem_eq(a.body, "a\0b", 4);
}
END_TEST

START_TEST(a_redirect_is_an_answer)
{
	struct tow_http_answer a = ask((struct tow_http_request){ .url = url("/redirect") });
	ck_assert_int_eq(a.status, 302);
	ck_assert_str_eq(tow_http_header(&a, "location"), "/echo");
	struct tow_err e;
	ck_assert(!tow_http_ok(&a, &e));
	ck_assert_int_eq(e.code, TOW_FINAL);
}
END_TEST

START_TEST(cookies_come_back)
{
	ask((struct tow_http_request){ .url = url("/cookie") });
	struct tow_http_answer a = ask((struct tow_http_request){ .url = url("/echo") });
	ck_assert_ptr_nonnull(strstr(a.body, "\r\nCookie: SID=abc\r\n"));
}
END_TEST

START_TEST(statuses_become_errors)
{
	static const struct {
		int status;
		enum tow_code code;
	} cases[] = { { 400, TOW_FINAL }, { 401, TOW_FINAL }, { 404, TOW_FINAL },
		      { 408, TOW_RETRY }, { 425, TOW_RETRY }, { 429, TOW_RETRY },
		      { 500, TOW_RETRY }, { 503, TOW_RETRY }, { 599, TOW_RETRY } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tow_http_answer a = { .status = cases[i].status };
		struct tow_err e;
		ck_assert(!tow_http_ok(&a, &e));
		ck_assert_msg(e.code == cases[i].code, "%d", cases[i].status);
		ck_assert_str_eq(e.class, tow_fmt(&arena, "http.%d", cases[i].status));
	}
	struct tow_http_answer no_content = { .status = 204 };
	ck_assert(tow_http_ok(&no_content, NULL));
}
END_TEST

START_TEST(an_error_quotes_the_server)
{
	struct tow_err e;
	struct tow_http_answer a = ask((struct tow_http_request){ .url = url("/status?503") });
	ck_assert(!tow_http_ok(&a, &e));
	ck_assert_str_eq(e.text, "the server answered 503: what is wrong?");
}
END_TEST

START_TEST(of_a_page_nothing)
{
	static const struct {
		long status;
		const char *body, *text;
	} cases[] = {
		{ 404, "<!DOCTYPE html>\n<html><title>404 Not found</title>",
		  "the server answered 404: there is no such thing" },
		{ 503, "\xef\xbb\xbf\r\n <HTML><body>a proxy's</body>",
		  "the server answered 503: it is not available now" },
		{ 403, "<?xml version='1.0'?><Error>key=hunter2</Error>",
		  "the server answered 403: it does not allow that" },
		{ 429, "", "the server answered 429: it was asked too often" },
		{ 599, "<p>strange</p>", "the server answered 599" },
		{ 404, "no song < 3 minutes", "the server answered 404: no song < 3 minutes" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tow_http_answer a = { .status = cases[i].status,
					     .body = cases[i].body,
					     .body_len = strlen(cases[i].body) };
		struct tow_err e;

		ck_assert(!tow_http_ok(&a, &e));
		ck_assert_str_eq(e.text, cases[i].text);
	}
}
END_TEST

START_TEST(a_long_answer_fails)
{
	struct tow_err e = ask_in_vain(
		(struct tow_http_request){ .url = url("/endless"), .max_bytes = 100000 });
	ck_assert_str_eq(e.class, "http.too_long");
	ck_assert_int_eq(e.code, TOW_FINAL);
	struct tow_http_request q = { .url = url("/binary"), .max_bytes = 3 };
	ck_assert_uint_eq(ask(q).body_len, 3);
	q.max_bytes = 2;
	ck_assert_str_eq(ask_in_vain(q).class, "http.too_long");
	e = ask_in_vain((struct tow_http_request){ .url = url("/endless") }); /* the default */
	ck_assert_str_eq(e.class, "http.too_long");
}
END_TEST

START_TEST(failures_have_classes)
{
	struct tow_err e =
		ask_in_vain((struct tow_http_request){ .url = url("/silence"), .timeout_ms = 100 });
	ck_assert_str_eq(e.class, "http.timeout");
	ck_assert_int_eq(e.code, TOW_RETRY);
	ck_assert_str_eq(ask_in_vain((struct tow_http_request){ .url = url("/garbage") }).class,
			 "http.protocol");
	ck_assert_str_eq(ask_in_vain((struct tow_http_request){ .url = url("/half") }).class,
			 "http.closed");
	ck_assert_str_eq(ask_in_vain((struct tow_http_request){ .url = url("/hangup") }).class,
			 "http.closed");
	TOW_AUTO_FD unheard = listen_anywhere(); /* bound, but nobody listens */
	e = ask_in_vain((struct tow_http_request){ .url = url("/?key=hunter2") });
	ck_assert_str_eq(e.class, "http.connect");
	ck_assert_int_eq(e.code, TOW_RETRY);
	ck_assert_str_eq(e.text, tow_fmt(&arena,
					 "the host '127.0.0.1:%u' cannot be reached: Connection "
					 "refused",
					 (unsigned)port)); /* and no word of the key */
}
END_TEST

START_TEST(what_was_not_reached_is_said)
{
	struct tow_http_request q = { .url = "http://192.0.2.1/?key=hunter2", .timeout_ms = 10000 };
	ck_assert_str_eq(ask_in_vain(q).text, "the host '192.0.2.1', or the proxy that http_proxy "
					      "names, cannot be reached: Connection refused");
	setenv("http_proxy", "http://nobody.invalid:1", 1);
	ck_assert_str_eq(ask_in_vain(q).text, "the proxy that http_proxy names cannot be reached: "
					      "nobody knows where a host of this name is");
	TOW_AUTO_FD deaf = listen_anywhere();
	TOW_AUTO_FD first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	ck_assert_int_eq(listen(deaf, 0), 0);
	ck_assert_int_eq(connect(first, (struct sockaddr *)&at, sizeof at), 0);
	q = (struct tow_http_request){ .url = url("/"), .timeout_ms = 300 };
	ck_assert_str_eq(ask_in_vain(q).text,
			 tow_fmt(&arena,
				 "the host '127.0.0.1:%d' cannot be reached: it does not "
				 "answer",
				 port));
}
END_TEST

START_TEST(a_host_that_was_asked_before_was_reached)
{
	ask((struct tow_http_request){ .url = url("/once") });
	struct tow_err e =
		ask_in_vain((struct tow_http_request){ .url = url("/silence"), .timeout_ms = 100 });
	ck_assert_str_eq(e.class, "http.timeout");
	ck_assert_ptr_null(strstr(e.text, "cannot be reached"));
}
END_TEST

START_TEST(only_http_is_spoken)
{
	static const char *const bad[] = { "file:///etc/passwd", "ftp://127.0.0.1/",
					   "gopher://127.0.0.1/", "http://", "" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct tow_err e = ask_in_vain((struct tow_http_request){ .url = bad[i] });
		ck_assert_msg(strcmp(e.class, "http.url") == 0, "%s: %s", bad[i], e.text);
		ck_assert_int_eq(e.code, TOW_FINAL);
	}
}
END_TEST

START_TEST(a_header_cannot_smuggle)
{
	static const char *const headers[] = { "X: a\r\nY: b", NULL };
	struct tow_err e =
		ask_in_vain((struct tow_http_request){ .url = url("/echo"), .headers = headers });
	ck_assert_str_eq(e.class, "http.header");
	ck_assert_int_eq(e.code, TOW_FINAL);
}
END_TEST

START_TEST(errors_keep_secrets)
{
	const char *secret =
		tow_fmt(&arena, "http://user:hush@127.0.0.1:%d/half?key=hush#hush", port);
	struct tow_err e = ask_in_vain((struct tow_http_request){ .url = secret });
	ck_assert_ptr_null(strstr(e.text, "hush"));
	ck_assert_ptr_nonnull(strstr(e.text, "127.0.0.1"));
	e = ask_in_vain((struct tow_http_request){ .url = "ftp://user:hush@127.0.0.1/?hush" });
	ck_assert_ptr_null(strstr(e.text, "hush"));
	e = ask_in_vain((struct tow_http_request){ .url = "http://user:hush@[bad/" });
	ck_assert_ptr_null(strstr(e.text, "hush"));
}
END_TEST

static long retry_after(const char *after, const char *date)
{
	const char *const headers[] = { tow_fmt(&arena, "Retry-After: %s", after),
					date ? tow_fmt(&arena, "Date: %s", date) : NULL, NULL };
	struct tow_http_answer a = { .headers = headers };
	return tow_http_retry_after(&a);
}

START_TEST(retry_after_is_understood)
{
	static const char now[] = "Sun, 06 Nov 1994 08:49:37 GMT";
	ck_assert_int_eq(retry_after("120", NULL), 120);
	ck_assert_int_eq(retry_after("0", NULL), 0);
	ck_assert_int_eq(retry_after("-5", NULL), -1);
	ck_assert_int_eq(retry_after("soon", NULL), -1);
	ck_assert_int_eq(retry_after("", NULL), -1);
	ck_assert_int_eq(retry_after("Sun, 06 Nov 1994 08:51:37 GMT", now), 120);
	ck_assert_int_eq(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), 0);
	struct tow_http_answer none = { 0 };
	ck_assert_int_eq(tow_http_retry_after(&none), -1);
}
END_TEST

/* --- answers in parts */

static size_t heard(struct tow_http_request q, long long until_bytes, struct tow_err *e)
{
	struct tow_http_answer a = { 0 };
	size_t bytes = 0;
	bool over = false;
	*e = (struct tow_err){ 0 };
	if (!tow_http_begin(http, &arena, &q, e))
		return 0;
	while (!over && bytes < (size_t)until_bytes && tow_http_more(http, &a, &over, e))
		bytes += a.body_len;
	if (e->code == TOW_OK)
		ck_assert_int_eq(a.status, 200);
	return bytes;
}

START_TEST(a_stream_is_heard_to_its_end)
{
	struct tow_err e;
	struct tow_http_request q = { .url = url("/binary") };
	ck_assert_uint_eq(heard(q, 100, &e), 3);
	ck_assert_int_eq(e.code, TOW_OK);
	q.url = url("/half"); /* what there was comes first */
	ck_assert_uint_eq(heard(q, 100, &e), 4);
	ck_assert_str_eq(e.class, "http.closed");
	q.url = url("/endless");
	ck_assert_uint_ge(heard(q, 100000, &e), 100000);
	struct tow_http_answer a = ask((struct tow_http_request){ .url = url("/echo") });
	ck_assert_int_eq(a.status, 200); /* it was dropped */
	ck_assert_ptr_nonnull(strstr(a.body, "Accept-Encoding: "));
}
END_TEST

START_TEST(a_stream_is_decoded_where_that_is_asked)
{
	struct tow_err e;
	struct tow_http_request q = { .url = url("/coded") };
	ck_assert_uint_lt(heard(q, 2 * MANY, &e), 4096);
	q.decode = true;
	ck_assert_uint_eq(heard(q, 2 * MANY, &e), MANY);
	q.max_bytes = MANY;
	ck_assert_uint_eq(heard(q, 2 * MANY, &e), MANY);
	q.max_bytes = MANY - 1; /* of what comes out of it */
	ck_assert_uint_lt(heard(q, 2 * MANY, &e), MANY);
	ck_assert_str_eq(e.class, "http.too_long");
}
END_TEST

START_TEST(a_stream_that_says_nothing_is_over)
{
	struct tow_err e;
	struct tow_http_request q = { .url = url("/silence"), .stall_ms = 1000 };
	ck_assert_uint_eq(heard(q, 100, &e), 0);
	ck_assert_str_eq(e.class, "http.timeout");
	ck_assert_int_eq(e.code, TOW_RETRY);
}
END_TEST

START_TEST(a_stream_says_where_it_leads)
{
	struct tow_http_request q = { .url = url("/redirect") };
	struct tow_http_trail trail = { .url = q.url };
	struct tow_http_answer a = { 0 };
	struct tow_err e;
	bool over = false;
	ck_assert(tow_http_begin(http, &arena, &q, &e));
	while (!over)
		ck_assert(tow_http_more(http, &a, &over, &e));
	ck_assert_int_eq(a.status, 302);
	ck_assert(tow_http_is_redirect(&a));
	ck_assert(tow_http_follow(http, &arena, &a, &trail, &e));
	ck_assert_str_eq(trail.url, url("/echo"));
	ck_assert(!trail.outside);
	q.url = "file:///etc/passwd";
	ck_assert(!tow_http_begin(http, &arena, &q, &e));
	ck_assert_str_eq(e.class, "http.url");
}
END_TEST

/* Before all of its body is here. */
START_TEST(a_redirect_that_does_not_end_leads_on)
{
	struct tow_http_request q = { .url = url("/wordy") };
	struct tow_http_trail trail = { .url = q.url };
	struct tow_http_answer a = { 0 };
	struct tow_err e;
	bool over = false;
	for (int hops = 0; hops < 10; hops++) {
		ck_assert(tow_http_begin(http, &arena, &q, &e));
		while (!a.status)
			ck_assert(tow_http_more(http, &a, &over, &e));
		ck_assert(!over);
		ck_assert(tow_http_follow(http, &arena, &a, &trail, &e));
		ck_assert_str_eq(trail.url, url("/a%20b"));
	}
	ck_assert(!tow_http_follow(http, &arena, &a, &trail, &e));
	ck_assert_str_eq(e.class, "http.redirects");
}
END_TEST

START_TEST(what_leads_here_from_outside_is_not_followed)
{
	struct tow_http_request q = { .url = url("/echo"), .from_outside = true };
	struct tow_err e;
	ck_assert(!tow_http_begin(http, &arena, &q, &e));
	ck_assert_str_eq(e.class, "http.inside");
	ck_assert_int_eq(e.code, TOW_FINAL);
	q.from_outside = false;
	ck_assert_uint_gt(heard(q, 1, &e), 0);
}
END_TEST

/* Which is at port 1 of this machine: it has rules of its own. */
START_TEST(a_proxy_inside_may_be_asked)
{
	struct tow_http_request q = { .url = "http://outside.example/", .from_outside = true };
	struct tow_err e;
	heard(q, 1, &e);
	ck_assert_str_eq(e.class, "http.connect");
	q.url = "http://192.168.7.7/";
	heard(q, 1, &e);
	ck_assert_str_eq(e.class, "http.inside");
}
END_TEST

/* The same bytes at two rates, one a quarter of the other. */
START_TEST(a_stream_keeps_to_its_rate)
{
	long long took[2];
	for (int i = 0; i < 2; i++) {
		struct tow_http_request q = { .url = url("/endless"),
					      .rate = i ? 512000 : 2048000 };
		struct tow_err e;
		long long began = tow_mono_us();
		ck_assert_uint_ge(heard(q, 1024000, &e), 1024000);
		took[i] = tow_mono_us() - began;
	}
	ck_assert_msg(took[1] > 2 * took[0], "%lld and %lld us", took[0], took[1]);
}
END_TEST

/* --- SHA-256: the vectors of FIPS 180-4's examples and of RFC 4231 */

static const char *hash_as(const struct digest_kind *kind, const char *text, size_t times)
{
	struct digest d;
	char hex[DIGEST_HEX_SIZE];
	digest_init(&d, kind);
	for (size_t i = 0; i < times; i++)
		digest_add(&d, text, strlen(text));
	digest_hex(&d, hex);
	return tow_strdup(&arena, hex);
}

static const char *hash(const char *text, size_t times)
{
	return hash_as(&digest_sha256, text, times);
}

START_TEST(sha256_gives_the_published_values)
{
	ck_assert_str_eq(hash("", 1),
			 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	ck_assert_str_eq(hash("abc", 1),
			 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	ck_assert_str_eq(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1),
			 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	ck_assert_str_eq(hash("a", 1000000),
			 "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(hmac_gives_the_published_values)
{
	char key[132] = "";
	memset(key, 0x0b, 20);
	ck_assert_str_eq(tow_hmac_sha256_hex(&arena, key, "Hi There", 8),
			 "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	ck_assert_str_eq(tow_hmac_sha256_hex(&arena, "Jefe", "what do ya want for nothing?", 28),
			 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, 131); /* longer than a block */
	const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";
	ck_assert_str_eq(tow_hmac_sha256_hex(&arena, key, text, strlen(text)),
			 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
END_TEST

START_TEST(md5_gives_the_published_values)
{
	ck_assert_str_eq(tow_md5_hex(&arena, ""), "d41d8cd98f00b204e9800998ecf8427e");
	ck_assert_str_eq(tow_md5_hex(&arena, "abc"), "900150983cd24fb0d6963f7d28e17f72");
	ck_assert_str_eq(tow_md5_hex(&arena, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					     "0123456789"),
			 "d174ab98d277d9f5a5611c2c9f419d9f");
	ck_assert_str_eq(tow_md5_hex(&arena, "1234567890123456789012345678901234567890"
					     "1234567890123456789012345678901234567890"),
			 "57edf4a22be3c955ac49da2e2107b67a");
}
END_TEST

START_TEST(sha1_gives_the_published_values)
{
	ck_assert_str_eq(hash_as(&digest_sha1, "abc", 1),
			 "a9993e364706816aba3e25717850c26c9cd0d89d");
	ck_assert_str_eq(hash_as(&digest_sha1,
				 "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1),
			 "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	ck_assert_str_eq(hash_as(&digest_sha1, "a", 1000000),
			 "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	ck_assert_str_eq(hash_as(&digest_md5, "a", 1000000), "7707d6ae4e027c70eea2a935c2296f21");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("http");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, a_question_and_its_answer);
	tcase_add_test(t, headers_are_found);
	tcase_add_test(t, bodies_are_sent);
	tcase_add_test(t, head_has_no_body);
	tcase_add_test(t, binary_bodies_are_whole);
	tcase_add_test(t, a_redirect_is_an_answer);
	tcase_add_test(t, cookies_come_back);
	tcase_add_test(t, statuses_become_errors);
	tcase_add_test(t, an_error_quotes_the_server);
	tcase_add_test(t, of_a_page_nothing);
	tcase_add_test(t, a_long_answer_fails);
	tcase_add_test(t, failures_have_classes);
	tcase_add_test(t, what_was_not_reached_is_said);
	tcase_add_test(t, a_host_that_was_asked_before_was_reached);
	tcase_add_test(t, only_http_is_spoken);
	tcase_add_test(t, a_header_cannot_smuggle);
	tcase_add_test(t, errors_keep_secrets);
	tcase_add_test(t, retry_after_is_understood);
	tcase_add_test(t, a_stream_is_heard_to_its_end);
	tcase_add_test(t, a_stream_is_decoded_where_that_is_asked);
	tcase_add_test(t, a_stream_that_says_nothing_is_over);
	tcase_add_test(t, a_stream_says_where_it_leads);
	tcase_add_test(t, a_redirect_that_does_not_end_leads_on);
	tcase_add_test(t, what_leads_here_from_outside_is_not_followed);
	tcase_add_test(t, a_proxy_inside_may_be_asked);
	tcase_add_test(t, a_stream_keeps_to_its_rate);
	TCase *hashes = tcase_create("hashes");
	tcase_add_test(hashes, sha256_gives_the_published_values);
	tcase_add_test(hashes, hmac_gives_the_published_values);
	tcase_add_test(hashes, sha1_gives_the_published_values);
	tcase_add_test(hashes, md5_gives_the_published_values);
	Suite *s = suite_create("http");
	suite_add_tcase(s, t);
	suite_add_tcase(s, hashes);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
