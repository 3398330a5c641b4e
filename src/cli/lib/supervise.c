#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "tow/log.h"
#include "tow/proc.h"

enum { FIRST_BACKOFF_MS = 200, LONGEST_BACKOFF_MS = 30000, US_PER_S = 1000000 };
enum { MOST_AT_ONCE = 256 }; /* messages: whoever floods us keeps us from nothing else */

#define STABLE_US (30LL * US_PER_S)
#define DOUBT_US  (10LL * US_PER_S) /* what is refused for so long is refused for good */
#define TURN_US	  (1LL * US_PER_S)
#define BEAT_US	  (10LL * US_PER_S) /* what a child is told: one that asks says it twice as often */
#define HUNG_US	  (20LL * US_PER_S) /* 15 s more than the longest silence of one that is well */
#define ASLEEP_US (5LL * US_PER_S)  /* we have not looked for so long: silence says nothing */

static void our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

void supervise_signals(void)
{
	sigset_t set;
	our_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* --- is it well */

/* Where a child says that it is: a file that is ours alone, or anybody on this host could fill its
 * queue. Our own user's programs can write there, too: the kernel says who did. */
static bool open_ear(struct supervised *s, struct tow_err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t len = strlen(s->ear_at);
	int yes = 1;
	if (len >= sizeof at.sun_path) {
		tow_fail(e, TOW_FINAL, "'%s' is too long for the name of a socket", s->ear_at);
		return tow_hint(e, "let TOW_HOME be a folder with a shorter name");
	}
	memcpy(at.sun_path, s->ear_at, len);
	(void)unlink(s->ear_at); /* of one that was killed */
	s->ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(0177);
	bool ok = s->ear >= 0 &&
		  setsockopt(s->ear, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) == 0 &&
		  bind(s->ear, (struct sockaddr *)&at, sizeof at) == 0;
	umask(mask);
	if (ok)
		return true;
	tow_fail(e, TOW_RETRY, "make the socket '%s': %s", s->ear_at, strerror(errno));
	tow_closep(&s->ear);
	return false;
}

static bool is_from(struct msghdr *m, pid_t pid)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct ucred sender;
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
		return false;
	memcpy(&sender, CMSG_DATA(c), sizeof sender);
	return pid > 0 && sender.pid == pid;
}

/* What somebody else says is "": a stranger, or the child before this one. */
static bool hears(const struct supervised *s, char *said, size_t size)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} sender;
	struct iovec text = { said, size - 1 };
	struct msghdr m = { .msg_iov = &text,
			    .msg_iovlen = 1,
			    .msg_control = &sender,
			    .msg_controllen = sizeof sender };
	ssize_t n = recvmsg(s->ear, &m, 0);
	said[n > 0 && is_from(&m, s->pid) ? n : 0] = '\0';
	return n >= 0;
}

static void listen_to(struct supervised *s, long long now)
{
	char said[128];
	if (now - s->looked_us > ASLEEP_US)
		s->heard_us = now;
	s->looked_us = now;
	for (int i = 0; i < MOST_AT_ONCE && hears(s, said, sizeof said); i++) {
		if (!*said)
			continue;
		s->heard_us = now;
		s->begun |= strstr(said, "READY=1") != NULL;
		s->leaves |= s->may_leave && strstr(said, "X_TOWPATH_LEAVES=1");
	}
	if (!s->beats || s->pid == 0 || now - s->heard_us < HUNG_US)
		return;
	tow_log(TOW_WARN, "child.hung", "name=%s pid=%d silent_s=%lld", s->name, (int)s->pid,
		(now - s->heard_us) / US_PER_S);
	kill(s->pid, SIGKILL);
	s->heard_us = now;
}

/* Who watches us is not whom our children should tell. */
static const char *const *environment(const struct supervised *s, struct tow_arena *a)
{
	size_t n = 0, kept = 0;
	while (environ[n])
		n++;
	const char **env = tow_alloc(a, (n + 3) * sizeof *env);
	for (size_t i = 0; i < n; i++)
		if (!tow_sd_is_ours(environ[i]))
			env[kept++] = environ[i];
	env[kept++] = tow_fmt(a, "NOTIFY_SOCKET=%s", s->ear_at);
	if (s->beats)
		env[kept] = tow_fmt(a, "WATCHDOG_USEC=%lld", BEAT_US);
	return env;
}

