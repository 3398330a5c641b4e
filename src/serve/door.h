/* The door of a server, at which all its processes stand: who has the fewest connections lets the
 * next one in, so that their work is shared. Where that one does not come, another does. */
#ifndef TOW_SERVE_DOOR_H
#define TOW_SERVE_DOOR_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>

#include "tow/err.h"

struct door {
	int listener;
	size_t processes, most; /* most: connections of a process */
	atomic_uint *inside;	/* of each process; seen by all of them */
	int on[2];		/* what is put into the second is let in by whoever is free */
};

/* Before the processes begin. */
TOW_MUST bool door_open(struct door *d, struct tow_err *e);

struct caller {
	struct sockaddr_storage at;
	socklen_t len;
	int fd;
};

/* Lets somebody in, if there is anybody. */
bool door_opens(const struct door *d, struct caller *c);

/* Of one process. */
struct porter {
	const struct door *door;
	size_t which;
	unsigned left; /* to others, one after the other */
	bool away;     /* for a moment */
};

int porter_watches(const struct porter *p);	  /* the listener; -1: not now */
int porter_watches_on(const struct porter *p);	  /* what is handed on; -1: not now */
int porter_waits(const struct porter *p, int ms); /* how long, where the others would wait ms */

/* After each wait. Who comes in is to be counted in inside, until he has left. */
bool porter_lets_in(struct porter *p, bool knocks, struct caller *c);
bool porter_takes_on(const struct porter *p, bool comes, struct caller *c);

#endif
