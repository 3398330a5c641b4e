/* What a worker is told: its options and its file. The file is INI, with the sections
 *
 * - [worker]: name, queue (NAME, NAME:SLOTS or NAME*WEIGHT, may be repeated), slots, strict, lease,
 *   grace, kill, poll, timeout, prefetch, listen, sql_kinds, direct, builtin
 * - [queue NAME]: slots, or weight
 * - [kind NAME]: settings, timeout and limits of a kind in the program
 * - [exec NAME], [http NAME], ...: a kind NAME of that family
 *
 * Options on the command line win over the file. */
#ifndef TOW_WORKERS_CONFIG_H
#define TOW_WORKERS_CONFIG_H

#include "kinds.h"

struct queue_wish {
	char *name;
	int slots;  /* of its own; 0: the default, or it shares */
	int weight; /* 0: it does not share */
};

struct config {
	char *name, *direct; /* direct: an address past a pooler */
	char *builtin;	     /* which kinds of the program it runs; NULL: all */
	struct queue_wish *queues;
	size_t n_queues;
	int slots;    /* of a queue that does not say; or those that queues share */
	bool strict;  /* shared slots take the first queue that has jobs */
	int prefetch; /* 0: adapts; else jobs held for each slot */
	long lease_ms, grace_ms, kill_ms, poll_ms, timeout_ms;
	bool listen, sql_kinds;
	struct kinds kinds;
};

void config_init(struct config *c); /* the defaults, and the kinds of the program */
void config_release(struct config *c);

/* "default:4", "default*3", or several with commas: adds a queue, or changes its slots or weight. A
 * name with colons needs its slots. */
TOW_MUST bool config_queue(struct config *c, const char *wishes, struct tow_err *e);

/* One setting of [worker]. */
TOW_MUST bool config_set(struct config *c, const char *name, const char *value, struct tow_err *e);

/* All of a file; an error names the line. */
TOW_MUST bool config_read(struct config *c, const char *path, struct tow_err *e);

/* After file and options: fills in what nobody said, and checks that it fits together. */
TOW_MUST bool config_finish(struct config *c, struct tow_err *e);

/* What a reload changes, in words with commas between: "queues, grace"; nothing: it is all the
 * same.
 */
void config_changes(const struct config *from, const struct config *to, struct tow_buf *words);

#endif
