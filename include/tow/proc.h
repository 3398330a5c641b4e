/* Child processes: started with their descriptors, limits, environment; ended by process group. */
#ifndef TOW_PROC_H
#define TOW_PROC_H

#include <sys/types.h>

#include "tow/err.h"
#include "tow/mem.h"

/* Resource limits; 0 means "leave as it is". */
struct tow_limits {
	long memory_mb; /* RLIMIT_AS */
	long file_mb;	/* RLIMIT_FSIZE */
	long cpu_s;	/* RLIMIT_CPU */
	long files;	/* RLIMIT_NOFILE */
};
TOW_MUST bool tow_limits_apply(const struct tow_limits *l, struct tow_err *e);

struct tow_child {
	const char *const *argv;
	const char *file;	/* what is run; NULL: argv[0] */
	const char *const *env; /* the whole environment, NULL at the end; NULL: inherited */
	const char *cwd;	/* NULL: inherited */
	int fds[8]; /* fds[i] becomes descriptor i in the child; -1: closed (0..2: /dev/null) */
	int n_fds;
	struct tow_limits limits;
	bool own_group;	      /* a process group of its own */
	bool die_with_parent; /* PR_SET_PDEATHSIG SIGKILL */
};
/* Reports a failed exec here, not by a silent exit in the child. */
TOW_MUST bool tow_proc_start(const struct tow_child *c, pid_t *pid, struct tow_err *e);

/* What a process takes of this machine's memory, in bytes, where what it shares with others is
 * parted among them; -1: not known. */
long long tow_proc_memory(pid_t pid);

/* "exit 3", "signal 9 (killed)": how a wait status reads. */
const char *tow_proc_says(struct tow_arena *a, int status);

/* sd_notify without the library: "READY=1", "WATCHDOG=1", "STATUS=..."; nothing happens when not
 * under systemd. */
void tow_sd_notify(const char *text);
long tow_sd_watchdog_ms(void); /* 0: none */
/* "NAME=value": whether that is between us and who watches us, and no business of our children. */
bool tow_sd_is_ours(const char *variable);

long long tow_mono_us(void); /* the monotonic clock */

#endif
