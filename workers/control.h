/* What a program says on descriptor 3 while it runs a job, a line each:
 *
 *	progress 40 text    count 3 10 text    log warn text    result {...}
 *	snooze 60           retry 30 text      fail text
 *	step NAME {...}     answered on descriptor 4: ok (it is kept, whatever happens now), lost
 *	                    (the job is somebody else's by now: end), or refused and why
 *	spawn {...}         a job to be made when this run completes, waits or snoozes
 *	wait children       wait signal NAME [SECONDS]          wait approval [SECONDS]
 *	status [job=ID] text    a daemon's: what it is doing, and which job that is about
 *
 * A line that is none of these fails the job, and is answered "refused" and why: nothing that a
 * program says is lost without a word, and one that waits for an answer has it. Blank lines are
 * passed over.
 *
 * What it has kept, and what others have told it meanwhile, is to be read on descriptor 5. */
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
	CONTROL_STEP,
	CONTROL_SPAWN,
	CONTROL_WAIT,
	CONTROL_STATUS,
};

#define CONTROL_START 60 /* bytes of a line that are quoted */

struct control {
	enum control_word word;
	enum control_word meant;       /* what its first word says, whether the rest fits or not */
	char start[CONTROL_START + 4]; /* how the line began; "" for a blank one */
	double number;		       /* percent or seconds; below 0: not said */
	const char *name;	       /* of a step; what it waits for */
	long long done, total;
	long long about; /* the job that a status names; 0: none */
	enum tow_level level;
	const char *text; /* the rest of the line, or a signal's name; "" when there is none */
};

/* Takes one line apart, in place; no newline in it. */
void control_parse(char *line, struct control *c);

/* What the program has asked for by the time it ends. */
struct verdict {
	double snooze_s, retry_s; /* below 0: not asked for */
	const char *fail;	  /* NULL: not asked for */
	const char *bad;	  /* the first line that made no sense; NULL: all did */
	const char *bad_class;
	const char *retry_text;
	const char *wait_for, *wait_name; /* NULL: not asked for */
	double wait_s;			  /* below 0: for ever */
	const char *answer;		  /* to the last line, NULL if it needs none */
};

/* Progress, log, result, steps and jobs to be made go to the job at once; the rest into the
 * verdict. */
void control_apply(struct tow_job *j, const struct control *c, struct verdict *v);

#endif
