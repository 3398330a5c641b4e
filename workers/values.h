/* Values of settings, taken apart: numbers, durations, yes or no. An error names the setting and
 * what is expected of it. */
#ifndef TOW_WORKERS_VALUES_H
#define TOW_WORKERS_VALUES_H

#include "tow/err.h"

/* "15s", "1h30m", "250ms", "2 min"; a bare number is seconds. False if it is none of these. */
bool duration_parse(const char *text, long *ms);

TOW_MUST bool duration_value(const char *name, const char *value, long least_ms, long *to,
			     struct tow_err *e);
TOW_MUST bool number_value(const char *name, const char *value, long least, long most, long *to,
			   struct tow_err *e);
TOW_MUST bool boolean_value(const char *name, const char *value, bool *to, struct tow_err *e);

#endif