/* --- starts and ends */

/* A group of its own, so that the terminal's interrupt reaches us alone and the end is ours to
 * order. */
static bool start(struct supervised *s, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	bool speaks = s->beats || s->may_leave;
	if (speaks && s->ear <= 0 && !open_ear(s, e))
		return tow_wrap(e, "start the %s", s->name);
	s->leaves = false;
	const struct tow_child child = {
		.argv = s->argv,
		.file = "/proc/self/exe",
		.env = speaks ? environment(s, &a) : NULL,
		.fds = { 0, 1, 2, s->given },
		.n_fds = s->given ? 4 : 3,
		.own_group = true,
		.die_with_parent = true,
	};
	s->restart.started_us = s->heard_us = s->looked_us = tow_mono_us();
	if (s->first_us == 0)
		s->first_us = s->restart.started_us;
	return tow_proc_start(&child, &s->pid, e) || tow_wrap(e, "start the %s", s->name);
}

/* One that has lived for long may die once without a penalty. */
void restart_plan(struct restart *r)
{
	long long now = tow_mono_us();
	bool stable = now - r->started_us > STABLE_US;
	r->backoff_ms = stable || r->backoff_ms == 0 ? FIRST_BACKOFF_MS : 2 * r->backoff_ms;
	if (r->backoff_ms > LONGEST_BACKOFF_MS)
		r->backoff_ms = LONGEST_BACKOFF_MS;
	r->due_us = now + r->backoff_ms * 1000LL;
}

/* --- one that leaves in its own time */

static pid_t *leaver(struct supervised *s, pid_t pid)
{
	for (size_t i = 0; i < MOST_LEAVERS; i++)
		if (s->leavers[i] == pid)
			return &s->leavers[i];
	return NULL;
}

bool supervise_has(const struct supervised *s, pid_t pid)
{
	for (size_t i = 0; i < MOST_LEAVERS; i++)
		if (s->leavers[i] == pid)
			return true;
	return s->pid == pid;
}

static bool lives(const struct supervised *s)
{
	for (size_t i = 0; i < MOST_LEAVERS; i++)
		if (s->leavers[i] != 0)
			return true;
	return s->pid != 0;
}

static void tell(const struct supervised *s, int signal)
{
	for (size_t i = 0; i < MOST_LEAVERS; i++)
		if (s->leavers[i] > 0)
			kill(s->leavers[i], signal);
	if (s->pid > 0)
		kill(s->pid, signal);
}

/* It goes on as one of the leavers, and its place is free at once. */
static void let_leave(struct supervised *s)
{
	pid_t *place = leaver(s, 0);
	if (!s->leaves || s->pid == 0 || !place)
		return;
	tow_log(TOW_INFO, "child.leaves", "name=%s pid=%d", s->name, (int)s->pid);
	*place = s->pid;
	s->pid = 0;
	s->leaves = false;
	s->restart.due_us = 0;
}

/* --- ends */

static void note_death(struct supervised *s, int status, bool ending)
{
	TOW_AUTO_ARENA a = { 0 };
	s->pid = 0;
	restart_plan(&s->restart);
	if (!ending)
		tow_log(TOW_WARN, "child.died", "name=%s how='%s' again_in_ms=%ld", s->name,
			tow_proc_says(&a, status), s->restart.backoff_ms);
}

/* It has its own time, but not its own way. */
static void note_left(const struct supervised *s, pid_t pid, int status)
{
	TOW_AUTO_ARENA a = { 0 };
	if (status == 0)
		tow_log(TOW_INFO, "child.left", "name=%s pid=%d", s->name, (int)pid);
	else
		tow_log(TOW_WARN, "child.left", "name=%s pid=%d how='%s'", s->name, (int)pid,
			tow_proc_says(&a, status));
}

/* Refused by the database, or by what it was told: another one would be, too, but for a directory
 * of passwords that is away for a moment, or a schema that is about to be restored. */
