/* tow up: the database, the schema, a scheduler, a worker and the page, in the foreground and
 * supervised. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/cluster.h"
#include "lib/migration.h"
#include "lib/page.h"
#include "lib/supervise.h"
#include "tow/command.h"
#include "tow/fs.h"
#include "tow/log.h"
#include "tow/proc.h"
#include "tow/uplock.h"

#define USUAL_QUEUES "default:4,haul:8,haul.watch:8"

static const struct tow_option options[] = {
	{ "queue", "NAME:SLOTS,...",
	  "what the worker serves (" USUAL_QUEUES ", if its file names none)" },
	{ "listen", "ADDRESS:PORT", "where the page is (127.0.0.1:7077, or any free port)" },
	{ "config", "FILE", "the worker's configuration ($TOW_HOME/worker.ini if it is there)" },
	OPTION_DATABASE,
	OPTION_END,
};

struct up {
	struct cli *c;
	struct tow_arena *a;
	const char *home;
	bool private, started; /* the cluster is ours, and a tow up started it */
	const int *held;       /* the lock */
	int listener;	       /* of the page */
	const char *address;
	struct restart database; /* due_us: 0 while it lives */
};

static bool server_is_named(struct cli *c)
{
	static const char *const names[] = { "DATABASE_URL", "PGHOST", "PGHOSTADDR", "PGPORT",
					     "PGDATABASE",   "PGUSER", "PGSERVICE" };
	if (cli_has(c, "database"))
		return true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return true;
	}
	return false;
}

/* What a tow up that was killed has left running is stopped at our end, as it would have been at
 * its own. */
static bool claim_database(struct up *u, struct tow_err *e)
{
	u->started = u->started || tow_cluster_claimed(u->home);
	return !u->started || tow_cluster_claim(u->home, e);
}

static bool bring_database(struct up *u)
{
	u->private = !server_is_named(u->c);
	if (u->private && (!tow_cluster_start(u->home, &u->started, &u->c->err) ||
			   !claim_database(u, &u->c->err)))
		return false;
	return cli_open_database(u->c);
}

static void say_migration(const char *what)
{
	printf("migrate: %s\n", what);
}

static bool bring_schema(struct up *u)
{
	struct migration m = { .arena = u->a, .db = u->c->db };
	struct migration loud = m;
	loud.say = say_migration;
	if (!migration_look(&m, &u->c->err))
		return false;
	if (m.changes > 10) /* a new database: every file is news */
		printf("migrate: %zu file%s\n", m.changes, m.changes == 1 ? "" : "s");
	else
		m = loud;
	return migration_run(&m, &u->c->err);
}

/* Which worker: what --queue and the configuration say. */
static const char *const *worker_words(struct up *u)
{
	enum { MOST = 8 };
	const char **words = tow_alloc(u->a, MOST * sizeof *words);
	const char *config = cli_option(u->c, "config"),
		   *usual = tow_fmt(u->a, "%s/worker.ini", u->home);
	const char *queues = cli_option(u->c, "queue");
	size_t n = 0;
	words[n++] = "tow";
	words[n++] = "worker";
	if (config || tow_fs_exists(usual)) {
		words[n++] = "--config";
		words[n++] = config ? config : usual;
	}
	words[n++] = queues ? "--queue" : "--otherwise";
	words[n] = queues ? queues : USUAL_QUEUES;
	return words;
}

/* One that would never start is told of before anything does: it says itself what is wrong. */
static int check_worker(struct up *u)
{
	const char *const *words = worker_words(u);
	size_t n = 0;
	while (words[n])
		n++;
	const char **argv = tow_alloc(u->a, (n + 2) * sizeof *argv);
	memcpy(argv, words, n * sizeof *argv);
	argv[n] = "--check";
	const struct tow_child child = {
		.argv = argv, .file = "/proc/self/exe", .fds = { -1, -1, 2 }, .n_fds = 3
	};
	pid_t pid;
	int status = 0;
	if (!tow_proc_start(&child, &pid, &u->c->err))
		return cli_failed(u->c);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

/* Children are given the address by the environment: an argument would show a password to
 * everybody. */
static void pass_address(const struct up *u)
{
	if (u->c->url)
		setenv("DATABASE_URL", u->c->url, 1);
}

/* An address that signs a browser in, once. NULL: a database without roles lets nobody in. */
static bool make_link(struct up *u, const char **link)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err *e = &u->c->err;
	bool made = tow_call(u->c->db, &rows, e, "tow.add_key");
	*link = made ? tow_fmt(u->a, "%s#key=%s", u->address, tow_rows_at(rows, 0, 0)) : NULL;
	if (made || strcmp(e->class, "TW409") != 0)
		return made;
	printf("note: %s: the page lets nobody in\nhint: %s\n", e->text, e->hint);
	*e = (struct tow_err){ 0 };
	return true;
}

