/* The dispatcher: one process, one loop. It claims jobs and reports how they ended over two
 * connections (lines.c), beats over a third (beat.c), has handlers' steps kept over a fourth when
 * there are any (steps.c), gives jobs to slots (hands.c) and watches them (watch.c). Everything it
 * knows is here; what these files do to it is in the functions below.
 */
#ifndef TOW_WORKERS_DISPATCHER_H
#define TOW_WORKERS_DISPATCHER_H

#include "config.h"
#include "lows.h"
#include "slots.h"
#include "tow/link.h"
#include "tow/log.h"

#define LINES	     2
#define OUTCOME_MOST (16 << 20) /* bytes of an outcome, and of all that an exchange carries */
#define RECONCILE_US 3000000	/* so long after a lost connection */

enum phase {
	PHASE_RUN,
	PHASE_DRAIN, /* nothing new is claimed or started; what runs may end */
	PHASE_END,   /* what runs is being ended */
	PHASE_OVER,
};

enum beat_call {
	BEAT_NONE,
	BEAT_ATTACH,
	BEAT_KINDS,
	BEAT_BEAT,
	BEAT_REPORT,
	BEAT_RELOADED,
	BEAT_DETACH,
};

/* The heartbeat's connection. */
struct beat {
	struct tow_link link;
	enum beat_call call;
	bool attached; /* on this connection */
	bool detached;
	bool urgent;		/* beat now: somebody may want a job ended */
	bool no_sql_kinds;	/* the database does not know them */
	bool kinds_heard;	/* it has said which there are */
	bool held, pooled;	/* pooled: through a pooler, so the session is not ours */
	unsigned wanted, asked; /* configurations: the latest, and the one attached with */
	long long worker;	/* 0: none yet */
	char ticket[33];	/* while there is none: who asks again is the same */
	char bell[64];
	long long sent_us, heard_us; /* the last beat that was sent; the sending of the last that
					was answered */
	long long connected_us;
	long long report_us, kinds_us;
	long long memory, memory_us;		      /* bytes, when it was measured */
	long long report_again_us, report_backoff_us; /* after one that was refused */
	size_t report_most;   /* lines in a report: fewer while a bad one is looked for */
	long long backoff_us; /* after an attach or a beat that was refused */
	struct tow_repeat failing;
	char *mistake; /* why the file was refused when it was last read again; NULL: it was not */
	bool reloaded; /* how that went is to be told */
	long long reload_us; /* when it was */
};

enum line_call { LINE_NONE, LINE_FLOOR, LINE_EXCHANGE, LINE_PARK, LINE_DRAINED, LINE_RECONCILE };

struct want {
	struct queue *queue;
	int n;
	bool along;	 /* it was dry, but outcomes that are reported may let others start */
	bool dry, again; /* the answer's */
};

struct line {
	struct tow_link link;
	int number;
	bool used; /* it is worth a connection */
	enum line_call call;
	long long seq;
	bool unsure;	    /* the last exchange may or may not have happened: repeat it */
	long long again_us; /* not before this time */
	long long backoff_us;
	struct tow_repeat failing;
	struct runs cargo; /* whose outcomes it carries */
	struct want *wants;
	size_t n_wants;
	struct lows sent; /* as they were; memory is not copied */
	unsigned floors;
};

/* The connection for what handlers want kept; see steps.c. */
struct steps {
	struct tow_link link;
	long long run; /* whose step is under way */
	long long used_us, again_us, backoff_us;
	struct tow_repeat failing;
};

/* Where claiming stands; see claims.c. */
struct claims {
	bool floor_due, floor_woken;
	bool eager; /* the bell rang: what rang it is most likely above the lows, so look before the
		       floor */
	long long floor_us, look_us, pause_us;
	char *parked;		/* tow.park's answer */
	long long parked_us;	/* and when it came */
	bool safe;		/* nothing can have slipped past the doorbell */
	bool drain_asked;	/* whether more is about to come, since the last look */
	bool drained;		/* no more is: the next look is the last, if it finds nothing */
	long long reconcile_us; /* 0: no need */
};

struct options;

struct dispatcher {
	const struct options *options;
	struct config config;
	struct kinds registered;  /* in the database, as far as we have heard */
	struct kinds kinds;	  /* the configuration's and those */
	const char *url, *direct; /* direct: past a pooler, for the heartbeat */
	bool early;		  /* there was no instance: its schema comes after it */
	struct queue **queues;
	size_t n_queues;
	struct pool shared; /* the slots of queues with weights */
	struct slots slots;
	struct reports reports;
	struct lows lows;
	struct beat beat;
	struct line lines[LINES];
	struct claims claims;
	struct steps steps;
	struct runs done; /* outcomes that nobody has been told */
	long long done_since_us;
	size_t batch; /* outcomes an exchange may carry: less while a bad one is looked for */
	enum phase phase;
	long long end_us; /* when PHASE_DRAIN becomes PHASE_END */
	bool patient;	  /* somebody asks us to leave: what runs may take as long as it does */
	long grace_ms;	  /* between TERM and KILL */
	long long farewell_us; /* how long the last outcomes, and then the goodbye, may take */
	bool begun;	       /* it has attached once */
	int refused;	 /* the exit status, where the database refused for good what we asked */
	bool distrust;	 /* we may have slept past our lease: beat before anything is started */
	int signals;	 /* signalfd */
	pid_t scheduler; /* our stand-by; 0: none */
	long long unminded_us; /* since when beats have said that nobody minds the clock; 0:
				  somebody does */
	long long turn_us, watchdog_us, stuck_us;
};

