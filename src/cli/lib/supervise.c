#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "tow/log.h"
#include "tow/proc.h"

enum { FIRST_BACKOFF_MS = 200, LONGEST_BACKOFF_MS = 30000, STABLE_S = 30, US_PER_S = 1000000 };

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

/* A group of its own, so that the terminal's interrupt reaches us alone and the end is ours to
 * order. */
static bool start(struct supervised *s, struct tow_err *e)
{
	const struct tow_child child = {
		.argv = s->argv,
		.file = "/proc/self/exe",
		.fds = { 0, 1, 2 },
		.n_fds = 3,
		.own_group = true,
		.die_with_parent = true,
	};
	s->started_us = tow_mono_us();
	return tow_proc_start(&child, &s->pid, e) || tow_wrap(e, "start the %s", s->name);
}

/* One that has lived for long may die once without a penalty. */
static void plan_restart(struct supervised *s)
{
	long long now = tow_mono_us();
	bool stable = now - s->started_us > (long long)STABLE_S * US_PER_S;
	s->pid = 0;
	s->backoff_ms = stable || s->backoff_ms == 0 ? FIRST_BACKOFF_MS : 2 * s->backoff_ms;
	if (s->backoff_ms > LONGEST_BACKOFF_MS)
		s->backoff_ms = LONGEST_BACKOFF_MS;
	s->due_us = now + s->backoff_ms * 1000LL;
}

static void reap(struct supervised *children, size_t n, bool ending)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < n; i++) {
			TOW_AUTO_ARENA a = { 0 };
			struct supervised *s = &children[i];
			if (s->pid != pid)
				continue;
			plan_restart(s);
			if (!ending)
				tow_log(TOW_WARN, "child.died", "name=%s how='%s' again_in_ms=%ld",
					s->name, tow_proc_says(&a, status), s->backoff_ms);
		}
	}
}

static void start_due(struct supervised *children, size_t n)
{
	struct tow_err e = { 0 };
	for (size_t i = 0; i < n; i++) {
		struct supervised *s = &children[i];
		if (s->pid != 0 || s->due_us > tow_mono_us() || start(s, &e))
			continue;
		tow_log_err(TOW_ERROR, "child.not_started", &e);
		plan_restart(s);
	}
}

/* Until the next start that is due; NULL: for ever. */
static const struct timespec *next_start(const struct supervised *children, size_t n,
					 struct timespec *wait)
{
	long long least = -1;
	for (size_t i = 0; i < n; i++) {
		long long left = children[i].due_us - tow_mono_us();
		if (children[i].pid == 0 && (least < 0 || left < least))
			least = left > 0 ? left : 0;
	}
	*wait = (struct timespec){ .tv_sec = least / US_PER_S, .tv_nsec = least % US_PER_S * 1000 };
	return least < 0 ? NULL : wait;
}

static void wait_for_signal(const struct timespec *limit, int *signal)
{
	sigset_t set;
	our_signals(&set);
	*signal = limit ? sigtimedwait(&set, NULL, limit) : sigwaitinfo(&set, NULL);
}

/* HUP is the worker's to reload its configuration. */
static void look_after(struct supervised *children, size_t n)
{
	for (;;) {
		struct timespec wait;
		int signal;
		start_due(children, n);
		wait_for_signal(next_start(children, n, &wait), &signal);
		reap(children, n, false);
		for (size_t i = 0; signal == SIGHUP && i < n; i++)
			if (children[i].pid > 0)
				kill(children[i].pid, SIGHUP);
		if (signal == SIGTERM || signal == SIGINT)
			return;
	}
}

/* Each gets one TERM, and another for each further signal that we get. */
static void end(struct supervised *children, size_t n, size_t which)
{
	struct supervised *s = &children[which];
	if (s->pid > 0)
		kill(s->pid, SIGTERM);
	while (s->pid > 0) {
		int signal;
		wait_for_signal(NULL, &signal);
		reap(children, n, true);
		if (s->pid > 0 && (signal == SIGTERM || signal == SIGINT))
			kill(s->pid, SIGTERM);
	}
}

bool supervise(struct supervised *children, size_t n, struct tow_err *e)
{
	bool started = true;
	tow_log_setup("up", "text", TOW_INFO);
	for (size_t i = 0; started && i < n; i++)
		started = start(&children[i], e);
	if (started)
		look_after(children, n);
	for (size_t i = n; i-- > 0;)
		end(children, n, i);
	return started;
}