static int never_begins(const struct supervised *s, int status)
{
	int exit = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	if (s->begun || (exit != EX_NOPERM && exit != EX_CONFIG) ||
	    tow_mono_us() - s->first_us < DOUBT_US)
		return 0;
	tow_log(TOW_ERROR, "child.never_begins", "name=%s status=%d", s->name, exit);
	return exit;
}

/* The exit status of one that never begins; 0: there is none. */
static int reap(struct supervised *children, size_t n, bool ending)
{
	int status, never = 0;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < n; i++) {
			struct supervised *s = &children[i];
			pid_t *left = leaver(s, pid);
			if (s->pid == pid) {
				if (!ending && !never)
					never = never_begins(s, status);
				note_death(s, status, ending || never);
			} else if (left) {
				*left = 0;
				note_left(s, pid, status);
			}
		}
	}
	return never;
}

static void start_due(struct supervised *children, size_t n)
{
	struct tow_err e = { 0 };
	for (size_t i = 0; i < n; i++) {
		struct supervised *s = &children[i];
		if (s->pid != 0 || s->restart.due_us > tow_mono_us() || start(s, &e))
			continue;
		tow_log_err(TOW_ERROR, "child.not_started", &e);
		s->pid = 0;
		restart_plan(&s->restart);
	}
}

/* Until the next start that is due. */
static struct timespec next_start(const struct supervised *children, size_t n)
{
	long long least = TURN_US;
	for (size_t i = 0; i < n; i++) {
		long long left = children[i].restart.due_us - tow_mono_us();
		if (children[i].pid == 0 && left < least)
			least = left > 0 ? left : 0;
	}
	return (struct timespec){ .tv_sec = least / US_PER_S, .tv_nsec = least % US_PER_S * 1000 };
}

/* -1: none has come. */
static int wait_for_signal(struct timespec limit)
{
	sigset_t set;
	our_signals(&set);
	return sigtimedwait(&set, NULL, &limit);
}

/* HUP is the worker's to reload its configuration. */
bool supervise_turn(struct supervised *children, size_t n, int *status)
{
	start_due(children, n);
	int signal = wait_for_signal(next_start(children, n));
	for (size_t i = 0; i < n; i++) { /* what one says before it ends, first */
		if (children[i].ear > 0)
			listen_to(&children[i], tow_mono_us());
		let_leave(&children[i]);
	}
	*status = reap(children, n, false);
	for (size_t i = 0; i < n; i++) {
		if (signal == SIGHUP && children[i].pid > 0)
			kill(children[i].pid, SIGHUP);
	}
	return signal != SIGTERM && signal != SIGINT && *status == 0;
}

static void ask(struct supervised *s)
{
	if (!s->asked)
		tell(s, SIGTERM);
	s->asked = true;
}

void supervise_begin_end(struct supervised *children, size_t n)
{
	ask(&children[n - 1]);
}

void supervise_hurry_end(struct supervised *children, size_t n)
{
	children[n - 1].hurried = true;
}

/* Each gets one TERM, and another for each further signal that we get; one that is hurried, each
 * second. */
static void end(struct supervised *children, size_t n, size_t which)
{
	struct supervised *s = &children[which];
	ask(s);
	while (lives(s)) {
		int signal = wait_for_signal((struct timespec){ .tv_sec = 1 });
		(void)reap(children, n, true);
		if (signal == SIGTERM || signal == SIGINT || s->hurried)
			tell(s, SIGTERM);
		if (s->beats) /* one that hangs does not hear of it */
			listen_to(s, tow_mono_us());
	}
}

void supervise_end(struct supervised *children, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		end(children, n, i);
		if (children[i].ear > 0) {
			close(children[i].ear);
			(void)unlink(children[i].ear_at);
		}
	}
}

bool supervise_start(struct supervised *children, size_t n, struct tow_err *e)
{
	tow_log_setup("up", "text", TOW_INFO);
	for (size_t i = 0; i < n; i++) {
		if (start(&children[i], e))
			continue;
		supervise_end(children, n);
		return false;
	}
	return true;
}
