#include "tow/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool resolve(struct tow_arena *a, const char *text, struct addrinfo **found, struct tow_err *e)
{
	const struct addrinfo want = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM };
	const char *port = strrchr(text, ':');
	size_t len = port ? (size_t)(port - text) : 0;
	bool bracketed = len > 2 && *text == '[' && text[len - 1] == ']';
	int bad;
	if (len == 0)
		return tow_fail(e, TOW_FINAL, "bad address '%s': ADDRESS:PORT", text);
	bad = getaddrinfo(tow_strndup(a, text + bracketed, len - 2 * (size_t)bracketed), port + 1,
			  &want, found);
	return !bad || tow_fail(e, TOW_FINAL, "bad address '%s': %s", text, gai_strerror(bad));
}

bool tow_listen(struct tow_arena *a, const char *text, int *fd, struct tow_err *e)
{
	TOW_AUTO_FD made = -1;
	struct addrinfo *at;
	int one = 1;
	bool open;
	if (!resolve(a, text, &at, e))
		return false;
	made = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	open = made >= 0 && bind(made, at->ai_addr, at->ai_addrlen) == 0 && listen(made, SOMAXCONN) == 0;
	freeaddrinfo(at);
	if (!open)
		return tow_fail_class(e, TOW_RETRY, errno == EADDRINUSE ? "taken" : "", "listen on '%s': %s", text,
				      strerror(errno));
	*fd = made;
	made = -1;
	return true;
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