static bool bring_page(struct up *u, const char **link)
{
	const char *taken;
	if (!page_listen(u->a, u->home, cli_option(u->c, "listen"), &u->listener, &u->address,
			 &taken, &u->c->err) ||
	    !make_link(u, link))
		return false;
	if (taken)
		printf("note: something else listens on %s, so the page has another address: %s\n",
		       taken, u->address);
	return true;
}

/* The program as it was called, for whoever has not installed it. */
static void say_welcome(const struct up *u, const char *link)
{
	printf("\nTowpath is up. ");
	if (link)
		printf("The page, for the next 15 minutes and one browser (%s token link prints "
		       "another):\n\n  %s\n\n",
		       program_invocation_name, link);
	printf("In another terminal%s:\n\n", !u->private ? ", with the same database named"
					     : getenv("TOW_HOME")
						     ? tow_fmt(u->a, ", with TOW_HOME=%s", u->home)
						     : "");
	if (u->private)
		printf("  psql '%s'\n", u->c->url);
	printf("  %1$s enqueue echo '{\"hello\": \"world\"}' --wait\n"
	       "  %1$s jobs\n"
	       "  %1$s top\n\n"
	       "Control-C stops it.\n\n",
	       program_invocation_name);
	fflush(stdout);
}

static bool is_gone(const struct up *u)
{
	return u->private && (!tow_cluster_exists(u->home) || !tow_uplock_stands(*u->held));
}

/* Our own server has no parent that would see it die. One that tow db stop has stopped stays so. */
static void mind_database(struct up *u)
{
	struct tow_err e = { 0 };
	struct restart *r = &u->database;
	if (!u->private || !tow_cluster_died(u->home)) {
		r->due_us = 0;
		return;
	}
	if (r->due_us == 0) {
		restart_plan(r);
		tow_log(TOW_WARN, "database.died", "home=%s again_in_ms=%ld", u->home,
			r->backoff_ms);
	}
	if (r->due_us > tow_mono_us())
		return;
	r->started_us = tow_mono_us();
	if (tow_cluster_start(u->home, NULL, &e) && claim_database(u, &e)) {
		tow_log(TOW_INFO, "database.started", NULL);
		return;
	}
	restart_plan(r);
	tow_log_err(TOW_ERROR, "database.not_started", &e);
}

/* A pid alone may be another host's worker's, too. */
static bool is_held(const struct tow_rows *workers, const char *id, const struct supervised *s,
		    const char *host)
{
	for (size_t i = 0; i < tow_rows_count(workers); i++)
		if (id && strcmp(tow_rows_get(workers, i, "id"), id) == 0)
			return supervise_has(s, (pid_t)tow_rows_int(workers, i, "pid")) &&
			       strcmp(tow_rows_get(workers, i, "host"), host) == 0;
	return false;
}

/* Which jobs the end waits for. Nobody is there to tell where the database is gone, and one that
 * hangs is not waited for. */
static void say_running(struct up *u, const struct supervised *s)
{
	enum { PATIENCE_MS = 2000 };
	char host[HOST_NAME_MAX + 1] = "";
	TOW_AUTO_ROWS *workers = NULL;
	TOW_AUTO_ROWS *jobs = NULL;
	struct tow_err ignored = { 0 };
	TOW_AUTO_BUF list = { 0 };
	if (!cli_open_database(u->c))
		return;
	tow_db_limit(u->c->db, PATIENCE_MS);
	if (gethostname(host, sizeof host - 1) != 0 ||
	    !tow_db_view(u->c->db, &workers, &ignored, "tow.workers") ||
	    !tow_call(u->c->db, &jobs, &ignored, "tow.worker_jobs"))
		return;
	for (size_t i = 0; i < tow_rows_count(jobs); i++)
		if (is_held(workers, tow_rows_get(jobs, i, "worker"), s, host))
			tow_buf_addf(&list, "%s%s %s", list.len ? ", " : "",
				     tow_rows_get(jobs, i, "id"), tow_rows_get(jobs, i, "kind"));
	if (list.len)
		printf("These jobs run, and have until the worker's grace is over (30 s, where its "
		       "file does not say otherwise): %s\n",
		       list.data);
}

static void say_end(struct up *u, const struct supervised *worker)
{
	printf("\nStopping. Another Control-C hurries the worker: what it runs is ended, and "
	       "begins "
	       "anew when there is a worker again.\n");
	fflush(stdout);
	say_running(u, worker);
	tow_db_closep(&u->c->db);
	fflush(stdout);
}

