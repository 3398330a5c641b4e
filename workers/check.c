#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tow/proc.h"

/* What a command begins with, if that is the name of a program; NULL: only the shell knows. */
static const char *program_of(struct tow_arena *a, const char *command)
{
	static const char blank[] = " \t\n";
	size_t n;

	command += strspn(command, blank);
	n = strspn(command, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-");
	return n > 0 && (!command[n] || strchr(blank, command[n])) ? tow_strndup(a, command, n)
								   : NULL;
}

/* The shell that would run it looks for it, in the folder in which it would be run. */
static bool is_there(const struct kind *k, const char *program, struct tow_err *e)
{
	static const char look[] = "case $0 in */*) test -f \"$0\" && test -x \"$0\" ;; "
				   "*) command -v \"$0\" ;; esac";
	struct tow_child c = {
		.argv = (const char *[]){ "/bin/sh", "-c", look, program, NULL },
		.cwd = kind_setting(k, "cwd"),
		.fds = { -1, -1, -1 },
		.n_fds = 3,
	};
	int status = 0;
	pid_t pid;

	if (!tow_proc_start(&c, &pid, e))
		return tow_wrap(e, "[exec %s]", k->name);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return true;
	tow_fail(e, TOW_FINAL, "[exec %s]: there is no program '%s'", k->name, program);
	return tow_hint(e, "check as the user that the worker runs as, with its PATH");
}

bool check_programs(const struct kinds *kinds, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	const struct tow_kind *exec = kinds_builtin("exec");

	for (size_t i = 0; i < kinds->n; i++) {
		const struct kind *k = &kinds->items[i];
		const char *program =
			k->how == exec ? program_of(&a, kind_setting(k, "command")) : NULL;

		if (program && !is_there(k, program, e))
			return false;
	}
	return true;
}

static void print_queues(const struct config *c)
{
	printf("queues:");
	for (size_t i = 0; i < c->n_queues; i++) {
		const struct queue_wish *w = &c->queues[i];

		printf(" %s%c%d", w->name, w->weight ? '*' : ':', w->weight ? w->weight : w->slots);
	}
	puts("");
}

/* Those of a family; NULL: those that are in the program. */
static void print_kinds(const struct kinds *set, const struct tow_kind *family)
{
	printf("%s:", family ? family->name : "builtin");
	for (size_t i = 0; i < set->n; i++)
		if (family ? set->items[i].how == family : !set->items[i].how->family)
			printf(" %s", set->items[i].name);
	puts("");
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void check_print(const struct config *c, const char *file)
{
	print_queues(c);
	print_kinds(&c->kinds, NULL);
	print_kinds(&c->kinds, kinds_builtin("exec"));
	print_kinds(&c->kinds, kinds_builtin("http"));
	printf("%s%s%zu kind%s, %zu queue%s: right\n", file ? file : "", file ? ": " : "",
	       c->kinds.n, plural(c->kinds.n), c->n_queues, plural(c->n_queues));
}
