/* Logging, for the four tops only (dispatcher, scheduler, serve, cli): one line an event on stderr,
 * key=value or JSON, with journald priorities when stderr is the journal. Libraries return errors
 * instead. */
#ifndef TOW_LOG_H
#define TOW_LOG_H

#include "tow/err.h"

enum tow_level { TOW_ERROR, TOW_WARN, TOW_INFO, TOW_DEBUG };

/* who: "worker", "scheduler", ...; format: "text" or "json"; level names the most talkative one
 * that is printed. */
void tow_log_setup(const char *who, const char *format, enum tow_level most);
bool tow_level_parse(const char *name, enum tow_level *level);
const char *tow_level_name(enum tow_level level);

/* event: a fixed dotted name ("job.killed"); fields: "job=%ld reason='%s'"-style pairs, or NULL.
 * The format's own spaces and quotes tell the pairs apart, so a value may hold anything. A value
 * in quotes is text; without, JSON shows numbers, true, false and null as such. As text, a value
 * that is quoted or no plain word stands in quotes, with \' \\ \n \xHH for what would break it. */
void tow_log(enum tow_level level, const char *event, const char *fields, ...) TOW_PRINTF(3, 4);

/* The same for an error: adds code, class, error and hint. */
void tow_log_err(enum tow_level level, const char *event, const struct tow_err *e);

/* And for what is tried again and again: each reason, which is a class and a message whatever
 * numbers are in it, is said at first and once a minute, with how often it was it since. All zero:
 * nothing has failed. */
enum { TOW_REASONS = 4 }; /* as many take turns without being said each time */

struct tow_repeat {
	struct tow_reason {
		unsigned long long what;
		long long said_us;
		unsigned long times;
	} reasons[TOW_REASONS];
};
void tow_log_again(enum tow_level level, const char *event, const struct tow_err *e,
		   struct tow_repeat *r);

#endif
