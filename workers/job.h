/* A job as its handler sees it (tow/kind.h), from the inside: lives in a slot. */
#ifndef TOW_WORKERS_JOB_H
#define TOW_WORKERS_JOB_H

#include <signal.h>

#include "board.h"
#include "kinds.h"
#include "wire.h"

#define DELAY_MOST_S (10 * 365.25 * 86400) /* a snooze, or until the next attempt */

struct kept {
	const struct kept *next;
	const char *name, *result;
};

/* See workflow.c; all of it in the arena but for the document and the jobs. */
struct workflow {
	const char *memory; /* JSON, NULL: it remembers nothing */
	struct tow_json *doc;
	const struct kept *kept;	  /* steps of this run */
	const char *wait_for, *wait_name; /* NULL: not asked for */
	double wait_s;
	struct tow_buf spawn; /* "[{...},{...}", not closed */
};

struct tow_job {
	uint64_t number; /* in this slot */
	long long id, run;
	int attempt, max_attempts;
	const char *queue, *kind_name, *args;
	size_t args_len;
	const struct kind *kind;
	struct tow_arena *arena;
	struct tow_json *doc; /* args, parsed when somebody asks */
	bool parsed;
	char *result;		  /* in the arena */
	double snooze_s, retry_s; /* below 0: not asked for */
	struct workflow flow;
	struct board *board;
	struct board_progress progress;
	long long woke_us; /* when the dispatcher was last told of progress */
	int socket;
	const char *db_url;
	struct tow_db **db;
};

/* A text that is no JSON is kept as the text that it is. */
char *job_json(struct tow_job *j, const char *text);
void workflow_release(struct workflow *w);

/* A longer delay is more than a date can hold, and a negative one, or one that is no number, is
 * none. */
double job_delay(double seconds);

/* Set by SIGTERM. */
extern volatile sig_atomic_t job_stopping;

/* Write all of a buffer to the dispatcher and empty it; ends the process when nobody is there any
 * more. */
void job_send(int socket, struct tow_buf *b);
/* Tell the dispatcher to look at the board. */
void job_wake(int socket);

#endif
