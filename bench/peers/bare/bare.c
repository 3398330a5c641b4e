/*
 * The limit: the least that a queue with a state for each job could do. It claims, "runs" and
 * reports on minimal tables (bare.sql) over a pipelined connection: while the server works on one
 * exchange, the next is on its way.
 *
 *   bare CONNECTIONS     until SIGTERM; one process a connection, libpq's environment says where
 *
 * With BENCH_LOG it writes the number and the start of each job there: "n seconds".
 */
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 500, DEPTH = 2, ARRAY = BATCH * 21 + 3, POLL_MS = 1000 };

/* One round trip, one commit: what has ended goes to history, what comes next to running. */
static const char exchange_sql[] =
	"with d as (delete from running where job_id = any($1) and run = any($2) returning *), "
	"h as (insert into history select job_id, run, started_at, clock_timestamp() from d), "
	"c as (delete from ready where ctid = any(array(select ctid from ready where pos > $3 "
	"order by pos limit 500 for update skip locked)) returning pos, id), "
	"m as (select pos, id, nextval('run') as run from c), "
	"n as (insert into running select id, run, clock_timestamp() from m) "
	"select m.pos, m.id, m.run, j.args ->> 'n' from m join job j on j.id = m.id";

struct batch {
	int count;
	char ids[ARRAY], runs[ARRAY];
};

static volatile sig_atomic_t stopping;
static FILE *starts;
static long low;

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

static void die(const char *what, PGconn *db)
{
	fprintf(stderr, "bare: %s: %s", what, PQerrorMessage(db));
	exit(1);
}

static void must(PGconn *db, const char *sql)
{
	PGresult *r = PQexec(db, sql);
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		die(sql, db);
	PQclear(r);
}

static PGconn *attach(void)
{
	PGconn *db = PQconnectdb(getenv("BENCH_URL"));
	if (PQstatus(db) != CONNECTION_OK)
		die("connect", db);
	must(db, "set enable_seqscan = off");
	must(db, "set enable_hashjoin = off");
	must(db, "set enable_mergejoin = off");
	must(db, "set plan_cache_mode = force_generic_plan");
	must(db, "listen bare");
	PGresult *r = PQprepare(db, "exchange", exchange_sql, 0, NULL);
	if (PQresultStatus(r) != PGRES_COMMAND_OK || !PQenterPipelineMode(db))
		die("prepare", db);
	PQclear(r);
	return db;
}

static void send_exchange(PGconn *db, const struct batch *ended)
{
	char from[24];
	const char *args[] = { ended->ids, ended->runs, from };
	snprintf(from, sizeof from, "%ld", low);
	if (!PQsendQueryPrepared(db, "exchange", 3, args, NULL, NULL, 0) || !PQpipelineSync(db))
		die("send", db);
}

/* The job itself: nothing, but for a note of when it began. */
static void run_job(const char *n)
{
	struct timespec t;
	if (!starts)
		return;
	clock_gettime(CLOCK_REALTIME, &t);
	fprintf(starts, "%s %ld.%06ld\n", n, (long)t.tv_sec, t.tv_nsec / 1000);
	fflush(starts);
}

static void take(const PGresult *r, struct batch *b)
{
	size_t ids = 0, runs = 0;

	b->count = PQntuples(r);
	for (int i = 0; i < b->count; i++) {
		long pos = atol(PQgetvalue(r, i, 0));
		low = pos > low ? pos : low;
		run_job(PQgetvalue(r, i, 3));
		ids += (size_t)snprintf(b->ids + ids, ARRAY - ids, "%c%s", i ? ',' : '{',
					PQgetvalue(r, i, 1));
		runs += (size_t)snprintf(b->runs + runs, ARRAY - runs, "%c%s", i ? ',' : '{',
					 PQgetvalue(r, i, 2));
	}
	snprintf(b->ids + ids, ARRAY - ids, b->count ? "}" : "{}");
	snprintf(b->runs + runs, ARRAY - runs, b->count ? "}" : "{}");
}

static void receive(PGconn *db, struct batch *b)
{
	PGresult *r = PQgetResult(db);
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		die("exchange", db);
	take(r, b);
	PQclear(r);
	PQclear(PQgetResult(db)); /* the end of this query's results */
	r = PQgetResult(db);
	if (PQresultStatus(r) != PGRES_PIPELINE_SYNC)
		die("sync", db);
	PQclear(r);
}

/* Until somebody notifies; a notification that came with an answer counts. */
static void rest(PGconn *db)
{
	struct pollfd fd = { .fd = PQsocket(db), .events = POLLIN };
	PGnotify *note = PQnotifies(db);
	if (!note && poll(&fd, 1, POLL_MS) > 0) {
		PQconsumeInput(db);
		note = PQnotifies(db);
	}
	for (; note; note = PQnotifies(db))
		PQfreemem(note);
}

static void work(void)
{
	static struct batch batch[DEPTH] = { { 0, "{}", "{}" }, { 0, "{}", "{}" } };
	PGconn *db = attach();
	int next = 0, idle = 0;

	for (int i = 0; i < DEPTH; i++)
		send_exchange(db, &batch[i]);
	while (!stopping) {
		struct batch *b = &batch[next];
		next = (next + 1) % DEPTH;
		receive(db, b);
		idle = b->count > 0 ? 0 : idle + 1;
		if (idle >= DEPTH)
			rest(db);
		send_exchange(db, b);
	}
	PQfinish(db);
}

int main(int argc, char **argv)
{
	int connections = argc > 1 ? atoi(argv[1]) : 1;
	const char *log = getenv("BENCH_LOG");

	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = stop }, NULL);
	starts = log ? fopen(log, "a") : NULL;
	for (int i = 1; i < connections; i++)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			break;
		}
	work();
	return 0;
}
