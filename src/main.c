/* tow: argv -> command table -> run. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "tow/command.h"
#include "tow/near.h"

static const struct tow_command *find(const char *name)
{
	for (const struct tow_command *const *c = tow_commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static int unknown(const char *name)
{
	struct tow_near near = { .word = name };
	for (const struct tow_command *const *c = tow_commands; *c; c++)
		tow_near_offer(&near, (*c)->name);
	fprintf(stderr, "tow: no command '%s'\n", name);
	if (near.best)
		fprintf(stderr, "hint: did you mean 'tow %s'?\n", near.best);
	else
		fprintf(stderr, "hint: 'tow --help' lists the commands\n");
	return EX_USAGE;
}

/* The groups of the summary; a command that none of them names comes last, under "more". */
static const struct group {
	const char *title;
	const char *const names[16];
} groups[] = {
	{ "run", { "up", "worker", "scheduler", "serve", "db", "migrate", "doctor", "fsck" } },
	{ "jobs",
	  { "enqueue", "jobs", "job", "why", "log", "cancel", "retry", "run-now", "snooze",
	    "reprioritise", "move", "redrive", "bulk", "forget", "history" } },
	{ "workflows", { "batch", "graph", "signal", "approve", "reject" } },
	{ "settings",
	  { "queue", "lane", "kind", "schedule", "daemon", "policy", "setting", "token" } },
	{ "downloads",
	  { "haul", "client", "library", "target", "secret", "profile", "goal", "channel",
	    "notify" } },
	{ "look",
	  { "status", "needs", "top", "watch", "workers", "schedulers", "kinds", "limits",
	    "audit" } },
};
enum { N_GROUPS = sizeof groups / sizeof *groups };

static bool belongs(const struct tow_command *c, const struct group *g)
{
	for (const char *const *name = g->names; *name; name++)
		if (strcmp(*name, c->name) == 0)
			return true;
	return false;
}

static bool grouped(const struct tow_command *c)
{
	for (size_t i = 0; i < N_GROUPS; i++)
		if (belongs(c, &groups[i]))
			return true;
	return false;
}

static void print_command(const struct tow_command *c)
{
	printf("  %-14s %s\n", c->name, c->summary);
}

static void print_group(const struct group *g)
{
	bool first = true;
	for (const char *const *name = g->names; *name; name++) {
		const struct tow_command *c = find(*name);
		if (!c)
			continue;
		if (first)
			printf("\n%s\n", g->title);
		first = false;
		print_command(c);
	}
}

static int print_summary(void)
{
	printf("tow: a job queue that lives in PostgreSQL\n\n"
	       "usage: tow COMMAND [options] [arguments]\n"
	       "       tow help COMMAND\n");
	for (size_t i = 0; i < N_GROUPS; i++)
		print_group(&groups[i]);
	bool first = true;
	for (const struct tow_command *const *c = tow_commands; *c; c++) {
		if (grouped(*c))
			continue;
		if (first)
			printf("\nmore\n");
		first = false;
		print_command(*c);
	}
	printf("\nThe database is --database URL, else $DATABASE_URL, else the PG* variables, "
	       "else the private one\n"
	       "that 'tow db start' makes under $TOW_HOME.\n"
	       "\n"
	       "Exit status: 0; as in sysexits.h 64 usage, 65 bad data or a wrong state, 66 no "
	       "such "
	       "thing, 69 no database,\n"
	       "75 try again later, 77 not allowed, 78 bad settings. Where one means something "
	       "else, "
	       "its help says so.\n");
	return EX_OK;
}

/* For the manual pages and shell completion: name, tab, summary. */
static int print_names(void)
{
	for (const struct tow_command *const *c = tow_commands; *c; c++)
		printf("%s\t%s\n", (*c)->name, (*c)->summary);
	return EX_OK;
}

/* "--queue NAME", or "--dry-run" for a switch. */
static int option_width(const struct tow_option *o)
{
	return (int)(strlen("--") + strlen(o->name) + (o->value ? 1 + strlen(o->value) : 0));
}

static void print_options(const struct tow_option *options)
{
	int widest = 0;
	for (const struct tow_option *o = options; o->name; o++)
		if (option_width(o) > widest)
			widest = option_width(o);
	printf("\noptions:\n");
	for (const struct tow_option *o = options; o->name; o++) {
		printf("  --%s%s%s%*s  %s\n", o->name, o->value ? " " : "",
		       o->value ? o->value : "", widest - option_width(o), "", o->help);
	}
}

static int print_help(const char *name)
{
	const struct tow_command *c = find(name);
	if (!c)
		return unknown(name);
	printf("usage: %s\n\n%s\n", c->usage, c->summary);
	if (c->options)
		print_options(c->options);
	if (c->help && *c->help) {
		size_t n = strlen(c->help);
		printf("\n%s%s", c->help, c->help[n - 1] == '\n' ? "" : "\n");
	}
	return EX_OK;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* `tow worker --help`, `tow queue add --help`, but not what follows a `--` or belongs to psql in
 * `tow db psql --help`. */
static bool asks_help(int argc, char **argv)
{
	bool db = strcmp(argv[0], "db") == 0;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (is_help(argv[i]))
			return true;
		if (db && strcmp(argv[i], "psql") == 0)
			return false;
	}
	return false;
}

static int flushed(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("tow: standard output");
		return status ? status : EX_IOERR;
	}
	return status;
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "--help";
	if (strcmp(name, "--version") == 0)
		return printf("tow %s\n", TOW_VERSION) < 0 ? EX_IOERR : EX_OK;
	if (strcmp(name, "--commands") == 0)
		return print_names();
	if (is_help(name))
		return print_summary();
	if (strcmp(name, "help") == 0)
		return argc > 2 ? print_help(argv[2]) : print_summary();
	const struct tow_command *c = find(name);
	if (!c)
		return unknown(name);
	if (asks_help(argc - 1, argv + 1))
		return print_help(name);
	return c->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	return flushed(run(argc, argv));
}
