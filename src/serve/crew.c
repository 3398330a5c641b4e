#include "crew.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "hub.h"
#include "lodge.h"
#include "tow/log.h"
#include "tow/proc.h"

enum { AGAIN_MS = 500, FAREWELL_MS = 200, GRACE_S = 5 };

#define ASLEEP_US 5000000LL /* we have not looked for so long: silence says nothing */

struct member {
	pid_t pid;
	long long due_us; /* when it may be started again */
	bool again;	  /* it was there before: whatever began once is not given up */
};

/* The pairs outlive who uses them: a process that is started anew finds them as they were. */
struct party {
	const struct crew *crew;
	struct member members[CREW_MOST + 2]; /* the last are the hub and the lodge */
	int to_hub[CREW_MOST], ears[CREW_MOST];
	atomic_llong *turned_us; /* when each of the members had its last turn; seen by all */
	long long looked_us;
	int refused; /* the exit status, where the database refused the hub for good */
};

static void our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGCHLD);
}

static size_t hub_of(const struct party *p)
{
	return p->crew->door.processes;
}

static size_t lodge_of(const struct party *p)
{
	return hub_of(p) + 1;
}

static size_t all_of(const struct party *p)
{
	return lodge_of(p) + 1;
}

/* --- one that speaks HTTP */

static int stop_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int speak(const struct party *p, size_t which)
{
	struct tow_err e = { 0 };
	struct desk desk = p->crew->desk;
	struct http *http = NULL;
	struct porter porter = { .door = &p->crew->door, .which = which };
	struct pollfd fds[4] = { { .fd = stop_signals(), .events = POLLIN } };
	struct caller caller;
	long long end_us = 0;
	int ms = 0;
	const struct http_options options = {
		.limits = { .head_s = 20, .body_s = 60, .idle_s = 75, .answer_s = 120 },
		.connections = &p->crew->door.inside[which],
		.most_connections = p->crew->door.most,
		.most_each = p->crew->most_each,
		.most_body = HTTP_MOST_BODY,
		.answer = desk_answer,
		.admits = desk_admits,
		.self = &desk,
	};
	desk.hub = p->to_hub[which];
	desk.turned_us = &p->turned_us[which];
	if (!http_open(&http, &options, &e)) {
		tow_log_err(TOW_ERROR, "http.failed", &e);
		return EX_OSERR;
	}
	fds[1] = (struct pollfd){ .fd = http_fd(http), .events = POLLIN };
	while (!end_us || tow_mono_us() < end_us) {
		struct timespec limit = { ms / 1000, ms % 1000 * 1000000L };
		atomic_store(desk.turned_us, tow_mono_us());
		fds[2] = (struct pollfd){ end_us ? -1 : porter_watches(&porter), POLLIN, 0 };
		fds[3] = (struct pollfd){ end_us ? -1 : porter_watches_on(&porter), POLLIN, 0 };
		if (ppoll(fds, 4, &limit, NULL) < 0 && errno != EINTR)
			break;
		if (!end_us && fds[0].revents)
			end_us = tow_mono_us() + FAREWELL_MS * 1000LL;
		if (porter_lets_in(&porter, fds[2].revents, &caller))
			http_let_in(http, caller.fd, (struct sockaddr *)&caller.at, caller.len);
		if (porter_takes_on(&porter, fds[3].revents, &caller))
			http_let_in(http, caller.fd, (struct sockaddr *)&caller.at, caller.len);
		ms = porter_waits(&porter, http_turn(http));
		desk_turn(&desk);
		if (end_us && ms > FAREWELL_MS / 4)
			ms = FAREWELL_MS / 4;
	}
	http_close(http);
	desk_close(&desk);
	return EX_OK;
}

static int listen_for_all(const struct party *p)
{
	const struct hub hub = {
		.url = p->crew->desk.url,
		.called = p->crew->called,
		.ears = p->ears,
		.n_ears = p->crew->door.processes,
		.max_guests = p->crew->most_sockets,
		.max_each = p->crew->most_sockets / 8,
		.max_from = p->crew->most_each,
		.ping_us = HUB_PING_US,
		.silent_us = HUB_SILENT_US,
		.turned_us = &p->turned_us[hub_of(p)],
	};
	return hub_run(&hub);
}

