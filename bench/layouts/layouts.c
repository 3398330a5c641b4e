/*
 * The bare loop that bench/layouts measures with; the connection comes from libpq's environment.
 *
 *   layouts fill JOBS                     enqueue JOBS, 1000 a call             -> jobs/s
 *   layouts drain JOBS BATCH CONNS [how]  report and claim until empty          -> jobs/s, bytes of
 * WAL a job, jobs/s in the first and the last tenth layouts lookup JOBS SECONDS           history
 * of one job at random          -> median ms
 *
 * One outcome in fifty is a failure. A tenth of each batch is still running when its report goes;
 * with 'scatter' five batches are, and any of their jobs may end next. With 'pin', an idle
 * repeatable read transaction without an xid holds a snapshot all the while.
 */
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TENTHS = 10, BATCH_MAX = 1000, SCATTER = 5, BULK = 1000, SAMPLES_MAX = 100000 };

struct board { /* shared by the forked drainers */
	atomic_int attached;
	atomic_long ended;
	double mark[TENTHS + 1]; /* when so many tenths had ended */
};

struct text { /* an array literal being written */
	char s[BATCH_MAX * 64];
	size_t len;
};

struct job {
	long id, run;
};

struct drainer {
	PGconn *db;
	struct board *board;
	unsigned seed;
	int worker, batch;
	bool scatter;
	long jobs, low;
	int held; /* claimed and not yet reported, oldest first */
	struct job hold[(SCATTER + 1) * BATCH_MAX];
	struct text done, done_runs, failed, failed_runs, errors;
};

static void die(const char *what, PGconn *db)
{
	fprintf(stderr, "layouts: %s: %s\n", what, db ? PQerrorMessage(db) : "");
	exit(1);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static PGconn *attach(void)
{
	PGconn *db = PQconnectdb("");
	if (PQstatus(db) != CONNECTION_OK)
		die("connect", db);
	return db;
}

static PGresult *ask(PGconn *db, const char *sql)
{
	PGresult *r = PQexec(db, sql);
	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
		die(sql, db);
	return r;
}

static double ask_number(PGconn *db, const char *sql)
{
	PGresult *r = ask(db, sql);
	double n = atof(PQgetvalue(r, 0, 0));
	PQclear(r);
	return n;
}

static void prepare(PGconn *db, const char *sql)
{
	PGresult *r = PQprepare(db, "hot", sql, 0, NULL);
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		die("prepare", db);
	PQclear(r);
}

static PGresult *call(PGconn *db, int n, const char *const *args)
{
	PGresult *r = PQexecPrepared(db, "hot", n, args, NULL, NULL, 0);
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		die("call", db);
	return r;
}

static void text_open(struct text *t)
{
	t->len = 1;
	strcpy(t->s, "{");
}

__attribute__((format(printf, 2, 3))) static void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	if (t->len > 1)
		t->s[t->len++] = ',';
	va_start(ap, fmt);
	t->len += (size_t)vsnprintf(t->s + t->len, sizeof(t->s) - t->len - 1, fmt, ap);
	va_end(ap);
	if (t->len >= sizeof(t->s) - 1)
		die("array too long", NULL);
}

static const char *text_close(struct text *t)
{
	strcpy(t->s + t->len, "}");
	return t->s;
}

/* Bring n jobs at random to the front of those held. */
static void shuffle(struct drainer *d, int n)
{
	for (int i = 0; i < n; i++) {
		int k = i + rand_r(&d->seed) % (d->held - i);
		struct job j = d->hold[k];
		d->hold[k] = d->hold[i];
		d->hold[i] = j;
	}
}

/* Write the first n jobs held into the arrays of the report, and hold them no more. */
static void report(struct drainer *d, int n)
{
	long last_done = 0, last_failed = 0;

	for (int i = 0; i < n; i++) {
		struct job *j = &d->hold[i];
		bool bad = rand_r(&d->seed) % 50 == 0;
		long *last = bad ? &last_failed : &last_done;
		text_add(bad ? &d->failed : &d->done, "%ld", j->id);
		if (bad)
			text_add(&d->errors, "\"exit status %d\"", i);
		if (*last != j->run) /* jobs of one batch may share a run */
			text_add(bad ? &d->failed_runs : &d->done_runs, "%ld", j->run);
		*last = j->run;
	}
	d->held -= n;
	memmove(d->hold, d->hold + n, (size_t)d->held * sizeof(*d->hold));
}

/* One round trip, one commit: report n jobs and claim a batch. Returns how many were claimed. */
static int exchange(struct drainer *d, int n)
{
	char worker[12], want[12], low[24];

	text_open(&d->done);
	text_open(&d->done_runs);
	text_open(&d->failed);
	text_open(&d->failed_runs);
	text_open(&d->errors);
	if (d->scatter)
		shuffle(d, n);
	report(d, n);
	snprintf(worker, sizeof(worker), "%d", d->worker);
	snprintf(want, sizeof(want), "%d", d->batch);
	snprintf(low, sizeof(low), "%ld", d->low);
	const char *args[] = { worker,
			       text_close(&d->done),
			       text_close(&d->done_runs),
			       text_close(&d->failed),
			       text_close(&d->failed_runs),
			       text_close(&d->errors),
			       "1",
			       low,
			       want };
	PGresult *r = call(d->db, 9, args);
	int claimed = PQntuples(r);
	for (int i = 0; i < claimed; i++) {
		long pos = atol(PQgetvalue(r, i, 0));
		d->low = pos > d->low ? pos : d->low;
		d->hold[d->held++] =
			(struct job){ atol(PQgetvalue(r, i, 1)), atol(PQgetvalue(r, i, 2)) };
	}
	PQclear(r);
	return claimed;
}

