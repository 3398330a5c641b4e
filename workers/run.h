/* A claimed job, from the claim until its outcome is accepted. It is always in exactly one list:
 * its queue's stock, a slot's jobs, the outcomes to be reported, or the cargo of an exchange. */
#ifndef TOW_WORKERS_RUN_H
#define TOW_WORKERS_RUN_H

#include <stdint.h>

#include "tow/mem.h"

struct queue;

enum run_as {
	RUN_COMPLETED,
	RUN_FAILED,
	RUN_SNOOZED,
	RUN_WAITS,
	RUN_CANCELLED,
	RUN_RETURNED,
	RUN_UNKNOWN,
};

struct outcome {
	enum run_as as;
	bool final;
	double delay_s; /* until it is tried again, or how long it waits at most; below 0: none */
	const char *class, *error, *detail;
	const char *result; /* JSON */
	const char *wait_for, *wait_name;
	const char *spawn; /* a JSON array: jobs to be made with this outcome, or not at all */
};

struct run {
	struct run *next;
	long long job, id; /* id is the run's number: the fence */
	struct queue *queue;
	long long place; /* in its lane: runs that share one go to one slot, in order; 0: its own */
	long timeout_ms;
	long long deadline_us;	       /* the monotonic clock; 0: none */
	uint64_t number;	       /* in its slot */
	double charged_us;	       /* slot time that its queue has paid for it */
	bool resident;		       /* its kind says so */
	bool cancelled;		       /* somebody wants it ended */
	bool lost;		       /* somebody else's by now: say nothing about it */
	long long started_us, took_us; /* started_us 0: it never ran */
	char *outcome; /* JSON members without job, run and times; NULL: plainly completed */
	size_t frame_len;
	char frame[]; /* as it is written to a slot */
};

struct runs {
	struct run *first, *last;
	size_t n;
};

void runs_push(struct runs *list, struct run *r);
struct run *runs_pop(struct runs *list);
bool runs_remove(struct runs *list, struct run *r);
void runs_append(struct runs *list, struct runs *more); /* more is empty then */
void runs_prepend(struct runs *list, struct runs *more);
struct run *runs_find(const struct runs *list, long long id);
size_t runs_relay(const struct runs *list); /* how many of the first share a place in their lane */
void runs_free(struct runs *list);

struct run *run_make(long long job, long long id, int attempt, int max_attempts, const char *queue,
		     const char *kind, const char *args, const char *memory);
void run_free(struct run *r);

/* How it ended; the times are the caller's. */
void run_end(struct run *r, const struct outcome *o);

/* One element of tow.exchange's p_outcomes. */
void run_json(const struct run *r, struct tow_buf *out, long long now_us);

/* A reason of the worker's own: {"as": ..., "class": ..., "error": ...}. */
struct outcome outcome_of(enum run_as as, const char *class, const char *error);

#endif
