/* clang-format off */
/* A kind of job, in C: one file in workers/kinds (or workers/haul) that ends in one const struct.
 *
 *	static bool run(struct tow_job *j, struct tow_err *e) { ... }
 *
 *	const struct tow_kind tow_kind_resize = {
 *		.name = "resize", .help = "...", .timeout_s = 60, .run = run
 *	};
 *
 * run is called in a slot, a process of its own; it may block, leak or crash. True means completed.
 * False with TOW_RETRY lets the policy decide about another attempt; TOW_FINAL fails the job at
 * once; TOW_CANCELLED ends it as cancelled. e->class is what per-class policies look at. stdout and
 * stderr become the job's log. */
/* clang-format on */
#ifndef TOW_KIND_H
#define TOW_KIND_H

#include "tow/db.h"
#include "tow/err.h"
#include "tow/json.h"
#include "tow/log.h"
#include "tow/mem.h"
#include "tow/proc.h"

struct tow_job;

struct tow_kind {
	const char *name;
	const char *help; /* one line: what it does and its arguments */
	long timeout_s; /* 0: the job's own, else the worker's default; a section may say another */
	struct tow_limits limits;
	bool wants_db; /* tow_job_db works; else the slot has no address to connect to */
	bool family; /* not a kind itself: a section [name X] of the worker's file makes a kind X of
			it */
	bool resident;	 /* works until it is told to end: a worker that stops tells it at once */
	bool own_limits; /* run applies tow_job_limits itself, to a child; the slot stays without */
	const char *const
		*settings; /* what its section may say, NULL at the end; "url!" must be said */
	bool (*check)(const char *setting, const char *value,
		      struct tow_err *e); /* one of these, when the file is read; may be NULL */
	bool (*run)(struct tow_job *j, struct tow_err *e);
};

long long tow_job_id(const struct tow_job *j);
long long tow_job_run(const struct tow_job *j); /* the fence: see tow.holds(job, run) */
int tow_job_attempt(const struct tow_job *j);	/* 1 for the first */
int tow_job_max_attempts(const struct tow_job *j);
const char *tow_job_kind(const struct tow_job *j);
const char *tow_job_queue(const struct tow_job *j);
const char *tow_job_args_text(const struct tow_job *j);
const struct tow_json *tow_job_args(struct tow_job *j);
struct tow_arena *tow_job_arena(struct tow_job *j); /* emptied when the job ends */

/* Percent from 0 to 100, or below 0 for unknown; total 0: not counted; note may be NULL. Cheap:
 * call it as often as you like, it is written at most a few times a second. */
void tow_job_progress(struct tow_job *j, double percent, const char *note);
void tow_job_count(struct tow_job *j, long long done, long long total, const char *note);
void tow_job_log(struct tow_job *j, enum tow_level level, const char *fmt, ...) TOW_PRINTF(3, 4);
void tow_job_result(struct tow_job *j, const char *json); /* kept with the job when it completes */

/* Come back later without spending the attempt: `return tow_job_snooze(j, e, 60)`. Returns false.
 */
bool tow_job_snooze(struct tow_job *j, struct tow_err *e, double seconds);
/* Fail, but say when to try again (Retry-After): returns false. */
bool tow_job_retry_in(struct tow_job *j, struct tow_err *e, double seconds);

/*--- what a job remembers and waits for
 *
 * A job that waits holds no slot: its handler returns, and is called anew when it goes on. What it
 * has done before it knows by its steps:
 *
 *	if (!tow_step(j, "charged")) {
 *		charge();
 *		if (!tow_step_done(j, "charged", NULL, e))
 *			return false;
 *	}
 *	if (!tow_signal(j, "shipped", 7 * 86400, &payload, e))
 *		return false;
 *	... payload is NULL if nobody said so within a week */

/* All of it as JSON: steps {name: result}, signals {name: {payload, who, at, timed_out}}, after
 * {id: result}, children {total, completed, failed, cancelled, results}, each there and empty when
 * there is nothing; as it was when this run was claimed. */
