/* Child processes of this program itself, kept alive until TERM or an interrupt. */
#ifndef TOW_CLI_SUPERVISE_H
#define TOW_CLI_SUPERVISE_H

#include <stddef.h>
#include <sys/types.h>

#include "tow/err.h"

struct supervised {
	const char *name;
	const char *const *argv;
	/* The rest is supervise's. */
	pid_t pid; /* 0: not running */
	long long started_us, due_us;
	long backoff_ms;
};

/* TERM, INT, HUP and CHLD wait from now on until supervise takes them. */
void supervise_signals(void);

/* Starts all in order, starts a dead one again after a pause that doubles while it keeps dying, and
 * returns when a signal asked for an end and every child has ended, the last started first. */
TOW_MUST bool supervise(struct supervised *children, size_t n, struct tow_err *e);

#endif
