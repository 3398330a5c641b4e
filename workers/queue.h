/* Queues as their worker sees them, and the slots that serve them.
 *
 * A pool is a number of slots and the queues that share them: one queue with slots of its own, or
 * all that were given weights. Shared slots' time is divided by weight among the queues that have
 * jobs (start-time fair queueing: whoever has had the least for its weight is next; one that comes
 * back from a rest begins where the others are), or goes to the first queue that has some, if the
 * pool is strict. */
#ifndef TOW_WORKERS_QUEUE_H
#define TOW_WORKERS_QUEUE_H

#include "run.h"

struct queue;

struct pool {
	const char *name;
	int slots;
	bool strict;
	struct queue **queues; /* in the order in which they were named */
	size_t n;
	double v; /* virtual time: what the queue had had that was chosen last */
};

struct queue {
	char *name;
	int id;		   /* the database's; 0: not known yet */
	struct pool own;   /* slots that it does not share */
	struct pool *pool; /* that one, or the shared one; NULL: no longer served */
	double weight;
	struct runs stock; /* claimed, not given to a slot */
	size_t given;	   /* in slots */
	int asked;	   /* wanted by exchanges under way */
	double avg_us;	   /* how long its jobs take; 0: no idea yet */
	double bytes;	   /* how large they are, the larger ones of late */
	double v;	   /* slot time that it has had, by its weight */
	bool dry;	   /* the last exchange gave less than was wanted */
	bool again;	   /* but more may start when runs have ended: it has lanes or limits */
	bool armed;	   /* the doorbell rings for it */
	bool arming;	   /* the call that is under way asks for that */
};

/* A batch of n jobs took total_us. */
void queue_learn(struct queue *q, double total_us, size_t n);

/* How many of its jobs one slot should have at a time. */
int queue_share(const struct queue *q, int prefetch);

/* How many jobs of one lane a slot may run in turn for one place in it. */
int queue_relay(const struct queue *q, int prefetch);

/* How many more to ask for now: so many that no slot starves, and that none waits long behind
 * another. prefetch: so many for each slot, instead. */
int queue_want(const struct queue *q, int prefetch);

/* Its slots, for others to see: of shared ones its part, at least one. */
int queue_slots(const struct queue *q);

/* A claimed job of it, into its stock. */
void queue_stock(struct queue *q, struct run *r);

/* A job of it is given to a slot; has taken so much of its time (0: it was taken back). */
void queue_charge(struct queue *q, struct run *r);
void queue_charged(struct queue *q, struct run *r, double took_us);

void pool_empty(struct pool *p, const char *name, int slots);
void pool_add(struct pool *p, struct queue *q, double weight);
void pool_release(struct pool *p);

/* Whose job a free slot gets; whose claimed job can be missed most easily. NULL: there is none. */
struct queue *pool_next(const struct pool *p);
struct queue *pool_last(const struct pool *p);

/* How many slots could do with more work; below 0: more is claimed than they will do soon. */
double pool_room(const struct pool *p, int prefetch);
bool pool_starving(const struct pool *p, int prefetch);

#endif