static void count(struct board *b, long jobs, int n)
{
	long before = atomic_fetch_add(&b->ended, n), tenth = jobs / TENTHS;

	for (long k = before / tenth + 1; k <= (before + n) / tenth && k <= TENTHS; k++)
		b->mark[k] = now();
}

static void drain(struct drainer *d, int conns)
{
	int leave = d->scatter ? d->batch * SCATTER : d->batch / 10;
	int claimed = 1;
	bool swept = false;

	d->db = attach();
	prepare(d->db, "select * from exchange($1, $2, $3, $4, $5, $6, $7, $8, $9)");
	d->low = (long)ask_number(d->db, "select min(pos) - 1 from ready where band = 1");
	if (atomic_fetch_add(&d->board->attached, 1) + 1 == conns)
		d->board->mark[0] = now();
	while (atomic_load(&d->board->attached) < conns)
		usleep(100);

	for (;;) {
		int n = claimed == 0 ? d->held : d->held > leave ? d->held - leave : 0;
		n = n < BATCH_MAX ? n : BATCH_MAX;
		claimed = exchange(d, n);
		count(d->board, d->jobs, n);
		if (claimed == 0 && d->held == 0) {
			if (swept)
				break;
			d->low = 0; /* a re-entry may have committed below the watermark */
			swept = true;
		}
	}
	PQfinish(d->db);
}

static void drain_all(long jobs, int batch, int conns, const char *how)
{
	struct board *b =
		mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	PGconn *db = attach();
	int status;

	if (!strcmp(how, "pin")) {
		PGconn *idle = attach();
		PQclear(ask(idle, "begin isolation level repeatable read read only"));
		ask_number(idle, "select count(*) from pg_class");
	}
	double wal = ask_number(db, "select pg_current_wal_insert_lsn() - '0/0'");
	for (int i = 0; i < conns; i++)
		if (fork() == 0) {
			struct drainer *d = calloc(1, sizeof(*d));
			d->board = b;
			d->seed = (unsigned)i + 1;
			d->worker = i + 1;
			d->batch = batch;
			d->scatter = !strcmp(how, "scatter");
			d->jobs = jobs;
			drain(d, conns);
			_exit(0);
		}
	for (int i = 0; i < conns; i++)
		if (wait(&status) < 0 || status != 0)
			die("a drainer failed", NULL);
	wal = ask_number(db, "select pg_current_wal_insert_lsn() - '0/0'") - wal;

	double tenth = (double)jobs / TENTHS;
	printf("%.0f %.0f %.0f %.0f\n", (double)jobs / (b->mark[TENTHS] - b->mark[0]),
	       wal / (double)jobs, tenth / (b->mark[1] - b->mark[0]),
	       tenth / (b->mark[TENTHS] - b->mark[TENTHS - 1]));
}

static void fill(long jobs)
{
	static struct text args;
	PGconn *db = attach();

	prepare(db, "select enqueue_many('noop', 1, $1)");
	double start = now();
	for (long done = 0; done < jobs; done += BULK) {
		text_open(&args);
		for (long i = done; i < done + BULK; i++)
			text_add(&args, "\"{\\\"n\\\": %09ld, \\\"to\\\": \\\"bench/layouts\\\"}\"",
				 i + 100000000);
		const char *a[] = { text_close(&args) };
		PQclear(call(db, 1, a));
	}
	printf("%.0f\n", (double)jobs / (now() - start));
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void lookup(long jobs, double seconds)
{
	static double ms[SAMPLES_MAX];
	PGconn *db = attach();
	char id[24];
	int n = 0;

	prepare(db, "select * from history where job_id = $1");
	for (double end = now() + seconds; now() < end && n < SAMPLES_MAX; n++) {
		snprintf(id, sizeof(id), "%ld", 1 + random() % jobs);
		const char *a[] = { id };
		double start = now();
		PQclear(call(db, 1, a));
		ms[n] = (now() - start) * 1e3;
	}
	qsort(ms, (size_t)n, sizeof(*ms), by_size);
	printf("%.3f\n", ms[n / 2]);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";

	if (!strcmp(verb, "fill") && argc == 3)
		fill(atol(argv[2]));
	else if (!strcmp(verb, "drain") && argc >= 5 && atoi(argv[3]) <= BATCH_MAX)
		drain_all(atol(argv[2]), atoi(argv[3]), atoi(argv[4]), argc > 5 ? argv[5] : "");
	else if (!strcmp(verb, "lookup") && argc == 4)
		lookup(atol(argv[2]), atof(argv[3]));
	else
		die("fill JOBS | drain JOBS BATCH CONNS [pin | scatter] | lookup JOBS SECONDS",
		    NULL);
	return 0;
}
