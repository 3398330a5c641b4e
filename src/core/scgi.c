#include "tow/scgi.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 60 * 1000, MAX_BYTES = 8 * 1024 * 1024 };

/*--- waiting, until all of the time is gone */

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static bool ready(int fd, short what, long long end, struct tow_err *e)
{
	struct pollfd p = { .fd = fd, .events = what };
	int n;

	do {
		long long left = end - now_ms();

		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0 || tow_fail_class(e, TOW_RETRY, "scgi.timeout", "it did not answer in time");
}

/*--- the connection */

static bool fail_connect(struct tow_err *e, int error)
{
	return tow_fail_class(e, TOW_RETRY, "scgi.connect", "cannot connect: %s", strerror(error));
}

static bool connect_to(int *fd, const struct sockaddr *to, socklen_t len, long long end,
		       struct tow_err *e)
{
	int error = 0;
	socklen_t size = sizeof(error);

	tow_closep(fd);
	*fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return fail_connect(e, errno);
	if (connect(*fd, to, len) == 0)
		return true;
	if (errno != EINPROGRESS)
		return fail_connect(e, errno);
	if (!ready(*fd, POLLOUT, end, e))
		return false;
	if (getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
		return true;
	return fail_connect(e, error);
}

static bool connect_path(int *fd, const char *path, long long end, struct tow_err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(to.sun_path))
		return tow_fail_class(e, TOW_FINAL, "scgi.url", "the socket's path is too long");
	memcpy(to.sun_path, path, strlen(path));
	return connect_to(fd, (const struct sockaddr *)&to, sizeof(to), end, e);
}

static void freep_addresses(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

static bool connect_host(int *fd, const char *host, const char *port, long long end,
			 struct tow_err *e)
{
	__attribute__((cleanup(freep_addresses))) struct addrinfo *list = NULL;
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM };
	int error = getaddrinfo(host, port, &wanted, &list);

	if (error)
		return tow_fail_class(e, TOW_RETRY, "scgi.resolve", "'%s': %s", host,
				      gai_strerror(error));
	for (const struct addrinfo *at = list; at; at = at->ai_next)
		if (connect_to(fd, at->ai_addr, at->ai_addrlen, end, e))
			return true;
	return false;
}

/* scgi:///path, scgi://host:port, scgi://[::1]:port */
static bool open_url(struct tow_arena *a, int *fd, const char *url, long long end,
		     struct tow_err *e)
{
	const char *rest = strncmp(url, "scgi://", 7) == 0 ? url + 7 : "";
	const char *port = strrchr(rest, ':');
	char *host;

	if (*rest == '/')
		return connect_path(fd, rest, end, e);
	if (!port || port == rest || !port[1] || port[1 + strspn(port + 1, "0123456789")])
		return tow_fail_class(e, TOW_FINAL, "scgi.url",
				      "an address that is neither scgi://HOST:PORT nor "
				      "scgi:///path/to/socket");
	host = tow_strndup(a, rest, (size_t)(port - rest));
	if (*host == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		host++;
	}
	return connect_host(fd, host, port + 1, end, e);
}

/*--- what goes out and comes in */

static bool fail_closed(struct tow_err *e)
{
	return tow_fail_class(e, TOW_RETRY, "scgi.closed", "the connection was closed");
}

static bool put(int fd, const char *data, size_t len, long long end, struct tow_err *e)
{
	while (len > 0) {
		ssize_t n;

		if (!ready(fd, POLLOUT, end, e))
			return false;
		n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail_closed(e);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* The end of the answer is the end of the connection. */
static bool take(int fd, struct tow_buf *in, size_t max, long long end, struct tow_err *e)
{
	char part[65536];

	for (;;) {
		ssize_t n;

		if (!ready(fd, POLLIN, end, e))
			return false;
		n = recv(fd, part, sizeof(part), 0);
		if (n == 0)
			return true;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail_closed(e);
		if (n > 0 && (size_t)n > max - in->len)
			return tow_fail_class(e, TOW_FINAL, "scgi.too_long",
					      "the answer is longer than %zu bytes", max);
		if (n > 0)
			tow_buf_add(in, part, (size_t)n);
	}
}

/* "Status: 200 OK", more headers, an empty line, the body. */
static bool read_answer(struct tow_arena *a, const struct tow_buf *in,
			struct tow_scgi_answer *answer, struct tow_err *e)
{
	const char *blank = in->len ? memmem(in->data, in->len, "\r\n\r\n", 4) : NULL;
	const char *status;
	char *body;

	if (in->len == 0)
		return fail_closed(e);
	if (!blank)
		return tow_fail_class(e, TOW_RETRY, "scgi.protocol", "the answer has no headers");
	status = strncmp(in->data, "Status:", 7) == 0 ? in->data + 7 : "200";
	*answer = (struct tow_scgi_answer){
		.status = strtol(status, NULL, 10),
		.body_len = in->len - (size_t)(blank + 4 - in->data),
	};
	body = tow_alloc(a, answer->body_len + 1);
	memcpy(body, blank + 4, answer->body_len);
	answer->body = body;
	return true;
}

bool tow_scgi_ask(struct tow_arena *a, const struct tow_scgi_request *q,
		  struct tow_scgi_answer *answer, struct tow_err *e)
{
	long long end = now_ms() + (q->timeout_ms > 0 ? q->timeout_ms : TIMEOUT_MS);
	TOW_AUTO_FD fd = -1;
	TOW_AUTO_BUF head = { 0 };
	TOW_AUTO_BUF out = { 0 };
	TOW_AUTO_BUF in = { 0 };

	tow_buf_addf(&head, "CONTENT_LENGTH%c%zu%cSCGI%c1%cREQUEST_METHOD%cPOST%c", 0, q->body_len,
		     0, 0, 0, 0, 0);
	tow_buf_addf(&head, "REQUEST_URI%c/RPC2%cCONTENT_TYPE%ctext/xml%c", 0, 0, 0, 0);
	tow_buf_addf(&out, "%zu:", head.len);
	tow_buf_add(&out, head.data, head.len);
	tow_buf_addc(&out, ',');
	tow_buf_add(&out, q->body, q->body_len);
	return open_url(a, &fd, q->url, end, e) && put(fd, out.data, out.len, end, e) &&
	       take(fd, &in, q->max_bytes ? q->max_bytes : MAX_BYTES, end, e) &&
	       read_answer(a, &in, answer, e);
}
