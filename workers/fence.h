/* A kind's resource limits around one job. Soft limits only, so that the slot can lift them again;
 * memory and time count from what the slot has used already. */
#ifndef TOW_WORKERS_FENCE_H
#define TOW_WORKERS_FENCE_H

#include <sys/resource.h>

#include "board.h"
#include "kinds.h"

struct fence {
	bool up;
	struct rlimit saved[4];
};

void fence_enter(struct fence *f, const struct kind *k, struct board *b);
void fence_leave(struct fence *f);

#endif
