/* Errors are values until the top: a function that can fail returns false and has filled in a
 * struct tow_err. */
#ifndef TOW_ERR_H
#define TOW_ERR_H

#include <stdbool.h>

#define TOW_MUST	      __attribute__((warn_unused_result))
#define TOW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* What the caller may do about a failure; assigned where the outside world is met. */
enum tow_code {
	TOW_OK,
	TOW_RETRY,     /* passing: the same call may succeed later */
	TOW_FINAL,     /* the same call will fail again: the input or the setting is wrong */
	TOW_CANCELLED, /* somebody asked for an end */
	TOW_SHUTDOWN,  /* this process is asked to stop */
	TOW_BUG,       /* a promise between two parts of the program was broken */
};

struct tow_err {
	enum tow_code code;
	char class[48]; /* for policies and people: "timeout", "http.503", "TW404"; "" when there is
			   none */
	char text[1024]; /* lower case, no full stop, the subject in single quotes */
	char hint[512];	 /* what to do about it; "" when there is nothing to say */
};

/* Fill in an error. A NULL e is allowed. Used by way of the macros below. */
void tow_err_fail(struct tow_err *e, enum tow_code code, const char *class, const char *fmt, ...)
	TOW_PRINTF(4, 5);
void tow_err_wrap(struct tow_err *e, const char *fmt, ...) TOW_PRINTF(2, 3);
void tow_err_hint(struct tow_err *e, const char *fmt, ...) TOW_PRINTF(2, 3);

/* Each is false, so that a failure reads `return tow_fail(e, ...)`; macros, so that the compiler
 * and the analyzers know that it is. tow_wrap puts the context in front, "context: what it said";
 * tow_hint adds what to do about it. */
#define tow_fail(e, code, ...)                          \
	__extension__({                                 \
		tow_err_fail(e, code, "", __VA_ARGS__); \
		false;                                  \
	})
#define tow_fail_class(e, code, class, ...)                \
	__extension__({                                    \
		tow_err_fail(e, code, class, __VA_ARGS__); \
		false;                                     \
	})
#define tow_wrap(e, ...)                      \
	__extension__({                       \
		tow_err_wrap(e, __VA_ARGS__); \
		false;                        \
	})
#define tow_hint(e, ...)                      \
	__extension__({                       \
		tow_err_hint(e, __VA_ARGS__); \
		false;                        \
	})

const char *tow_code_name(enum tow_code code);

/* The exit status of <sysexits.h> that says this error to a shell. */
int tow_err_exit(const struct tow_err *e);

#endif
