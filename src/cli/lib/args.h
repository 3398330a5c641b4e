/* A command's options: a table, read by getopt_long. An option with a value is a string or absent;
 * a switch is there or not. What is given twice counts as given last, but a list ("A,...") as
 * both. Options may stand before, between and after the operands. What
 * begins with a minus and a digit is an operand. */
#ifndef TOW_CLI_ARGS_H
#define TOW_CLI_ARGS_H

#include <stddef.h>

#include "tow/command.h"
#include "tow/err.h"
#include "tow/mem.h"

#define OPTION_DATABASE                                                                    \
	{                                                                                  \
		"database", "URL",                                                         \
			"the database; else $DATABASE_URL, else PG*, else the private one" \
	}
#define OPTION_JSON                                      \
	{                                                \
		"json", NULL, "print JSON, for programs" \
	}
#define OPTION_END               \
	{                        \
		NULL, NULL, NULL \
	}

struct args {
	const struct tow_option *options;
	const char **values; /* by option; the name itself for a switch that was given */
	char **operands;     /* what is no option */
	size_t n;
};

/* Errors have the class "usage". */
TOW_MUST bool args_parse(struct args *args, struct tow_arena *a, const struct tow_option *options,
			 int argc, char **argv, struct tow_err *e);

/* NULL when it was not given. Asking for an option that is not in the table is a mistake in the
 * program: it aborts. */
const char *args_get(const struct args *args, const char *name);
bool args_has(const struct args *args, const char *name);

/* A whole number within bounds; fallback when it was not given. */
TOW_MUST bool args_int(const struct args *args, const char *name, long low, long high, long *value,
		       struct tow_err *e);

/* Adds the hint how large the limit may be and how it is taken off, if the option is one. */
bool args_hint_limit(const struct tow_option *option, struct tow_err *e);

/* A failure of class "usage": the caller typed something wrong. */
bool args_usage(struct tow_err *e, const char *fmt, ...) TOW_PRINTF(2, 3);

#endif
