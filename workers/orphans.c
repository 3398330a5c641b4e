/* Processes left behind: see orphans.h. */
#include "orphans.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool known_pid(pid_t pid, const pid_t *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (known[i] == pid)
			return true;
	return false;
}

void orphans_end_except(const pid_t *known, size_t n)
{
	char path[64];
	FILE *f;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	if (!f)
		return;
	while (fscanf(f, "%d", &pid) == 1)
		if (!known_pid(pid, known, n))
			kill(pid, SIGKILL);
	fclose(f);
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