/* Without its database nobody can be told what becomes of jobs. */
static void hurry_end(const struct up *u, struct supervised *children, size_t n)
{
	printf("\nStopping. The database in '%s' is not running: the worker does not wait.\n",
	       u->home);
	fflush(stdout);
	supervise_hurry_end(children, n);
}

static int fail_gone(struct up *u)
{
	tow_fail_class(&u->c->err, TOW_FINAL, "08006",
		       "there is no instance in '%s' any more: somebody has removed it", u->home);
	(void)tow_hint(&u->c->err, "tow up makes another");
	return cli_failed(u->c);
}

static int supervise_all(struct up *u)
{
	static const char *const scheduler[] = { "tow", "scheduler", NULL };
	static const char *const serve[] = { "tow", "serve", "--fd", "3", NULL };
	enum { ALL = 3 };
	struct supervised children[] = {
		/* the page shows the end of the others: it is the last to go */
		{ .name = "server", .argv = serve, .given = u->listener, .beats = true },
		{ .name = "scheduler", .argv = scheduler, .beats = true },
		{ .name = "worker", .argv = worker_words(u), .beats = true, .may_leave = true },
	};
	for (size_t i = 0; i < ALL; i++)
		children[i].ear_at = tow_fmt(u->a, "%s/up.%s", u->home, children[i].name);
	tow_db_closep(&u->c->db);
	pass_address(u);
	int status;
	if (!supervise_start(children, ALL, &u->c->err))
		return cli_failed(u->c);
	bool gone = false;
	while (supervise_turn(children, ALL, &status) && !(gone = is_gone(u)))
		mind_database(u);
	supervise_begin_end(children, ALL);
	if (u->private && !tow_cluster_running(u->home))
		hurry_end(u, children, ALL);
	else
		say_end(u, &children[ALL - 1]);
	supervise_end(children, ALL);
	return gone ? fail_gone(u) : status;
}

static int up(struct up *u)
{
	const char *link;
	if (!bring_database(u) || !bring_schema(u) || !bring_page(u, &link))
		return cli_failed(u->c);
	say_welcome(u, link);
	return supervise_all(u);
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	TOW_AUTO_FD held = -1;
	struct up u = { .c = &c, .a = &c.arena, .held = &held };
	if (!cli_parse(&c, options, 0, 0, argc, argv))
		return cli_failed(&c);
	u.home = tow_home(&c.arena);
	int status = check_worker(&u);
	if (status)
		return status;
	if (!tow_uplock_take(u.a, u.home, &held, &c.err))
		return cli_failed(&c);
	supervise_signals(); /* from here on an interrupt is an orderly end */
	status = up(&u);
	tow_db_closep(&c.db);
	if (u.started && !tow_cluster_stop(u.home, &c.err))
		return cli_failed(&c);
	if (u.private && !u.started && tow_cluster_running(u.home))
		printf("PostgreSQL goes on, as somebody else has started it: tow db stop ends "
		       "it.\n");
	return c.err.code == TOW_SHUTDOWN ? EX_OK : status;
}

const struct tow_command tow_command_up = {
	.name = "up",
	.summary = "start everything here: database, schema, scheduler, worker, page",
	.usage = "tow up [--queue NAME:SLOTS,...] [--listen ADDRESS:PORT] [--config FILE] "
		 "[--database URL]",
	.options = options,
	.help = "Stays in the foreground and looks after what it started: a scheduler, a worker or "
		"a server "
		"that dies is started\n"
		"again, after a pause that grows, and so is Towpath's own server; one that hangs "
		"for "
		"20 s is killed first, a worker with\n"
		"its jobs, which begin anew; and a worker that was asked to leave (tow workers "
		"drain) has another in its place "
		"at once.\n"
		"With DATABASE_URL, PGHOST or --database that "
		"server is used, else\n"
		"Towpath's own under $TOW_HOME, which is stopped again at the end, unless it ran "
		"before by tow db start.\n"
		"One that tow db stop has stopped stays down until tow db start.\n"
		"TERM or an interrupt ends all in order; a second one hurries the worker.\n"
		"\n"
		"Examples:\n"
		"  tow up\n"
		"  tow up --queue default:8,mail:2\n"
		"  TOW_HOME=/tmp/try tow up\n"
		"\n"
		"Exit status: 0 ended as asked, 64 or 78 the worker's options or file are wrong, "
		"69 no database, or it was removed, 75 it runs already,\n"
		"77 or 78 what it started can never begin, for ten seconds: its log says why.\n",
	.run = run,
};
