#include "tow/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool resolve(struct tow_arena *a, const char *text, struct addrinfo **found,
		    struct tow_err *e)
{
	const struct addrinfo want = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM };
	const char *port = strrchr(text, ':');
	size_t len = port ? (size_t)(port - text) : 0;
	bool bracketed = len > 2 && *text == '[' && text[len - 1] == ']';
	int bad;
	if (len == 0 || strspn(port + 1, "0123456789") != strlen(port + 1) ||
	    strlen(port + 1) > 5 || atoi(port + 1) > UINT16_MAX)
		return tow_fail(e, TOW_FINAL,
				"bad address '%s': ADDRESS:PORT, with a port up to 65535", text);
	bad = getaddrinfo(tow_strndup(a, text + bracketed, len - 2 * (size_t)bracketed), port + 1,
			  &want, found);
	return !bad || tow_fail(e, TOW_FINAL, "bad address '%s': %s", text, gai_strerror(bad));
}

static bool open_at(const struct addrinfo *at, int *fd)
{
	int one = 1;
	*fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return false;
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	return bind(*fd, at->ai_addr, at->ai_addrlen) == 0 && listen(*fd, SOMAXCONN) == 0;
}

bool tow_listen(struct tow_arena *a, const char *text, int *fd, struct tow_err *e)
{
	struct addrinfo *at;
	int made = -1, why;
	bool open;
	if (!resolve(a, text, &at, e))
		return false;
	open = open_at(at, &made);
	why = errno;
	freeaddrinfo(at);
	if (open) {
		*fd = made;
		return true;
	}
	tow_closep(&made);
	return tow_fail_class(e, TOW_RETRY, why == EADDRINUSE ? "taken" : "", "listen on '%s': %s",
			      text, strerror(why));
}

int tow_listen_port(int fd)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof at;
	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return 0;
	if (at.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&at)->sin_port);
	return at.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&at)->sin6_port) : 0;
}

const char *tow_listen_address(struct tow_arena *a, int fd)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof at;
	char host[NI_MAXHOST], port[NI_MAXSERV];
	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0 ||
	    (at.ss_family != AF_INET && at.ss_family != AF_INET6) ||
	    getnameinfo((struct sockaddr *)&at, len, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return NULL;
	return tow_fmt(a, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}
