/* The processes of a server: so many that speak HTTP, the hub, and the lodge. One that dies is
 * started again, and one that hangs is ended first. */
#ifndef TOW_SERVE_CREW_H
#define TOW_SERVE_CREW_H

#include "desk.h"
#include "door.h"

enum { CREW_MOST = 32 }; /* processes that speak HTTP */

struct crew {
	struct desk desk; /* as each of them begins */
	struct door door;
	const char *called;    /* what a session is called, so that others see where we are */
	size_t most_sockets;   /* of the hub */
	size_t most_each;      /* connections of a process that one address may have; 0: any */
	long long patience_us; /* one that has not turned for so long hangs */
};

/* Until TERM or an interrupt; an exit status. */
int crew_run(const struct crew *c);

#endif
