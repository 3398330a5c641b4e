/* What every command has: memory for its run, its options, a database, and one way to say an error.
 *
 *	static int run(int argc, char **argv)
 *	{
 *		CLI_AUTO c = { 0 };
 *		if (!cli_connect(&c, options, 1, 1, argc, argv) || !tow_call(c.db, NULL, &c.err,
 *...)) return cli_failed(&c); return EX_OK;
 *	}
 */
#ifndef TOW_CLI_CLI_H
#define TOW_CLI_CLI_H

#include <stddef.h>
#include <stdio.h>

#include "args.h"
#include "tow/db.h"
#include "tow/err.h"
#include "tow/mem.h"

struct cli {
	struct tow_arena arena;
	struct args args;
	const char *command; /* argv[0] */
	const char *url;     /* --database and so on; NULL: the environment */
	struct tow_db *db;
	struct tow_err err;
};

void cli_release(struct cli *c);
#define CLI_AUTO __attribute__((cleanup(cli_release))) struct cli

/* Reads the options, and refuses fewer than min or more than max operands. */
enum { ANY_NUMBER = 1 << 30 };
TOW_MUST bool cli_parse(struct cli *c, const struct tow_option *options, size_t min, size_t max,
			int argc, char **argv);
/* The same, then connects. The table needs OPTION_DATABASE. */
TOW_MUST bool cli_connect(struct cli *c, const struct tow_option *options, size_t min, size_t max,
			  int argc, char **argv);
TOW_MUST bool cli_open_database(struct cli *c);
/* Past a pooler if an address is known: for what needs a session of its own. */
TOW_MUST bool cli_open_direct(struct cli *c);

const char *cli_option(const struct cli *c, const char *name); /* NULL: not given */
bool cli_has(const struct cli *c, const char *name);
const char *cli_operand(const struct cli *c, size_t i); /* NULL: not given */

/* "tow: text", "hint: text" on stderr. */
void cli_complain(const struct tow_err *e);
/* Says c->err and returns the exit status that it means. */
int cli_failed(const struct cli *c);

/* An id as typed: a whole number above zero. whose: "download"; list: "tow haul ls". */
TOW_MUST bool cli_number(const char *text, const char *whose, const char *list, struct tow_err *e);
TOW_MUST bool cli_id(const char *text, struct tow_err *e); /* a job's */

/* Named arguments are gathered one by one; a NULL value leaves the function's default. */
struct cli_call {
	struct tow_arg args[32];
	size_t n;
};
void cli_arg(struct cli_call *call, const char *name, const char *value);
/* A rate as typed ("100/min"), which becomes jobs a second. */
TOW_MUST bool cli_rate(struct cli *c, struct cli_call *call, const char *name, const char *value);
TOW_MUST bool cli_call(struct cli *c, struct tow_rows **rows, const char *verb,
		       const struct cli_call *call);

/* A PostgreSQL array literal of words separated by commas: "a,b" is {"a","b"}. NULL stays NULL. */
const char *cli_array(struct tow_arena *a, const char *list);
/* The same of settings, which may be written as options are: max-running is max_running. */
const char *cli_settings(struct tow_arena *a, const char *list);

/* The instant that lies a delay ("5 min", 90s; nothing negative) ahead, by the database's clock and
 * reckoning. */
TOW_MUST bool cli_instant(struct cli *c, struct tow_arena *a, const char *delay,
			  const char **instant);
/* The instant that lies so far back. */
TOW_MUST bool cli_ago(struct cli *c, struct tow_arena *a, const char *length, const char **instant);

/* Sleeps; false when a signal that asks for an end came meanwhile or before (see cli_catch_end). */
bool cli_pause(long ms);
void cli_catch_end(void); /* from now on SIGINT and SIGTERM are noted, not deadly */
int cli_ended_by(void);	  /* the signal, or 0 */

/* After a failure: waits, and connects anew where the connection is gone. False when trying again
 * is no use, or somebody asked for an end. c->db may be NULL then. */
TOW_MUST bool cli_again(struct cli *c, long ms);

#endif
