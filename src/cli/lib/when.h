/* Times and intervals as the database writes them, read and said for people. The present is the
 * database's too: see when_now. */
#ifndef TOW_CLI_WHEN_H
#define TOW_CLI_WHEN_H

#include "tow/db.h"
#include "tow/err.h"
#include "tow/mem.h"

/* Microseconds since the epoch of "2026-11-21 02:42:18.5+00"; false when it is no such thing. */
bool when_parse(const char *text, long long *us);

/* Microseconds of "1 day 02:03:04.5"; false for months and years, which have no fixed length, and
 * for what is none. */
bool when_interval(const char *text, long long *us);

/* tow.now() */
TOW_MUST bool when_now(struct tow_db *db, long long *us, struct tow_err *e);

const char *when_duration(struct tow_arena *a, long long us); /* "3 s", "850 ms", "2 h 5 min" */
const char *when_relative(struct tow_arena *a, long long at,
			  long long now); /* "3 s ago", "in 5 min" */
/* Of jobs a second: "5/s", "100/min", in the time of which it is a whole number, or at least one.
 */
const char *when_pace(struct tow_arena *a, double rate);
const char *when_iso(struct tow_arena *a, const char *text); /* with a T and a full zone */

/* The text of an instant, for people: the clock time, with the day if it is not today. */
const char *when_clock(struct tow_arena *a, const char *text, long long now);

#endif
