/* What `tow top` shows, as a frame. */
#ifndef TOW_CLI_TOPVIEW_H
#define TOW_CLI_TOPVIEW_H

#include "frame.h"
#include "overview.h"

struct topview {
	const struct overview *o;
	int width, height;  /* of the screen; height 0: as many rows as there are */
	const char *filter; /* only queues and kinds with it in their name; "" all */
	int chosen;	    /* the queue under the cursor; -1: none */
	/* Results. */
	const char *chosen_queue; /* its name, "" if there is none */
	int n_queues;
};

void topview_draw(struct topview *v, struct frame *f);

#endif
