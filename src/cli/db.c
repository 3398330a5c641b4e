/* tow db: the private cluster, for people who have no PostgreSQL of their own yet. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/cluster.h"
#include "tow/command.h"
#include "tow/db.h"
#include "tow/mem.h"
#include "tow/uplock.h"

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
	return tow_cluster_halt(home, &e) ? EX_OK : failed(&e);
}

static int stay_down(struct tow_arena *a, const char *home)
{
	int status = stop(home);
	if (status == EX_OK && tow_uplock_is_held(a, home))
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
	else if (!tow_cluster_exists(home))
		printf("server: not there; 'tow db start' makes it\n");
	else if (tow_cluster_died(home) && tow_uplock_is_held(a, home))
		printf("server: ended; tow up starts it again\n");
	else
		printf("server: stopped; 'tow db start' starts it\n");
	return running ? EX_OK : NOT_RUNNING;
}

static int url(struct tow_arena *a, const char *home)
{
	const char *address = tow_cluster_url(a, home);
	if (!address) {
		fprintf(stderr,
			"tow: there is no database in '%s'\nhint: make it with: tow db start\n",
			home);
		return EX_UNAVAILABLE;
	}
	puts(address);
	return EX_OK;
}

/* --- destroy */

/* Programs that are connected, by what they call themselves. */
static const char *sessions(struct tow_arena *a, const struct tow_db *db,
			    const struct tow_rows *all)
{
	TOW_AUTO_BUF list = { 0 };
	for (size_t i = 0; i < tow_rows_count(all); i++) {
		const char *type = tow_rows_get(all, i, "backend_type"),
			   *name = tow_rows_get(all, i, "application_name"),
			   *pid = tow_rows_get(all, i, "pid");
		if (type && strcmp(type, "client backend") == 0 &&
		    tow_rows_int(all, i, "pid") != tow_db_backend(db))
			tow_buf_addf(&list, "%s%s (session %s)", list.len ? ", " : "",
				     name && *name ? name : "one without a name", pid);
	}
	return tow_strdup(a, list.len ? list.data : "");
}

/* The last words of who has just left are waited for. */
static bool is_unused(struct tow_arena *a, const char *home, struct tow_err *e)
{
	enum { LOOKS = 20, PAUSE_MS = 100 };
	TOW_AUTO_DB *db = NULL;
	const char *who = "";
	if (!tow_cluster_running(home))
		return true;
	if (!tow_db_open(&db, tow_cluster_url(a, home), "db destroy", e))
		return tow_wrap(e, "who uses the database in '%s' cannot be seen", home);
	for (int look = 0; look < LOOKS; look++) {
		TOW_AUTO_ROWS *all = NULL;
		if (!tow_db_view(db, &all, e, "pg_catalog.pg_stat_activity"))
			return false;
		who = sessions(a, db, all);
		if (!*who)
			return true;
		poll(NULL, 0, PAUSE_MS);
	}
	return tow_fail_class(e, TOW_FINAL, "TW409", "the database in '%s' is used by: %s", home,
			      who);
}

/* *held keeps a tow up from beginning meanwhile. */
static bool may_go(struct tow_arena *a, const char *home, int *held, struct tow_err *e)
{
	pid_t up = tow_uplock_holder(a, home);
	if (tow_uplock_is_held(a, home))
		tow_fail_class(e, TOW_FINAL, "TW409", "tow up runs here%s",
			       up ? tow_fmt(a, " (pid %d)", (int)up) : "");
	else if (tow_uplock_take(a, home, held, e) && is_unused(a, home, e))
		return true;
	return tow_hint(e, "stop that first; tow db destroy --yes --force does not ask who uses "
			   "it");
}

static int destroy(struct tow_arena *a, const char *home, bool sure, bool force)
{
	struct tow_err e = { 0 };
	TOW_AUTO_FD held = -1;
	if (!sure) {
		fprintf(stderr, "tow: this removes the database in '%s' with everything in it\n",
			home);
		fprintf(stderr, "hint: if that is what you want: tow db destroy --yes\n");
		return EX_USAGE;
	}
	if (tow_cluster_exists(home) && !force && !may_go(a, home, &held, &e))
		return failed(&e);
	return tow_cluster_destroy(home, &e) ? EX_OK : failed(&e);
}

/* psql on the database that every other command uses, the private one or another. */
static int psql(struct tow_arena *a, int n, char **args)
{
	const char *exe = tow_cluster_program(a, "psql"), *address = tow_db_url(a, NULL);
	struct tow_err e = { 0 };
	if (!address && !tow_db_find(a, &address, &e))
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

static bool has(int argc, char **argv, const char *word)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *verb = argc > 1 ? argv[1] : "", *home = tow_home(&a);
	if (strcmp(verb, "psql") == 0)
		return psql(&a, argc - 2, argv + 2);
	if (strcmp(verb, "destroy") == 0) {
		bool sure = has(argc, argv, "--yes"), force = has(argc, argv, "--force");
		if (argc == 2 + sure + force)
			return destroy(&a, home, sure, force);
	}
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
		"also where tow up runs,\n"
		"                 which starts it again whenever it ends otherwise\n"
		"  restart        stop, then start\n"
		"  status         exit status 0 when it runs, 3 when not\n"
		"  url            print its address\n"
		"  psql [ARGS]    psql on the database that tow uses\n"
		"  destroy --yes  stop it and remove it with everything in it; with --force also "
		"where "
		"somebody uses it\n"
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
