/* What jobs print and log, and how far they are: collected for tow.report. */
#ifndef TOW_WORKERS_OUTPUT_H
#define TOW_WORKERS_OUTPUT_H

#include "board.h"
#include "run.h"

struct progress {
	long long job, run;
	struct board_progress what;
	bool told; /* in the report under way, as it is here */
};

/* What waits to be reported. */
struct reports {
	struct tow_buf log; /* records, see output.c */
	size_t n_lines;
	unsigned long long lost;   /* lines dropped because too much waited */
	struct progress *progress; /* the latest of each run */
	size_t n_progress;
	size_t out_bytes, out_lines; /* of log: in the report under way */
	long long since_us;	     /* the oldest; 0: there is nothing */
};

/* A slot's two streams, cut into lines, under the job that prints them. */
struct output {
	long long job, run;
	unsigned lines;
	size_t bytes;
	bool cut;	/* too much: the rest of this run is left out */
	char last[200]; /* of its standard error, the last line that says something, cut */
	struct {
		long long run;
		char last[200];
	} before; /* a job's output may be here before the outcome of the one before it */
	struct tow_buf part[2];
};

/* From now on it is this run that prints (NULL: the last one still). Ends unfinished lines of the
 * one before. */
void output_of(struct output *o, const struct run *r, struct reports *to, long long now);
void output_add(struct output *o, int stream, const char *data, size_t n, struct reports *to,
		long long now);
void output_line(struct output *o, const char *level, const char *line, size_t len,
		 struct reports *to, long long now);
/* What a run said last on its standard error; "": nothing. */
const char *output_last(const struct output *o, const struct run *r);
void output_flush(struct output *o, struct reports *to,
		  long long now); /* lines without an end, too */
void output_release(struct output *o);

void reports_progress(struct reports *to, const struct run *r, const struct board_progress *p,
		      long long now);
void reports_release(struct reports *r);
bool reports_any(const struct reports *r);

/* p_progress and p_log of tow.report: at most so many lines, and progress if it is wanted or there
 * are none. All of it waits until it is known to have been sent. */
void reports_write(struct reports *r, struct tow_buf *progress, struct tow_buf *log, size_t most,
		   bool with_progress, long long now);
void reports_sent(struct reports *r);

/* What was written last cannot be sent: a line says so in its place. */
void reports_leave_out(struct reports *r, const char *why, long long now);

#endif
