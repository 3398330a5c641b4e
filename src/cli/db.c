/* tow db: the private cluster, for people who have no PostgreSQL of their own yet. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/cluster.h"
#include "lib/uplock.h"
#include "tow/command.h"
#include "tow/db.h"
#include "tow/mem.h"

enum { NOT_RUNNING = 3 }; /* as `systemctl status` and `pg_ctl status` say it */

static int failed(const struct tow_err *e)
{
	cli_complain(e);
	return tow_err_exit(e);
}

static int start(struct tow_arena *a, const char *home)
{
	struct tow_err e = { 0 };
	bool started;
	if (!tow_cluster_start(home, &started, &e))
		return failed(&e);
	printf("%s: %s\n", started ? "started" : "runs already", tow_cluster_url(a, home));
	return EX_OK;
}

static int stop(const char *home)
{
	struct tow_err e = { 0 };
	return tow_cluster_stop(home, &e) ? EX_OK : failed(&e);
}

static int stay_down(struct tow_arena *a, const char *home)
{
	int status = stop(home);
	if (status == EX_OK && uplock_is_held(a, home))
		fprintf(stderr, "tow: note: tow up runs and waits: it does not start the database "
				"again, 'tow db start' does\n");
	return status;
}

static int restart(struct tow_arena *a, const char *home)
{
	int status = stop(home);
	return status == EX_OK ? start(a, home) : status;
}

static int status(struct tow_arena *a, const char *home)
{
	bool running = tow_cluster_running(home);
	printf("home:   %s\n", home);
	if (running)
		printf("server: running\naddress: %s\n", tow_cluster_url(a, home));
	else
		printf("server: %s\n",
		       tow_cluster_exists(home) ? "stopped" : "not there; 'tow db start' makes it");
	return running ? EX_OK : NOT_RUNNING;
}

static int url(struct tow_arena *a, const char *home)
{
	const char *address = tow_cluster_url(a, home);
	struct tow_err e = { 0 };
	if (!address) {
		fprintf(stderr,
			"tow: there is no database in '%s'\nhint: make it with: tow db start\n",
			home);
		return EX_UNAVAILABLE;
	}
	if (!tow_db_check(address, &e))
		return failed(&e);
	puts(address);
	return EX_OK;
}

static int destroy(const char *home, const char *word)
{
	struct tow_err e = { 0 };
	if (!word || strcmp(word, "--yes") != 0) {
		fprintf(stderr, "tow: this removes the database in '%s' with everything in it\n",
			home);
		fprintf(stderr, "hint: if that is what you want: tow db destroy --yes\n");
		return EX_USAGE;
	}
	return tow_cluster_destroy(home, &e) ? EX_OK : failed(&e);
}

/* psql on the database that every other command uses, the private one or another. */
static int psql(struct tow_arena *a, int n, char **args)
{
	const char *exe = tow_cluster_program(a, "psql"), *address = tow_db_url(a, NULL);
	struct tow_err e = { 0 };
	if (!tow_db_check(address, &e))
		return failed(&e);
	if (!exe) {
		fprintf(stderr, "tow: there is no psql on this machine\n"
				"hint: install it (Debian: apt install postgresql-client)\n");
		return EX_UNAVAILABLE;
	}
	const char **argv = tow_alloc(a, ((size_t)n + 4) * sizeof *argv);
	size_t used = 0;
	argv[used++] = "psql";
	if (address) {
		argv[used++] = "--dbname";
		argv[used++] = address;
	}
	for (int i = 0; i < n; i++)
		argv[used++] = args[i];
	execv(exe, (char *const *)argv);
	fprintf(stderr, "tow: run '%s': %s\n", exe, strerror(errno));
	return EX_UNAVAILABLE;
}

static int run(int argc, char **argv)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *verb = argc > 1 ? argv[1] : "", *home = tow_home(&a);
	if (strcmp(verb, "psql") == 0)
		return psql(&a, argc - 2, argv + 2);
	if (strcmp(verb, "destroy") == 0 && argc <= 3)
		return destroy(home, argc == 3 ? argv[2] : NULL);
	if (argc == 2) {
		if (strcmp(verb, "start") == 0)
			return start(&a, home);
		if (strcmp(verb, "stop") == 0)
			return stay_down(&a, home);
		if (strcmp(verb, "restart") == 0)
			return restart(&a, home);
		if (strcmp(verb, "status") == 0)
			return status(&a, home);
		if (strcmp(verb, "url") == 0)
			return url(&a, home);
	}
	fprintf(stderr, "tow: db needs one of: start stop restart status url psql destroy\n"
			"hint: see 'tow db --help'\n");
	return EX_USAGE;
}

const struct tow_command tow_command_db = {
	.name = "db",
	.summary = "start and stop a private PostgreSQL",
	.usage = "tow db start|stop|restart|status|url|psql|destroy",
	.help = "A PostgreSQL server of Towpath's own, for those who do not have one. It lives in "
		"$TOW_HOME\n"
		"(/var/lib/towpath for root, else ~/.local/share/towpath), listens on a socket "
		"only, and lets in\n"
		"only its owner. Once it exists, every command uses it unless DATABASE_URL or "
		"PGHOST says otherwise.\n"
		"\n"
		"  start          make it if needed, start it, wait until it answers\n"
		"  stop           end sessions and stop it; it stays down until 'tow db start', "
		"also where tow up runs\n"
		"  restart        stop, then start\n"
		"  status         exit status 0 when it runs, 3 when not\n"
		"  url            print its address\n"
		"  psql [ARGS]    psql on the database that tow uses\n"
		"  destroy --yes  stop it and remove it with everything in it\n"
		"\n"
		"The server runs as whoever starts it, or as the user postgres when root does. Its "
		"settings are in\n"
		"$TOW_HOME/pg/conf.d; put yours in 50-local.conf there. Its log is in "
		"$TOW_HOME/log.\n"
		"\n"
		"Examples:\n"
		"  tow db start\n"
		"  tow db psql -c 'select * from tow.status()'\n"
		"  psql \"$(tow db url)\"\n",
	.run = run,
};
