/* What `tow top` shows, as a frame. */
#ifndef TOW_CLI_TOPVIEW_H
#define TOW_CLI_TOPVIEW_H

#include "frame.h"
#include "overview.h"

struct topview {
	const struct overview *o;
	int width, height;  /* of the screen; height 0: as many rows as there are */
	const char *filter; /* only queues and kinds with it in their name; "" all */
	int chosen;	    /* the row under the cursor; -1: none */
	bool among_jobs;    /* it is one of the running jobs, not of the queues */
	const char *lost;   /* why the picture is an old one; NULL: it is not */
	int sort;	    /* how lists are sorted; see topview_sorts */
	/* Results. */
	const char *chosen_queue, *chosen_job; /* name and id, "" if there is none */
	int n_queues, n_jobs;
};

extern const char *const topview_sorts[]; /* what each way of sorting is called; NULL at the end */

void topview_draw(struct topview *v, struct frame *f);

#endif
