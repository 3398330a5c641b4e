/* Processes left behind: see orphans.h. Nothing here allocates or locks: a signal handler calls it,
 * too. */
#include "orphans.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void end_unless_known(pid_t pid, const pid_t *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (known[i] == pid)
			return;
	kill(pid, SIGKILL);
}

/* The kernel's list: a number and a space for each child; a piece may end inside a number. */
void orphans_end_except(const pid_t *known, size_t n)
{
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	char piece[1024];
	pid_t pid = 0;
	ssize_t len;

	while ((len = read(fd, piece, sizeof(piece))) > 0) {
		for (ssize_t i = 0; i < len; i++) {
			if (piece[i] >= '0' && piece[i] <= '9') {
				pid = pid * 10 + (piece[i] - '0');
				continue;
			}
			if (pid > 0)
				end_unless_known(pid, known, n);
			pid = 0;
		}
	}
	if (fd >= 0)
		close(fd);
}

/* The children of one that is ended become ours: again, until there are none. */
void orphans_end(void)
{
	pid_t pid = waitpid(-1, NULL, WNOHANG);

	if (pid < 0 && errno == ECHILD)
		return;
	while (pid >= 0 || errno == EINTR) {
		orphans_end_except(NULL, 0);
		pid = waitpid(-1, NULL, 0);
	}
}

void orphans_end_with_group(void)
{
	orphans_end();
	kill(0, SIGKILL);
	_exit(0);
}
