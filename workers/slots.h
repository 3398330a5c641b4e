/* Slots, from the dispatcher's side: forked, fed, listened to, ended. */
#ifndef TOW_WORKERS_SLOTS_H
#define TOW_WORKERS_SLOTS_H

#include <sys/types.h>

#include "board.h"
#include "kinds.h"
#include "output.h"
#include "queue.h"
#include "wire.h"

#define SLOTS_MOST 1024

/* Why a slot is being ended; it decides what becomes of the job that runs there. */
enum ending { END_NONE, END_TIMEOUT, END_DEADLINE, END_CANCEL, END_SHUTDOWN, END_LOST };

/* What a handler waits for to be kept. */
struct step {
	long long job, run;
	char *name, *result; /* name NULL: there is none */
	long long since_us;
};

struct slot {
	struct pool *pool;
	pid_t pid; /* 0: there is no process now */
	int socket, out, err;
	struct board *board;
	struct runs jobs; /* given and not ended, in order */
	uint64_t given;	  /* jobs written, so the number of the next */
	struct tow_buf in, outbox;
	struct output output;
	struct step step;
	enum ending ending;
	long long kill_at_us; /* when TERM becomes KILL; 0: it has, or nothing is being ended */
	bool retire;	      /* gets no more jobs, and is replaced when it is empty */
	bool surplus;	      /* and is not replaced */
	bool dismissed;
	bool broken; /* what it says makes no sense */
	bool exited;
	int status;
	long long forked_us, fork_at_us;
	int early_deaths; /* in a row, soon after the fork and without having ended a job */
	uint32_t progress_seen;
	long long progress_us; /* look again at this time; 0: nobody has said anything */
};

struct slots {
	struct slot **items;
	size_t n;
	const struct kinds *kinds;
	const char *db_url; /* in memory that a slot may overwrite: see slot.h */
};

void slots_init(struct slots *s, const char *db_url);

/* So many as this pool should have: makes more, or lets the superfluous retire. */
void slots_resize(struct slots *s, struct pool *p);

void slots_release(struct slots *s); /* ends them all at once */

/* Forks where there is no process and none is due to be waited for. */
void slots_fork(struct slots *s, long long now);

/* New kinds: every slot is replaced as soon as it is empty. */
void slots_renew(struct slots *s, const struct kinds *kinds);

/* Remove those that are gone and not wanted. */
void slots_sweep(struct slots *s);

bool slot_takes(const struct slot *s, size_t n); /* may be given so many jobs */
void slot_give(struct slot *s, struct run *r);
bool slot_flush(struct slot *s); /* false: it is broken, and will be reaped */

/* What runs there now, NULL if nothing. Fills in since when. */
struct run *slot_current(const struct slot *s, long long *since_us);

/* Read what the slot has said, so much as a turn may take of each channel; runs that ended are
 * appended, with their outcome and times. */
void slot_read(struct slot *s, struct runs *ended, struct reports *reports, long long now);

/* The same of one that has exited: all that is left. */
void slot_read_last(struct slot *s, struct runs *ended, struct reports *reports, long long now);

/* Of what has been read: runs that ended, until one whose outcome is still to come. */
void slot_collect(struct slot *s, struct runs *ended, struct reports *reports, long long now);

/* Progress of what runs there, if it has changed. */
void slot_progress(struct slot *s, struct reports *reports, long long now);

/* The step has been kept, or not: the handler goes on. */
void slot_answer(struct slot *s, enum board_verdict verdict, const char *why);
void step_release(struct step *step);

/* Take back what has not started. */
void slot_take_back(struct slot *s, struct runs *back);

/* End what runs there: TERM now, KILL after grace_ms. */
void slot_end(struct slot *s, enum ending why, long grace_ms, struct runs *back, long long now);
void slot_kill(struct slot *s);

/* One that retires and is empty: it ends when it sees its socket closed. */
void slot_dismiss(struct slot *s);

/* Note the children that have exited; others' are dropped. False when pid was no slot. */
bool slots_reaped(struct slots *s, pid_t pid, int status);

/* A slot that has exited: what ran there has ended so, what had not started goes back. */
void slot_bury(struct slot *s, struct runs *ended, struct runs *back, struct reports *reports,
	       long long now);

#endif
