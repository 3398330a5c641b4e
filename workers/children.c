/* The dispatcher's children: slots and others are reaped, strangers ended, a stand-by scheduler is
 * started. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dispatcher.h"
#include "options.h"
#include "orphans.h"
#include "tow/log.h"
#include "tow/proc.h"

#define SETTLED_US 15000000 /* a stand-by that still is not heard then hangs */

void children_end_strangers(struct dispatcher *d)
{
	TOW_AUTO_FREE pid_t *known = tow_xcalloc(d->slots.n + 1, sizeof(*known));

	for (size_t i = 0; i < d->slots.n; i++)
		known[i] = d->slots.items[i]->pid;
	known[d->slots.n] = d->scheduler;
	orphans_end_except(known, d->slots.n + 1);
}

/* A stranger that is gone may have left children, who are ours now. */
void children_reap(struct dispatcher *d)
{
	bool strangers = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == d->scheduler) {
			d->scheduler = 0;
			continue;
		}
		if (!slots_reaped(&d->slots, pid, status))
			strangers = true;
	}
	if (strangers)
		children_end_strangers(d);
}

/* The address goes by the environment: arguments are for everybody to read. */
static const char **scheduler_env(struct tow_arena *a, const char *url, const char *direct)
{
	size_t n = 0, kept = 0;
	const char **env;

	while (environ[n])
		n++;
	env = tow_alloc(a, (n + 3) * sizeof(*env));
	for (size_t i = 0; i < n; i++)
		if (!tow_sd_is_ours(environ[i]) &&
		    strncmp(environ[i], "TOW_DIRECT_URL=", 15) != 0 &&
		    (!url || strncmp(environ[i], "DATABASE_URL=", 13) != 0))
			env[kept++] = environ[i];
	if (url)
		env[kept++] = tow_fmt(a, "DATABASE_URL=%s", url);
	if (direct != url)
		env[kept++] = tow_fmt(a, "TOW_DIRECT_URL=%s", direct);
	return env;
}

static void start_standby(struct dispatcher *d)
{
	TOW_AUTO_ARENA a = { 0 };
	struct tow_err e = { 0 };
	struct tow_child c = {
		.argv = (const char *[]){ "tow", "scheduler", "--standby", "--log-format",
					  d->options->log_format, "--log-level",
					  tow_level_name(d->options->level), NULL },
		.file = "/proc/self/exe",
		.env = scheduler_env(&a, d->url, d->direct),
		.fds = { -1, STDOUT_FILENO, STDERR_FILENO },
		.n_fds = 3,
		.own_group = true,
		.die_with_parent = true,
	};

	if (!tow_proc_start(&c, &d->scheduler, &e)) {
		d->scheduler = 0;
		tow_log_err(TOW_ERROR, "scheduler.failed", &e);
		return;
	}
	tow_log(TOW_INFO, "scheduler.standby", "pid=%d", (int)d->scheduler);
}

/* One that hangs holds nothing that another needs: whoever is there does what is due. */
void children_scheduler(struct dispatcher *d, bool needed, long long now)
{
	if (!needed || d->phase != PHASE_RUN) {
		d->unminded_us = 0;
		return;
	}
	if (!d->unminded_us)
		d->unminded_us = now;
	if (!d->scheduler) {
		start_standby(d);
	} else if (now - d->unminded_us > SETTLED_US) {
		tow_log(TOW_WARN, "scheduler.hung", "pid=%d", (int)d->scheduler);
		kill(d->scheduler, SIGKILL);
		d->unminded_us = 0;
	}
}
