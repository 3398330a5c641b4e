#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sysexits.h>
#include <unistd.h>

#include "shell.h"
#include "usage.h"

static volatile sig_atomic_t ended_by;

/* The terminal has shown ^C where the prompt comes next. */
static void wipe_interrupt(void)
{
	if (ended_by == SIGINT && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

void cli_release(struct cli *c)
{
	wipe_interrupt();
	tow_db_closep(&c->db);
	tow_arena_release(&c->arena);
}

static bool count_operands(struct cli *c, size_t min, size_t max)
{
	const char *word = usage_word(&c->arena, c->command, NULL, c->args.n);
	if (c->args.n < min)
		args_usage(&c->err, "'tow %s' needs a word more%s%s", c->command, word ? ": " : "",
			   word ? word : "");
	else if (c->args.n > max)
		args_usage(&c->err, "'tow %s' does not know what to do with '%s'", c->command,
			   c->args.operands[max]);
	else
		return true;
	return tow_hint(&c->err, "see 'tow %s --help'", c->command);
}

bool cli_parse(struct cli *c, const struct tow_option *options, size_t min, size_t max, int argc,
	       char **argv)
{
	c->command = argv[0];
	if (!args_parse(&c->args, &c->arena, options, argc, argv, &c->err))
		return c->err.hint[0] ? false
				      : tow_hint(&c->err, "see 'tow %s --help'", c->command);
	return count_operands(c, min, max);
}

/* What the database calls us: the audit has who that is, where all log in by one name, and what tow
 * enqueue makes (tow_store.in_person). */
static const char *introduce(struct cli *c)
{
	struct utsname host;
	const struct passwd *user = getpwuid(getuid());
	const char *name = user ? user->pw_name : tow_fmt(&c->arena, "%u", getuid());
	if (uname(&host) < 0)
		return c->command;
	return tow_fmt(&c->arena, "%s by %s@%s", c->command, name, host.nodename);
}

bool cli_open_database(struct cli *c)
{
	c->url = tow_db_url(&c->arena, cli_option(c, "database"));
	return tow_db_open(&c->db, c->url, introduce(c), &c->err);
}

bool cli_open_direct(struct cli *c)
{
	const char *database = cli_option(c, "database");
	c->url = tow_db_direct_url(&c->arena, cli_option(c, "direct"), database);
	if (!c->url)
		c->url = tow_db_url(&c->arena, database);
	return tow_db_open(&c->db, c->url, c->command, &c->err);
}

bool cli_connect(struct cli *c, const struct tow_option *options, size_t min, size_t max, int argc,
		 char **argv)
{
	return cli_parse(c, options, min, max, argc, argv) && cli_open_database(c);
}

const char *cli_option(const struct cli *c, const char *name)
{
	return args_get(&c->args, name);
}

bool cli_has(const struct cli *c, const char *name)
{
	return args_has(&c->args, name);
}

const char *cli_operand(const struct cli *c, size_t i)
{
	return i < c->args.n ? c->args.operands[i] : NULL;
}

void cli_complain(const struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	fprintf(stderr, "tow: %s\n", e->text);
	if (e->hint[0])
		fprintf(stderr, "hint: %s\n", shell_hint(&a, e->hint));
}

/* The text in the first pair of double quotes; empty: there is none. */
static const char *quoted_in(struct tow_arena *a, const char *text)
{
	const char *quote = strchr(text, '"');
	return quote ? tow_fmt(a, "%.*s", (int)strcspn(quote + 1, "\""), quote + 1) : "";
}

/* PostgreSQL quotes the value that it cannot read, or the part of a list: whose it is, is known
 * here. */
static const struct tow_option *find_blamed(const struct cli *c, const char *quoted,
					    const char **value)
{
	const struct tow_option *found = NULL;
	for (size_t i = 0; *quoted && c->args.options && c->args.options[i].name; i++) {
		const char *given = c->args.options[i].value ? c->args.values[i] : NULL;
		bool whole = given && strcmp(given, quoted) == 0;
		if (whole || (given && !found && strstr(given, quoted))) {
			found = &c->args.options[i];
			*value = given;
		}
		if (whole)
			break;
	}
	return found;
}

static void refuse_time(struct tow_err *e, const struct tow_option *o, const char *value)
{
	bool instant = strcmp(o->value, "TIME") == 0,
	     several = strcmp(o->value, "INTERVAL,...") == 0;
	args_usage(e, "--%s takes %s, not '%s'", o->name,
		   instant   ? "an instant"
		   : several ? "lengths of time"
			     : "a length of time",
		   value);
	tow_hint(e, "for instance: --%s '%s'", o->name,
		 instant   ? "2030-01-31 18:00"
		 : several ? "1 min,10 min,1 hour"
			   : "1 hour 30 min");
}

static void refuse_size(struct tow_err *e, const struct tow_option *o, const char *value)
{
	args_usage(e, "--%s: '%s' is too large", o->name, value);
	args_hint_limit(o, e);
}

/* PostgreSQL has words of its own for what was typed wrong. */
static void say_plainly(const struct cli *c, struct tow_err *e)
{
	static const char not_a_time[] = "22007", no_such_time[] = "22008", too_large[] = "22003",
			  too_long[] = "22015";
	TOW_AUTO_ARENA a = { 0 };
	const char *value;
	const struct tow_option *o = find_blamed(c, quoted_in(&a, e->text), &value);
	if (o && (strcmp(e->class, not_a_time) == 0 || strcmp(e->class, no_such_time) == 0))
		refuse_time(e, o, value);
	else if (o && (strcmp(e->class, too_large) == 0 || strcmp(e->class, too_long) == 0))
		refuse_size(e, o, value);
	else if (o)
		tow_wrap(e, "--%s", o->name);
	else if (strcmp(e->class, no_such_time) == 0)
		args_usage(e, "a time that was given lies too far away");
	if (!e->hint[0])
		tow_hint(e, "see 'tow %s --help'", c->command);
}

/* For what PostgreSQL itself refuses: it does not know what was typed, or who may do it. */
static void explain(const struct cli *c, struct tow_err *e)
{
	if (strncmp(e->class, "22", 2) == 0) {
		say_plainly(c, e);
	} else if (strcmp(e->class, "42501") == 0 && !e->hint[0]) {
		tow_hint(e, "tow_viewer looks, tow_producer enqueues, tow_operator acts on jobs, "
			    "tow_admin does all: somebody has to grant this user one of them");
	}
}

int cli_failed(const struct cli *c)
{
	struct tow_err e = c->err;
	explain(c, &e);
	fflush(stdout); /* what went well before is said before */
	cli_complain(&e);
	return tow_err_exit(&e);
}

bool cli_number(const char *text, const char *whose, const char *list, struct tow_err *e)
{
	char *end;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (!errno && isdigit((unsigned char)*text) && *text != '0' && !*end && n > 0)
		return true;
	args_usage(e, "'%s' is not a %s's number", text, whose);
	return tow_hint(e, "'%s' lists them", list);
}

bool cli_id(const char *text, struct tow_err *e)
{
	return cli_number(text, "job", "tow jobs", e);
}

void cli_arg(struct cli_call *call, const char *name, const char *value)
{
	if (call->n == sizeof call->args / sizeof *call->args)
		abort();
	call->args[call->n++] = (struct tow_arg){ name, value };
}

bool cli_rate(struct cli *c, struct cli_call *call, const char *name, const char *value)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!value)
		return true;
	if (!tow_call(c->db, &rows, &c->err, "tow.rate", value))
		return false;
	cli_arg(call, name, tow_strdup(&c->arena, tow_rows_at(rows, 0, 0)));
	return true;
}

