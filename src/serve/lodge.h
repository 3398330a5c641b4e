/* The lodge: one process at the door that asks no database. Whoever knocks while all the others
 * wait for theirs is let in here. What needs no database (whether the server is alive, the page) is
 * answered, and the connection closed; the others are handed on, to whichever process is free
 * first. */
#ifndef TOW_SERVE_LODGE_H
#define TOW_SERVE_LODGE_H

#include <stdatomic.h>
#include <stddef.h>

#include "desk.h"
#include "door.h"

struct lodge {
	const struct door *door;
	const struct desk *desk;
	const atomic_llong *turned_us; /* when each of those at the door had its last turn */
	atomic_llong *own_us;	       /* and the lodge */
	size_t most_each;	       /* connections of one address; 0: any number */
};

/* Until there is something to read from signals; an exit status. */
int lodge_run(const struct lodge *l, int signals);

#endif
