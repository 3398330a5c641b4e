/* Connections from process to process: the hub's end of hub_hand, and both of the lodge's. */
#ifndef TOW_SERVE_HAND_H
#define TOW_SERVE_HAND_H

#include "hub.h"

struct handed {
	int fd;
	struct hub_guest guest;
	size_t len;
	char early[HUB_EARLY_MOST];
};

enum hand_state { HAND_NONE, HAND_TAKEN, HAND_BAD, HAND_CLOSED };

/* The next connection that waits at an ear. BAD: there was one, and it is lost; CLOSED: no more
 * will come here. */
enum hand_state hand_take(int ear, struct handed *handed);

/* One of which nothing has been read; the caller closes its own descriptor after it. False: there
 * is no room now. */
bool hand_on(int to, int connection);
int hand_pick(int from); /* -1: there is none */

#endif
