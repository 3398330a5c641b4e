#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

/*--- errors */

static bool fail(const struct dial *d, struct tow_err *e, enum tow_code code, const char *what,
		 const char *text)
{
	char class[48];

	snprintf(class, sizeof(class), "%s.%s", d->class, what);
	return tow_fail_class(e, code, class, "%s", text);
}

bool dial_closed(const struct dial *d, struct tow_err *e)
{
	return fail(d, e, TOW_RETRY, "closed", "the connection was closed");
}

static bool fail_connect(const struct dial *d, struct tow_err *e, int error)
{
	fail(d, e, TOW_RETRY, "connect", strerror(error));
	return tow_wrap(e, "cannot connect");
}

/*--- waiting, until all of the time is gone */

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

long long dial_in(long ms)
{
	return now_ms() + ms;
}

static bool ready(const struct dial *d, int fd, short what, struct tow_err *e)
{
	struct pollfd p = { .fd = fd, .events = what };
	int n;

	do {
		long long left = d->end - now_ms();

		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0 || fail(d, e, TOW_RETRY, "timeout", "it did not answer in time");
}

/*--- the connection */

static bool connect_to(const struct dial *d, int *fd, const struct sockaddr *to, socklen_t len,
		       struct tow_err *e)
{
	int error = 0;
	socklen_t size = sizeof(error);

	tow_closep(fd);
	*fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return fail_connect(d, e, errno);
	if (connect(*fd, to, len) == 0)
		return true;
	if (errno != EINPROGRESS)
		return fail_connect(d, e, errno);
	if (!ready(d, *fd, POLLOUT, e))
		return false;
	if (getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
		return true;
	return fail_connect(d, e, error);
}

static bool connect_path(const struct dial *d, int *fd, const char *path, struct tow_err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(to.sun_path))
		return fail(d, e, TOW_FINAL, "url", "the socket's path is too long");
	memcpy(to.sun_path, path, strlen(path));
	return connect_to(d, fd, (const struct sockaddr *)&to, sizeof(to), e);
}

static void freep_addresses(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

static bool connect_host(const struct dial *d, int *fd, const char *host, const char *port,
			 struct tow_err *e)
{
	__attribute__((cleanup(freep_addresses))) struct addrinfo *list = NULL;
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM };
	int error = getaddrinfo(host, port, &wanted, &list);

	if (error) {
		fail(d, e, TOW_RETRY, "resolve", gai_strerror(error));
		return tow_wrap(e, "'%s'", host);
	}
	for (const struct addrinfo *at = list; at; at = at->ai_next)
		if (connect_to(d, fd, at->ai_addr, at->ai_addrlen, e))
			return true;
	return false;
}

/* Colons within brackets belong to the host. */
static bool split(const struct dial *d, struct tow_arena *a, const char *rest, const char **host,
		  const char **port)
{
	const char *bracket = *rest == '[' ? strchr(rest, ']') : NULL;
	const char *colon = strchr(bracket ? bracket : rest, ':');
	const char *from = rest + (bracket != NULL);
	const char *to = bracket ? bracket : colon ? colon : rest + strlen(rest);

	if (bracket && bracket[1] && bracket + 1 != colon)
		return false;
	*host = tow_strndup(a, from, (size_t)(to - from));
	*port = colon ? colon + 1 : d->port;
	return **host && *port && **port && !(*port)[strspn(*port, "0123456789")];
}

bool dial_open(const struct dial *d, struct tow_arena *a, int *fd, const char *url,
	       struct tow_err *e)
{
	size_t n = strlen(d->scheme);
	const char *rest = strncmp(url, d->scheme, n) == 0 && strncmp(url + n, "://", 3) == 0
				   ? url + n + 3
				   : "";
	const char *host, *port;

	if (*rest == '/')
		return connect_path(d, fd, rest, e);
	if (!split(d, a, rest, &host, &port))
		return fail(d, e, TOW_FINAL, "url",
			    tow_fmt(a,
				    "an address that is neither %s://HOST:PORT nor "
				    "%s:///path/to/socket",
				    d->scheme, d->scheme));
	return connect_host(d, fd, host, port, e);
}

/*--- what goes out and comes in */

bool dial_put(const struct dial *d, int fd, const char *data, size_t len, struct tow_err *e)
{
	while (len > 0) {
		ssize_t n;

		if (!ready(d, fd, POLLOUT, e))
			return false;
		n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return dial_closed(d, e);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return true;
}

bool dial_take(const struct dial *d, int fd, struct tow_buf *in, bool *over, struct tow_err *e)
{
	char part[65536];
	ssize_t n;

	do {
		if (!ready(d, fd, POLLIN, e))
			return false;
		n = recv(fd, part, sizeof(part), 0);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	if (n < 0)
		return dial_closed(d, e);
	*over = n == 0;
	tow_buf_add(in, part, (size_t)n);
	return true;
}
