/* The hub's end of hub_hand. */
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

#endif
