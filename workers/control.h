/* What a program says on descriptor 3 while it runs a job, a line each:
 *
 *	progress 40 text    count 3 10 text    log warn text    result {...}
 *	snooze 60           retry 30 text      fail text */
#ifndef TOW_WORKERS_CONTROL_H
#define TOW_WORKERS_CONTROL_H

#include "tow/kind.h"

enum control_word {
	CONTROL_NONE, /* not understood */
	CONTROL_PROGRESS,
	CONTROL_COUNT,
	CONTROL_LOG,
	CONTROL_RESULT,
	CONTROL_SNOOZE,
	CONTROL_RETRY,
	CONTROL_FAIL,
};

struct control {
	enum control_word word;
	double number; /* percent or seconds */
	long long done, total;
	enum tow_level level;
	const char *text; /* the rest of the line; "" when there is none */
};

/* Takes one line apart, in place; no newline in it. */
void control_parse(char *line, struct control *c);

/* What the program has asked for by the time it ends. */
struct verdict {
	double snooze_s, retry_s; /* below 0: not asked for */
	const char *fail;	  /* NULL: not asked for */
	const char *retry_text;
};

/* Progress, log and result go to the job at once; the rest into the verdict. */
void control_apply(struct tow_job *j, const struct control *c, struct verdict *v);

#endif
