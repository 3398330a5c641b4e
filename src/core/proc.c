#include "tow/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N_FDS = sizeof((struct tow_child *)NULL)->fds / sizeof(int), STDIO = 3 };

static bool fail(struct tow_err *e, const char *doing, const char *subject, int error)
{
	bool passing = error == EAGAIN || error == ENOMEM || error == ETXTBSY || error == EMFILE ||
		       error == ENFILE;
	char class[48];
	const char *name = strerrorname_np(error);
	snprintf(class, sizeof class, "proc.%s", name ? name : "unknown");
	return tow_fail_class(e, passing ? TOW_RETRY : TOW_FINAL, class, "cannot %s '%s': %s",
			      doing, subject, strerror(error));
}

/* --- limits */

/* A limit above what this process may have becomes what it may have. */
static bool limit(int resource, const char *name, rlim_t soft, rlim_t hard, struct tow_err *e)
{
	struct rlimit now;
	if (getrlimit(resource, &now) != 0)
		return fail(e, "limit", name, errno);
	if (hard > now.rlim_max)
		hard = now.rlim_max;
	struct rlimit l = { .rlim_cur = soft < hard ? soft : hard, .rlim_max = hard };
	return setrlimit(resource, &l) == 0 || fail(e, "limit", name, errno);
}

bool tow_limits_apply(const struct tow_limits *l, struct tow_err *e)
{
	const rlim_t mb = 1024 * 1024, memory = (rlim_t)l->memory_mb * mb,
		     file = (rlim_t)l->file_mb * mb, cpu = (rlim_t)l->cpu_s,
		     files = (rlim_t)l->files;
	if (l->memory_mb > 0 && !limit(RLIMIT_AS, "memory", memory, memory, e))
		return false;
	if (l->file_mb > 0 && !limit(RLIMIT_FSIZE, "file size", file, file, e))
		return false;
	/* SIGXCPU first, and SIGKILL for whoever does not listen to it. */
	if (l->cpu_s > 0 && !limit(RLIMIT_CPU, "processor time", cpu, cpu + 5, e))
		return false;
	return l->files <= 0 || limit(RLIMIT_NOFILE, "open files", files, files, e);
}

/* --- in the child, until exec */

static void default_signals(void)
{
	sigset_t none;
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_from(unsigned first, unsigned last)
{
	if (first > last || close_range(first, last, 0) == 0)
		return;
	long open_max = sysconf(_SC_OPEN_MAX); /* a kernel or a sandbox without close_range */
	for (unsigned fd = first; fd <= last && (long)fd < open_max; fd++)
		close((int)fd);
}

/* Every source is moved out of the way first, so that no target overwrites a source that is still
 * to come. Descriptors beyond n_fds are treated as -1. */
static bool place_fds(const struct tow_child *c, int *report, struct tow_err *e)
{
	int n = c->n_fds > STDIO ? c->n_fds : STDIO, moved[N_FDS];
	*report = fcntl(*report, F_DUPFD_CLOEXEC, N_FDS);
	if (*report < 0)
		return fail(e, "keep", "report", errno);
	for (int i = 0; i < n; i++) {
		int from = i < c->n_fds ? c->fds[i] : -1;
		moved[i] = -1;
		if (from < 0 && i < STDIO)
			moved[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (from >= 0 || moved[i] >= 0)
			moved[i] = fcntl(from >= 0 ? from : moved[i], F_DUPFD_CLOEXEC, N_FDS);
		if (moved[i] < 0 && (from >= 0 || i < STDIO))
			return fail(e, "pass", "descriptor", errno);
	}
	for (int i = 0; i < n; i++) {
		if (moved[i] < 0)
			close(i);
		else if (dup2(moved[i], i) < 0)
			return fail(e, "pass", "descriptor", errno);
	}
	close_from((unsigned)n, (unsigned)*report - 1);
	close_from((unsigned)*report + 1, ~0U);
	return true;
}

/* PR_SET_PDEATHSIG says nothing about a parent that has gone already. */
static void tie_to_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

/* Returns only when something failed. */
static void become(const struct tow_child *c, pid_t parent, int *report, struct tow_err *e)
{
	if (c->die_with_parent)
		tie_to_parent(parent);
	if (c->own_group && setpgid(0, 0) != 0) {
		fail(e, "make a process group for", c->argv[0], errno);
		return;
	}
	if (!place_fds(c, report, e))
		return;
	if (c->cwd && chdir(c->cwd) != 0) {
		fail(e, "enter", c->cwd, errno);
		return;
	}
	if (!tow_limits_apply(&c->limits, e))
		return;
	default_signals();
	const char *file = c->file ? c->file : c->argv[0];
	if (c->env)
		execvpe(file, (char *const *)c->argv, (char *const *)c->env);
	else
		execvp(file, (char *const *)c->argv);
	fail(e, "run", file, errno);
}

_Noreturn static void child(const struct tow_child *c, pid_t parent, int report)
{
	struct tow_err e;
	become(c, parent, &report, &e);
	ssize_t n = write(report, &e, sizeof e); /* less than PIPE_BUF: all or nothing */
	_exit(n == sizeof e ? 127 : 126);
}

/* --- in the parent */

static pid_t fork_without_signals(void)
{
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before); /* no handler of ours may run in the child */
	pid_t pid = fork();
	int error = errno;
	if (pid != 0)
		sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

/* The pipe closes at exec; what comes before that is the reason why there was none. */
static bool exec_failed(int report, struct tow_err *e)
{
	struct tow_err said;
	ssize_t n;
	do
		n = read(report, &said, sizeof said);
	while (n < 0 && errno == EINTR);
	if (n != sizeof said)
		return false;
	if (e)
		*e = said;
	return true;
}

bool tow_proc_start(const struct tow_child *c, pid_t *pid, struct tow_err *e)
{
	int ends[2];
	pid_t parent = getpid();
	if (c->n_fds < 0 || c->n_fds > N_FDS || !c->argv || !c->argv[0])
		return tow_fail(e, TOW_BUG, "a child needs a program and at most %d descriptors",
				(int)N_FDS);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail(e, "run", c->argv[0], errno);
	TOW_AUTO_FD reader = ends[0];
	TOW_AUTO_FD writer = ends[1];
	pid_t started = fork_without_signals();
	if (started < 0)
		return fail(e, "run", c->argv[0], errno);
	if (started == 0)
		child(c, parent, writer);
	tow_closep(&writer);
	if (exec_failed(reader, e)) {
		while (waitpid(started, NULL, 0) < 0 && errno == EINTR)
			;
		return false;
	}
	*pid = started;
	return true;
}

const char *tow_proc_says(struct tow_arena *a, int status)
{
	if (WIFEXITED(status))
		return tow_fmt(a, "exit %d", WEXITSTATUS(status));
	if (!WIFSIGNALED(status))
		return tow_fmt(a, "status %d", status);
	const char *name = sigdescr_np(WTERMSIG(status));
	char *says = tow_fmt(a, "signal %d (%s%s)", WTERMSIG(status), name ? name : "unknown",
			     WCOREDUMP(status) ? ", core dumped" : "");
	char *first = strchr(says, '(') + 1;
	if (*first >= 'A' && *first <= 'Z')
		*first = (char)(*first - 'A' + 'a');
	return says;
}

long long tow_mono_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* --- memory */

long long tow_proc_memory(pid_t pid)
{
	char path[64], text[512];
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	TOW_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	const char *pss = strstr(text, "\nPss:");
	return pss ? strtoll(pss + 5, NULL, 10) * 1024 : -1;
}
