/* systemd's notification protocol, without its library. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tow/proc.h"

#define LIFE_EVERY_US 200000

/* Callers say that they live whenever they wait. Now and then is enough. */
static bool is_enough(void)
{
	static long long last_us;
	long long now = tow_mono_us();

	if (last_us && now - last_us < LIFE_EVERY_US)
		return true;
	last_us = now;
	return false;
}

void tow_sd_notify(const char *text)
{
	bool life = strcmp(text, "WATCHDOG=1") == 0;
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	if (!path || (life && is_enough()) || (*path != '/' && *path != '@') ||
	    strlen(path) >= sizeof to.sun_path)
		return;
	size_t len = strlen(path);
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0'; /* the abstract namespace */
	TOW_AUTO_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* A service manager that does not listen is no reason to stop working; one whose hands are
	 * full hears the next sign of life. */
	int flags = MSG_NOSIGNAL | (life ? MSG_DONTWAIT : 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	while (sendto(fd, text, strlen(text), flags, (struct sockaddr *)&to, size) < 0 &&
	       errno == EINTR)
		;
}

bool tow_sd_is_ours(const char *variable)
{
	return strncmp(variable, "NOTIFY_SOCKET=", 14) == 0 ||
	       strncmp(variable, "WATCHDOG_", 9) == 0;
}

long tow_sd_watchdog_ms(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	if (!us || (pid && *pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	long n = strtol(us, NULL, 10);
	return n > 0 ? n / 1000 : 0;
}