static int stand_by(const struct party *p)
{
	const struct lodge lodge = {
		.door = &p->crew->door,
		.desk = &p->crew->desk,
		.turned_us = p->turned_us,
		.own_us = &p->turned_us[lodge_of(p)],
		.most_each = p->crew->most_each,
	};
	return lodge_run(&lodge, stop_signals());
}

/* --- all of them */

static int be(const struct party *p, size_t which)
{
	bool hub = which == hub_of(p), lodge = which == lodge_of(p);
	prctl(PR_SET_NAME, hub ? "tow serve hub" : lodge ? "tow serve lodge" : "tow serve http");
	if (hub || lodge)
		return hub ? listen_for_all(p) : stand_by(p);
	p->crew->door.inside[which] = 0;
	return speak(p, which);
}

static void start(struct party *p, size_t which)
{
	atomic_store(&p->turned_us[which], tow_mono_us());
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EX_TEMPFAIL);
		_exit(be(p, which));
	}
	p->members[which].pid = pid > 0 ? pid : 0;
	p->members[which].due_us = tow_mono_us() + AGAIN_MS * 1000LL;
	if (pid < 0)
		tow_log(TOW_ERROR, "process.not_started", "error='%s'", strerror(errno));
}

static int refusal(int status)
{
	int exit = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	return exit == EX_NOPERM || exit == EX_CONFIG ? exit : 0;
}

static size_t reap(struct party *p, bool ending)
{
	size_t left = 0;
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (size_t i = 0; i < all_of(p); i++) {
			TOW_AUTO_ARENA a = { 0 };
			if (p->members[i].pid != pid)
				continue;
			p->members[i].pid = 0;
			if (!p->members[i].again && !p->refused)
				p->refused = refusal(status);
			p->members[i].again = true;
			if (!ending)
				tow_log(TOW_WARN, "process.died", "pid=%d how='%s'", (int)pid,
					tow_proc_says(&a, status));
		}
	for (size_t i = 0; i < all_of(p); i++)
		left += p->members[i].pid > 0;
	return left;
}

/* Each has a turn every second at least, and before all that waits for the database, which takes
 * half a minute at most: a connection, or a call that is given up and then cancelled. */
static void mind(struct party *p)
{
	long long now = tow_mono_us();
	bool asleep = now - p->looked_us > ASLEEP_US;
	p->looked_us = now;
	for (size_t i = 0; i < all_of(p); i++) {
		long long silent_us = now - atomic_load(&p->turned_us[i]);
		if (asleep)
			atomic_store(&p->turned_us[i], now);
		if (asleep || p->members[i].pid == 0 || silent_us < p->crew->patience_us)
			continue;
		tow_log(TOW_WARN, "process.hung", "pid=%d silent_s=%lld", (int)p->members[i].pid,
			silent_us / 1000000);
		kill(p->members[i].pid, SIGKILL);
		atomic_store(&p->turned_us[i], now);
	}
}

static void end(const struct party *p, int signal)
{
	for (size_t i = 0; i < all_of(p); i++)
		if (p->members[i].pid > 0)
			kill(p->members[i].pid, signal);
}

static bool open_shared(struct party *p)
{
	p->turned_us = mmap(NULL, all_of(p) * sizeof *p->turned_us, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->turned_us == MAP_FAILED)
		return false;
	for (size_t i = 0; i < p->crew->door.processes; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
			return false;
		p->to_hub[i] = pair[0];
		p->ears[i] = pair[1];
	}
	return true;
}

/* As many as the system lets us have: a connection is one. */
static void raise_limit(void)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

int crew_run(const struct crew *c)
{
	struct party p = { .crew = c };
	struct timespec second = { .tv_sec = 1 };
	sigset_t set;
	int signal = 0;
	our_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise_limit();
	if (!open_shared(&p)) {
		tow_log(TOW_ERROR, "serve.failed", "error='%s'", strerror(errno));
		return EX_OSERR;
	}
	while (signal != SIGTERM && signal != SIGINT && !p.refused) {
		for (size_t i = 0; i < all_of(&p); i++)
			if (p.members[i].pid == 0 && p.members[i].due_us <= tow_mono_us())
				start(&p, i);
		tow_sd_notify("WATCHDOG=1");
		signal = sigtimedwait(&set, NULL, &second);
		reap(&p, false);
		mind(&p);
	}
	end(&p, SIGTERM);
	for (int s = 0; reap(&p, true) > 0; s++) {
		sigtimedwait(&set, NULL, &second);
		if (s == GRACE_S)
			end(&p, SIGKILL);
	}
	return p.refused;
}