bool cli_call(struct cli *c, struct tow_rows **rows, const char *verb, const struct cli_call *call)
{
	return tow_db_call_named(c->db, rows, &c->err, verb, call->args, call->n);
}

const char *cli_array(struct tow_arena *a, const char *list)
{
	TOW_AUTO_BUF out = { 0 };
	if (!list)
		return NULL;
	while (*list) {
		size_t n = strcspn(list, ",");
		if (n > 0)
			tow_array_add(&out, list, n);
		list += n + (list[n] == ',');
	}
	tow_buf_adds(&out, out.len ? "}" : "{}");
	return tow_strdup(a, out.data);
}

const char *cli_settings(struct tow_arena *a, const char *list)
{
	char *names = list ? tow_strdup(a, list) : NULL;
	for (char *s = names; s && *s; s++)
		if (*s == '-')
			*s = '_';
	return cli_array(a, names);
}

static bool reckon(struct cli *c, struct tow_arena *a, const char *how, const char *length,
		   const char **instant)
{
	TOW_AUTO_ROWS *now = NULL;
	TOW_AUTO_ROWS *then = NULL;
	if (!tow_call(c->db, &now, &c->err, "tow.now") ||
	    !tow_call(c->db, &then, &c->err, how, tow_rows_at(now, 0, 0), length))
		return false;
	*instant = tow_strdup(a, tow_rows_at(then, 0, 0));
	return true;
}

/* A minus that slipped in would have at once what is meant for later. */
static bool is_to_come(struct cli *c, const char *delay)
{
	TOW_AUTO_ROWS *negative = NULL;
	if (!tow_call(c->db, &negative, &c->err, "pg_catalog.interval_lt", delay, "0"))
		return false;
	if (*tow_rows_at(negative, 0, 0) == 'f')
		return true;
	args_usage(&c->err, "a delay of '%s' lies in the past", delay);
	return tow_hint(&c->err, "use one that is not negative, for instance '1 hour'");
}

bool cli_instant(struct cli *c, struct tow_arena *a, const char *delay, const char **instant)
{
	if (!is_to_come(c, delay))
		return false;
	return reckon(c, a, "pg_catalog.timestamptz_pl_interval", delay, instant);
}

bool cli_ago(struct cli *c, struct tow_arena *a, const char *length, const char **instant)
{
	return reckon(c, a, "pg_catalog.timestamptz_mi_interval", length, instant);
}

static void note_end(int signal)
{
	ended_by = signal;
}

/* No SA_RESTART: a wait ends when the signal comes. */
void cli_catch_end(void)
{
	struct sigaction action = { .sa_handler = note_end };
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int cli_ended_by(void)
{
	return ended_by;
}

bool cli_pause(long ms)
{
	if (!ended_by)
		poll(NULL, 0, (int)ms);
	return !ended_by;
}

bool cli_again(struct cli *c, long ms)
{
	while (c->err.code == TOW_RETRY && cli_pause(ms)) {
		if (c->db && tow_db_alive(c->db))
			return true;
		tow_db_closep(&c->db);
		if (tow_db_open(&c->db, c->url, c->command, &c->err))
			return true;
	}
	return false;
}
