/* The clock: asks the database which duties are due, runs them, sleeps until the next instant. What
 * a duty means and when it is due is SQL's (tow.tick, tow.duty); here is only the waiting. */
#ifndef TOW_SCHEDULER_CLOCK_H
#define TOW_SCHEDULER_CLOCK_H

#include <signal.h>

#include "tow/db.h"
#include "tow/log.h"

struct duty {
	char name[64];
	long long ran_us;     /* when this process last ran it */
	bool unfinished;      /* others had to be looked at before it was done */
	bool did;	      /* its last turn found something to do */
	bool vain;	      /* it did not since it was due and had a turn */
	long long again_us;   /* it has failed: not before then; 0: it has not */
	long long backoff_us; /* and how long it waits if it fails again */
};

struct clock {
	const char *url, *name;
	bool early; /* there was no instance: its schema comes after it */
	bool standby;
	int signals; /* signalfd: TERM and INT */
	struct tow_db *db;
	bool pooled;	    /* it goes through a pooler: no bell, no settings of the session */
	long long limit_us; /* what a call may take where the server is not told; 0: no limit */
	long long id;	    /* as a scheduler, on this connection */
	bool begun;	    /* it has attended once */
	struct tow_repeat failing;
	long long told_us; /* when the database last heard of us, by tow.tick */
	struct duty *duties;
	size_t n_duties;
	char watch[64];	    /* the duty that has turns while we sleep; "" for none */
	long long watch_us; /* how often */
	char dozed[32];	    /* tow.doze's answer; "" when the doorbell is not armed */
	long long armed_us; /* until then it rings */
	bool rung;
	bool up; /* a duty ran since the last look: others that are due soon run along */
	long long pause_us, backoff_us;
};

/* Until a signal, or until a stand-by is not needed any more; or until the database refuses for
 * good one that has never attended. An exit status. */
int clock_run(struct clock *c);

#endif