/* dispatcher.c */
int dispatcher_run(struct dispatcher *d);
struct queue *dispatcher_queue(struct dispatcher *d, int id);
/* All of them, from 0 to n_queues. */
struct pool *dispatcher_pool(struct dispatcher *d, size_t i);
/* Build d->kinds anew from the configuration and the registered ones; false when they are the same.
 */
bool dispatcher_kinds(struct dispatcher *d);
void dispatcher_leave(struct dispatcher *d, long long now); /* once what runs has ended */
/* Something was refused; first: what a worker cannot begin without. True: that ends it. */
bool dispatcher_refused(struct dispatcher *d, const struct tow_err *e, bool first, long long now);

/* beat.c */
void beat_init(struct dispatcher *d);
void beat_turn(struct dispatcher *d, long long now);
long long beat_wake(const struct dispatcher *d, long long now);
void beat_reloaded(struct dispatcher *d, const char *mistake); /* "": there is none */
void beat_again(struct dispatcher *d); /* attach again: queues, slots or kinds have changed */
/* The next call over its connection, which is free. */
void beat_ask(struct dispatcher *d, enum beat_call what, const char *verb,
	      const char *const *values, size_t n, long long now);

/* telling.c: progress and lines of jobs, over the heartbeat's connection */
void telling_init(struct dispatcher *d);
void telling_ask(struct dispatcher *d, long long now);
void telling_done(struct dispatcher *d);
void telling_refused(struct dispatcher *d, const struct tow_err *e, long long now);
long long telling_at(const struct dispatcher *d); /* when the next report is due */

/* lease.c: how long what we hold is ours while beats are not answered */
/* An answer that takes longer than this will not come: the connection is half open. */
long long lease_patience_us(const struct dispatcher *d);
void lease_watch(struct dispatcher *d, long long now);
/* When lease_watch may have something to do; never what has passed. */
long long lease_wake(const struct dispatcher *d, long long now);

/* lines.c */
void lines_init(struct dispatcher *d);
void lines_turn(struct dispatcher *d, long long now);
long long lines_wake(const struct dispatcher *d, long long now);
bool lines_quiet(const struct dispatcher *d); /* no outcome is under way */
void lines_forget(struct dispatcher *d);      /* a new worker begins */
void lines_redial(struct dispatcher *d, long long now);

/* steps.c */
void steps_init(struct dispatcher *d);
void steps_turn(struct dispatcher *d, long long now);
long long steps_wake(const struct dispatcher *d, long long now);
void steps_redial(struct dispatcher *d, long long now);

/* claims.c */
void claims_wake(struct dispatcher *d, bool rung); /* somebody enqueued, or may have */
int claims_want(const struct dispatcher *d, const struct queue *q); /* how many more, now */
bool claims_hungry(const struct dispatcher *d);		/* some queue wants jobs and may get some */
bool claims_starving(const struct dispatcher *d);	/* and has a slot with nothing to do */
bool claims_floor(struct dispatcher *d, long long now); /* is a floor due? */
bool claims_park(const struct dispatcher *d);		/* is it time to arm the doorbell? */
void claims_floored(struct dispatcher *d, bool safe, long long now);
void claims_parked(struct dispatcher *d, const char *token, long long now);
void claims_gave(struct dispatcher *d, struct queue *q, bool was_short, bool anything,
		 long long now);
long long claims_wake_at(const struct dispatcher *d);
/* Draining: is it time to ask whether more is about to come; the answer; is it all over? */
bool claims_drain(const struct dispatcher *d);
void claims_told(struct dispatcher *d, bool drained);
bool claims_drained(const struct dispatcher *d);

/* hands.c: runs on their way through slots */
void hands_give(struct dispatcher *d, long long now);
bool hands_overdue(struct dispatcher *d, struct run *r, long long now); /* then it has ended */
bool hands_fork(const struct dispatcher *d); /* whether slots may be forked now */
void hands_read(struct dispatcher *d, struct slot *s, long long now);
void hands_end(struct dispatcher *d, struct run *r,
	       const struct outcome *o); /* of a run that is in no list */
/* What ended in slots: how long it took is learnt, how it ended is to be told. */
void hands_take(struct dispatcher *d, struct runs *ended);
void hands_back(struct dispatcher *d, struct runs *back); /* what slots did not start */
void hands_return_stock(struct dispatcher *d);
void hands_cancel(struct dispatcher *d, long long id, const char *reason, long long now);
void hands_lost(struct dispatcher *d, long long id, long long now);
void hands_forget(struct dispatcher *d, long long now); /* every run is lost */
void hands_held(const struct dispatcher *d, struct tow_buf *jobs, struct tow_buf *runs);
size_t hands_busy(const struct dispatcher *d); /* runs in stock and in slots */

/* watch.c: timeouts, stuck slots, kills, the dead */
void watch_slots(struct dispatcher *d, long long now);
long long watch_wake(const struct dispatcher *d, long long now);

/* children.c */
void children_reap(struct dispatcher *d);
void children_end_strangers(struct dispatcher *d);
/* After each beat: whether a scheduler is needed. */
void children_scheduler(struct dispatcher *d, bool needed, long long now);

#endif
