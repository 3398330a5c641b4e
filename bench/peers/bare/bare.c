/*
 * The limit: the least that a queue with a state for each job could do. It claims jobs with their
 * arguments, "runs" and reports on minimal tables (bare.sql) over a pipelined connection: while the
 * server works on one exchange, the next is on its way.
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

/* One round trip, one commit: what has ended goes to history, then what comes next to running. */
static const char complete_sql[] = "select complete($1, $2)";
static const char claim_sql[] =
	"with c as (delete from ready where ctid = any(array(select ctid from ready where pos > $1 "
	"order by pos limit 500 for update skip locked)) returning pos, id), "
	"m as (select pos, id, nextval('run') as run from c), "
	"n as (insert into running select id, run, clock_timestamp() from m) "
	"select m.pos, m.id, m.run, j.args::text from m join job j on j.id = m.id";

struct batch {
	int count, ended; /* jobs of the last answer; of the exchange that is under way */
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

static void prepare(PGconn *db, const char *name, const char *sql)
{
	PGresult *r = PQprepare(db, name, sql, 0, NULL);
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		die(name, db);
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
	prepare(db, "complete", complete_sql);
	prepare(db, "claim", claim_sql);
	if (!PQenterPipelineMode(db))
		die("pipeline", db);
	return db;
}

static void send_exchange(PGconn *db, struct batch *b)
{
	char from[24];
	const char *ended[] = { b->ids, b->runs }, *claim[] = { from };

	snprintf(from, sizeof from, "%ld", low);
	b->ended = b->count;
	if (b->ended && !PQsendQueryPrepared(db, "complete", 2, ended, NULL, NULL, 0))
		die("complete", db);
	if (!PQsendQueryPrepared(db, "claim", 1, claim, NULL, NULL, 0) || !PQpipelineSync(db))
		die("claim", db);
}

/* The job itself: nothing, but for a note of when it began. */
static void run_job(const char *args)
{
	static const char name[] = "\"n\": ";
	const char *n = starts ? strstr(args, name) : NULL;
	struct timespec t;
	if (!n)
		return;
	clock_gettime(CLOCK_REALTIME, &t);
	fprintf(starts, "%ld %ld.%06ld\n", atol(n + strlen(name)), t.tv_sec, t.tv_nsec / 1000);
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

static PGresult *answer(PGconn *db, const char *to)
{
	PGresult *r = PQgetResult(db);
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		die(to, db);
	PQclear(PQgetResult(db)); /* the end of this query's results */
	return r;
}

static void receive(PGconn *db, struct batch *b)
{
	PGresult *r;

	if (b->ended)
		PQclear(answer(db, "complete"));
	r = answer(db, "claim");
	take(r, b);
	PQclear(r);
	r = PQgetResult(db);
	if (PQresultStatus(r) != PGRES_PIPELINE_SYNC)
		die("sync", db);
	PQclear(r);
}

/* Until somebody notifies, with nothing under way; a notification that came with an answer counts.
 */
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

/* DEPTH exchanges under way while there are jobs; when one brings none, the others are waited for.
 */
static void work(void)
{
	static struct batch batch[DEPTH];
	PGconn *db = attach();
	long sent = 0, received = 0;
	bool dry = false;

	while (!stopping) {
		while (!dry && sent - received < DEPTH)
			send_exchange(db, &batch[sent++ % DEPTH]);
		struct batch *b = &batch[received++ % DEPTH];
		receive(db, b);
		dry = b->count == 0;
		if (dry && sent == received) {
			rest(db);
			dry = false;
		}
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
