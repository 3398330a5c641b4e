/* A TCP proxy in front of a server's Unix socket that can go deaf: proxy SOCKET-PATH. Listens on a
 *free port of the loopback interface and prints it.
 *
 *	SIGUSR1  connections that are there fall silent: nothing is forwarded, nothing is closed;
 *new ones work SIGUSR2  so do new ones from now on: they are taken, and that is all SIGHUP healed:
 *new ones work; what was given up meanwhile is closed to the server, too
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PAIRS 128

struct pair {
	int client, server; /* -1: none */
	bool silent;
};

static struct pair pairs[PAIRS];
static bool deaf; /* new connections are silent from the start */

static int listen_tcp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
		perror("proxy: listen");
		exit(71);
	}
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

static int connect_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void drop(struct pair *p)
{
	if (p->client >= 0)
		close(p->client);
	if (p->server >= 0)
		close(p->server);
	*p = (struct pair){ -1, -1, false };
}

static void take(int listener, const char *path)
{
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0)
		return;
	for (int i = 0; i < PAIRS; i++) {
		struct pair *p = &pairs[i];

		if (p->client >= 0 || p->server >= 0)
			continue;
		*p = (struct pair){ client, deaf ? -1 : connect_unix(path), deaf };
		if (!deaf && p->server < 0)
			drop(p);
		return;
	}
	close(client);
}

/* Blocks while the other end does not read: a test's few connections stand that. False at the end.
 */
static bool pass(int from, int to)
{
	char piece[65536];
	ssize_t n = read(from, piece, sizeof(piece)), done = 0;

	while (done < n) {
		ssize_t m = send(to, piece + done, (size_t)(n - done), MSG_NOSIGNAL);

		if (m < 0 && errno != EINTR)
			return false;
		done += m > 0 ? m : 0;
	}
	return n > 0 || (n < 0 && errno == EINTR);
}

/* A silent one is not read. When the client gives it up, the server does not hear of that either.
 */
static void serve(struct pair *p, const struct pollfd *client, const struct pollfd *server)
{
	if (p->silent) {
		if (client->revents & (POLLRDHUP | POLLHUP | POLLERR)) {
			close(p->client);
			p->client = -1;
		}
		return;
	}
	if ((client->revents && !pass(p->client, p->server)) ||
	    (server->revents && !pass(p->server, p->client)))
		drop(p);
}

static void obey(int signals)
{
	struct signalfd_siginfo s;

	if (read(signals, &s, sizeof(s)) != (ssize_t)sizeof(s))
		return;
	deaf = s.ssi_signo == SIGUSR2;
	for (int i = 0; i < PAIRS; i++) {
		if (s.ssi_signo != SIGHUP)
			pairs[i].silent = true;
		else if (pairs[i].client < 0)
			drop(&pairs[i]);
	}
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
	static struct pollfd p[2 + 2 * PAIRS];
	int signals, listener;

	if (argc != 2)
		return 64;
	for (int i = 0; i < PAIRS; i++)
		pairs[i] = (struct pair){ -1, -1, false };
	signals = open_signals();
	listener = listen_tcp();
	for (;;) {
		p[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = listener, .events = POLLIN };
		for (int i = 0; i < PAIRS; i++) {
			short events = pairs[i].silent ? POLLRDHUP : POLLIN;

			p[2 + 2 * i] = (struct pollfd){ .fd = pairs[i].client, .events = events };
			p[3 + 2 * i] =
				(struct pollfd){ .fd = pairs[i].silent ? -1 : pairs[i].server,
						 .events = POLLIN };
		}
		if (poll(p, 2 + 2 * PAIRS, -1) < 0)
			continue;
		for (int i = 0; i < PAIRS; i++)
			if (pairs[i].client >= 0)
				serve(&pairs[i], &p[2 + 2 * i], &p[3 + 2 * i]);
		if (p[1].revents)
			take(listener, argv[1]);
		if (p[0].revents)
			obey(signals);
	}
}
