/* Commands of two words: `tow queue pause NAME`. */
#ifndef TOW_CLI_SUB_H
#define TOW_CLI_SUB_H

#include "cli.h"

/* In the place of options: it takes none, and needs no database. */
extern const char sub_alone[];

struct sub {
	const char *name;
	size_t min, max;	   /* operands after the word */
	int (*run)(struct cli *c); /* cli_operand(c, 0) is the first after the word */
	const char *options;	   /* " tz queue ": those that are for it; NULL: none */
	const char *done;	   /* "paused": what is said of what it names when all went well,
				      unless --quiet; NULL: it says itself what there is */
};

/* "mail  paused", unless --quiet; for those that say themselves what there is. */
void sub_say_done(struct cli *c, const char *name, const char *done);

/* Reads the options, connects, runs the one that is meant; --json and --database are for all. The
 * table ends with a NULL name. */
int sub_run(const struct sub *subs, const struct tow_option *options, int argc, char **argv);

/* A verb that takes the name alone: calls it, and gives the exit status. */
int sub_call(struct cli *c, const char *verb);

#endif
