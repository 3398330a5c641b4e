/* A queue as its worker sees it: its slots, what was claimed for them, and how many jobs are worth
 * claiming. */
#ifndef TOW_WORKERS_QUEUE_H
#define TOW_WORKERS_QUEUE_H

#include "run.h"

struct queue {
	char *name;
	int id;		   /* the database's; 0: not known yet */
	int slots;	   /* 0: no longer served */
	struct runs stock; /* claimed, not given to a slot */
	size_t given;	   /* in slots */
	int asked;	   /* wanted by exchanges under way */
	double avg_us;	   /* how long its jobs take; 0: no idea yet */
	bool dry;	   /* the last exchange gave less than was wanted */
	bool armed;	   /* the doorbell rings for it */
};

/* A batch of n jobs took total_us. */
void queue_learn(struct queue *q, double total_us, size_t n);

/* How many jobs are worth holding: so many that no slot starves, and that none waits long behind
 * another. prefetch: so many for each slot, instead. */
int queue_target(const struct queue *q, int prefetch);

/* How many of them one slot should have at a time. */
int queue_share(const struct queue *q, int prefetch);

/* How many more to ask for now. */
int queue_want(const struct queue *q, int prefetch);

#endif
