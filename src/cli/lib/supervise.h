/* Child processes of this program itself, kept alive until TERM or an interrupt. */
#ifndef TOW_CLI_SUPERVISE_H
#define TOW_CLI_SUPERVISE_H

#include <stddef.h>
#include <sys/types.h>

#include "tow/err.h"

/* When what has died may be started again: after a pause that doubles while it keeps dying. */
struct restart {
	long long started_us, due_us;
	long backoff_ms;
};

void restart_plan(struct restart *r);

enum { MOST_LEAVERS = 16 }; /* more wait until one of them has gone before another comes */

struct supervised {
	const char *name;
	const char *const *argv;
	int given;	    /* a descriptor that becomes its descriptor 3; 0: none */
	const char *ear_at; /* where it is heard, a path that is ours; of one that says something */
	bool beats;	    /* it says WATCHDOG=1, as systemd has it, at least every five seconds */
	bool may_leave; /* it says X_TOWPATH_LEAVES=1 when it ends in its own time: another comes */
	/* The rest is supervise's. */
	bool asked, hurried, leaves; /* asked: to end */
	bool begun;		     /* one of them has said READY=1 */
	pid_t pid;		     /* 0: not running */
	int ear;		     /* 0: not yet open */
	struct restart restart;
	long long first_us; /* when the first of them was started */
	long long heard_us, looked_us;
	pid_t leavers[MOST_LEAVERS]; /* those whose place another has; 0: none */
};

/* Whether this is the child, or one that leaves. */
bool supervise_has(const struct supervised *s, pid_t pid);

/* TERM, INT, HUP and CHLD wait from now on until supervise takes them. */
void supervise_signals(void);

/* Starts all in order; on failure none is left. */
TOW_MUST bool supervise_start(struct supervised *children, size_t n, struct tow_err *e);

/* Looks after them for a second at most: a dead one is started again, one that hangs is killed and
 * then is a dead one. False: a signal asks for an end, or one of them has never begun and says for
 * ten seconds that it never will, which is *status then. */
TOW_MUST bool supervise_turn(struct supervised *children, size_t n, int *status);

/* Asks the last started to end, and does not wait: what takes long may be done before
 * supervise_end. */
void supervise_begin_end(struct supervised *children, size_t n);

/* Then: it shall not wait for anything. */
void supervise_hurry_end(struct supervised *children, size_t n);

/* Returns when every child has ended, the last started first. */
void supervise_end(struct supervised *children, size_t n);

#endif