const char *tow_job_memory(const struct tow_job *j);

/* The result of a step that was done, by this run or an earlier one; NULL: it was not. */
const char *tow_step(struct tow_job *j, const char *name);

/* A step is done; json is its result, NULL for none. Returns when that is committed: whatever
 * happens now, later runs know. False with TOW_CANCELLED when the job is somebody else's by now. A
 * crash between what the step does and this call repeats the step. */
TOW_MUST bool tow_step_done(struct tow_job *j, const char *name, const char *json,
			    struct tow_err *e);

/* What a daemon is doing, for tow.daemons, and which job that is about (0: none). Committed when it
 * returns; a daemon that was stopped says no more. See tow.set_daemon. */
void tow_job_status(struct tow_job *j, const char *text, long long about);

/* A job to be made when this run completes, waits or snoozes, in the same transaction, so once or
 * not at all: {"kind": ..., "args": ..., "queue": ..., "priority": ..., "run_at" or "delay_s": ...,
 * "key": ..., "lane": ..., "max_attempts": ..., "timeout_s": ..., "policy": ..., "tags": [...],
 * "after_spawned": [0, ...], "child": true}. after_spawned names others of this run that go before,
 * by their place; "child": false makes it nobody's child. Where another job has the key, that one
 * stays and is not made a child: nothing waits for it, but others can go after_spawned. */
TOW_MUST bool tow_job_spawn(struct tow_job *j, const char *json, struct tow_err *e);

/* Jobs whose parent this one is, those that this run makes not counted. */
struct tow_children {
	long long total, completed, failed, cancelled;
};
struct tow_children tow_job_children(struct tow_job *j);

/* Go on when every child has ended, those that this run makes too: `return tow_wait_children(j,
 * e)`. Returns false. */
bool tow_wait_children(struct tow_job *j, struct tow_err *e);

/* True when tow.signal(job, name) has been called, with its payload (JSON), or when timeout_s have
 * passed since the job began to wait, with payload NULL; below 0: no timeout. Else false: return
 * that, and the handler is called again when one of the two has happened. Once it has come a signal
 * stays: wait for the next one by another name. */
bool tow_signal(struct tow_job *j, const char *name, double timeout_s, const char **payload,
		struct tow_err *e);

/* The same for somebody's word: tow.approve or tow.reject, {"approved": true, "note": ...}. */
bool tow_approval(struct tow_job *j, double timeout_s, const char **payload, struct tow_err *e);

/* False, to be returned, until so many seconds have passed since it was first called by this name;
 * then true. tow.signal(job, 'sleep:NAME') ends it early. */
bool tow_sleep(struct tow_job *j, const char *name, double seconds, struct tow_err *e);

/* What the four above ask for: "children", "signal" or "approval". Returns false. */
bool tow_wait(struct tow_job *j, const char *what, const char *name, double timeout_s,
	      struct tow_err *e);

/* True once somebody asked for an end (cancel, shutdown): a long loop should ask now and then and
 * return false with TOW_CANCELLED. A handler that never asks is killed after a grace. */
bool tow_job_stopping(const struct tow_job *j);

/* A connection of this slot's own, opened on first use; only for kinds with wants_db. */
TOW_MUST bool tow_job_db(struct tow_job *j, struct tow_db **db, struct tow_err *e);

/* A setting of this kind from the worker's configuration file, NULL when absent. */
const char *tow_job_setting(const struct tow_job *j, const char *name);

/* The kind's resource limits, the file's over the struct's. */
const struct tow_limits *tow_job_limits(const struct tow_job *j);

/* Whether the kind asks for the database, and where that is ("" when only PG* say): for one that
 * hands it on. */
bool tow_job_wants_db(const struct tow_job *j);
const char *tow_job_db_url(const struct tow_job *j);

/* Generated at build time from the files in workers/kinds and workers/haul; NULL at the end. */
extern const struct tow_kind *const tow_kinds[];

#endif
