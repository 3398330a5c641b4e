/* A storm for the watermark's floor: drainers that follow the protocol of tow.floor and
 *tow.exchange beside writers that commit late, out of order, in two phases, after savepoints, or
 *never; now and then a lull in which a single transaction is open. It only drives: what is left
 *behind, or was run twice, the caller asks the database.
 *
 *	floor_drain CONNINFO SECONDS DRAINERS SEED
 *
 * Every process has one connection. The queue must have the bands 50, 100 and 150; jobs are of kind
 *noop. */
#include <libpq-fe.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define QUIET_FLOORS 12	 /* that many looks without a job, after the last writer has ended: done */
#define MOST	     100 /* jobs an exchange, bands a queue */

/* What all processes see. */
struct weather {
	volatile bool storm_over; /* all writers end but the lone one */
	volatile bool over;	  /* it ends, too */
	volatile bool writers_gone;
	volatile bool lull;
};

static struct weather *weather;
static const char *conninfo;
static uint64_t dice;

/*--- small things */

static uint64_t roll(uint64_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return dice % sides;
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void pause_ms(uint64_t ms)
{
	nanosleep(&(struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 }, NULL);
}

static PGconn *dial(void)
{
	PGconn *db = PQconnectdb(conninfo);
	if (PQstatus(db) != CONNECTION_OK) {
		fprintf(stderr, "floor_drain: %s", PQerrorMessage(db));
		exit(1);
	}
	return db;
}

/* The answer; NULL on an error, which is printed unless the caller expects some. */
static PGresult *ask(PGconn *db, bool may_fail, int n, const char *const *values, const char *sql)
{
	PGresult *r = PQexecParams(db, sql, n, NULL, values, NULL, NULL, 0);
	ExecStatusType status = PQresultStatus(r);

	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return r;
	if (!may_fail) {
		fprintf(stderr, "floor_drain: %s: %s", sql, PQerrorMessage(db));
		exit(1);
	}
	PQclear(r);
	return NULL;
}

__attribute__((format(printf, 3, 4))) static bool run(PGconn *db, bool may_fail, const char *format,
						      ...)
{
	char sql[500];
	va_list args;

	va_start(args, format);
	vsnprintf(sql, sizeof sql, format, args);
	va_end(args);
	PGresult *r = ask(db, may_fail, 0, NULL, sql);
	PQclear(r);
	return r != NULL;
}

/*--- arrays of numbers, in PostgreSQL's notation */

struct numbers {
	int64_t of[MOST];
	int n;
};

static void numbers_read(struct numbers *a, const char *text)
{
	char *end;

	a->n = 0;
	for (text++; *text && *text != '}' && a->n < MOST; text = *end == ',' ? end + 1 : end)
		a->of[a->n++] = strtoll(text, &end, 10);
}

static const char *numbers_write(const struct numbers *a, char out[static MOST * 21 + 3])
{
	char *p = out;

	*p++ = '{';
	for (int i = 0; i < a->n; i++)
		p += snprintf(p, 22, i ? ",%lld" : "%lld", (long long)a->of[i]);
	snprintf(p, 2, "}");
	return out;
}

/*--- a drainer */

struct drainer {
	PGconn *db;
	char worker[24], queue[24], *memory;
	struct numbers bands, lows, jobs, runs, ago;
	int64_t seq;
	double looked_at;
	bool was_short, undone;
};

static void attach(struct drainer *d)
{
	PGresult *r = ask(d->db, false, 0, NULL,
			  "select worker, queue_ids[1] from tow.attach('drainer', 'here', 1, '0', "
			  "'{default}', '{4}',"
			  " '{noop}', '10 min')");
	snprintf(d->worker, sizeof d->worker, "%s", PQgetvalue(r, 0, 0));
	snprintf(d->queue, sizeof d->queue, "{%s}", PQgetvalue(r, 0, 1));
	PQclear(r);
}

static void look(struct drainer *d)
{
	char bands[MOST * 21 + 3], lows[MOST * 21 + 3];
	const char *values[] = { d->worker, d->memory, numbers_write(&d->bands, bands),
				 numbers_write(&d->lows, lows) };
	PGresult *r = ask(d->db, false, 4, values,
			  "select memory, bands, lows from tow.floor($1, $2, $3, $4, false, null)");

	free(d->memory);
	d->memory = strdup(PQgetvalue(r, 0, 0));
	numbers_read(&d->bands, PQgetvalue(r, 0, 1));
	numbers_read(&d->lows, PQgetvalue(r, 0, 2));
	PQclear(r);
	d->looked_at = now_ms();
	d->was_short = false;
}

static void raise_low(struct drainer *d, int64_t band, int64_t pos)
{
	for (int i = 0; i < d->bands.n; i++)
		if (d->bands.of[i] == band && d->lows.of[i] < pos)
			d->lows.of[i] = pos;
}

static int take_over(struct drainer *d, PGresult *r)
{
	d->jobs.n = d->runs.n = d->ago.n = 0;
	for (int i = 0; i < PQntuples(r); i++) {
		const char *what = PQgetvalue(r, i, 0);

		if (strcmp(what, "job") == 0) {
			d->jobs.of[d->jobs.n++] = atoll(PQgetvalue(r, i, 1));
			d->runs.of[d->runs.n++] = atoll(PQgetvalue(r, i, 2));
			d->ago.of[d->ago.n++] = 1;
		} else if (strcmp(what, "low") == 0 && !PQgetisnull(r, i, 4)) {
			raise_low(d, atoll(PQgetvalue(r, i, 3)), atoll(PQgetvalue(r, i, 4)));
		} else if (strcmp(what, "short") == 0) {
			d->was_short = true;
		} else if (strcmp(what, "late") == 0) {
			printf("late %s\n", PQgetvalue(r, i, 2));
		}
	}
	return d->jobs.n;
}

/* Now and then one is undone, after others have skipped what it had locked. */
static int exchange(struct drainer *d, int want)
{
	char seq[24], wants[24], jobs[MOST * 21 + 3], runs[MOST * 21 + 3], ago[MOST * 21 + 3],
		bands[MOST * 21 + 3], lows[MOST * 21 + 3];
	int got = 0;

	snprintf(seq, sizeof seq, "%lld", (long long)++d->seq);
	snprintf(wants, sizeof wants, "{%d}", want);
	const char *values[] = { d->worker,
				 seq,
				 numbers_write(&d->jobs, jobs),
				 numbers_write(&d->runs, runs),
				 numbers_write(&d->ago, ago),
				 numbers_write(&d->bands, bands),
				 numbers_write(&d->lows, lows),
				 d->queue,
				 wants };
	d->undone = roll(30) == 0;
	if (d->undone)
		run(d->db, false, "begin");
	PGresult *r =
		ask(d->db, false, 9, values,
		    "select what, job, run, band, pos"
		    " from tow.exchange($1, 0, $2, false, $3, $4, $5, $5, null, $6, $7, $8, $9)");
	if (d->undone) {
		pause_ms(roll(40));
		run(d->db, false, "rollback");
	} else {
		got = take_over(d, r);
	}
	PQclear(r);
	return got;
}

static void drain(void)
{
	struct drainer d = { .db = dial() };
	int quiet = 0;

	attach(&d);
	/* Nobody else may be left to find what an undone claim put back. */
	while (quiet < QUIET_FLOORS || d.undone) {
		if (now_ms() - d.looked_at >= (d.was_short ? 20 : 250)) {
			bool gone = weather->writers_gone;
			look(&d);
			quiet = gone ? quiet + 1 : 0;
		}
		if (exchange(&d, 1 + (int)roll(MOST)) > 0)
			quiet = 0;
		else
			pause_ms(2);
	}
	while (d.jobs.n > 0)
		exchange(&d, 0);
	free(d.memory);
	PQfinish(d.db);
}

/*--- writers: one transaction each */

static void enqueue(PGconn *db)
{
	if (roll(4) == 0)
		run(db, false,
		    "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[%d]), priority "
		    "=> %d)",
		    1 + (int)roll(20), 50 * (1 + (int)roll(3)));
	else
		run(db, false, "select tow.enqueue('noop', priority => %d)",
		    50 * (1 + (int)roll(3)));
}

static void write_plain(PGconn *db)
{
	enqueue(db);
	pause_ms(roll(6));
}

static void write_slowly(PGconn *db)
{
	run(db, false, roll(4) ? "begin" : "begin isolation level repeatable read");
	for (uint64_t i = 0, n = 1 + roll(5); i < n; i++) {
		enqueue(db);
		pause_ms(roll(30));
	}
	run(db, false, roll(5) ? "commit" : "rollback");
}

static void write_in_parts(PGconn *db)
{
	run(db, false, "begin");
	for (uint64_t i = 0, n = 1 + roll(4); i < n; i++) {
		run(db, false, "savepoint s");
		enqueue(db);
		pause_ms(roll(20));
		run(db, false, roll(3) ? "release s" : "rollback to s");
	}
	run(db, false, roll(5) ? "commit" : "rollback");
}

static void write_in_two_phases(PGconn *db)
{
	static int n;
	int id = (int)getpid() * 1000 + n++;

	run(db, false, "begin");
	run(db, false, "set local tow.bell = off");
	enqueue(db);
	run(db, false, "prepare transaction 'storm_%d'", id);
	pause_ms(20 + roll(800));
	run(db, false, "%s prepared 'storm_%d'", roll(6) ? "commit" : "rollback", id);
}

static void write_late(PGconn *db)
{
	run(db, false, "begin");
	enqueue(db);
	pause_ms(500 + roll(2500));
	run(db, false, roll(8) ? "commit" : "rollback");
}

/* Holds rows of ready, which claims then skip. May be refused: the job has been claimed. */
static void write_across(PGconn *db)
{
	run(db, false, "begin");
	if (run(db, true,
		"select tow.reprioritise((select min(id) from tow.jobs where state = 'ready'), "
		"50)"))
		pause_ms(roll(120));
	run(db, true, roll(2) ? "commit" : "rollback");
}

/* In a lull: nobody else has an xid, or will soon. */
static void write_alone(PGconn *db)
{
	if (!weather->lull) {
		pause_ms(5);
		return;
	}
	pause_ms(60);
	run(db, false, "begin");
	enqueue(db);
	pause_ms(400);
	run(db, false, "commit");
}

/* The lone one is the last. */
static void (*const writers[])(PGconn *) = {
	write_plain,	     write_plain, write_slowly, write_slowly, write_in_parts,
	write_in_two_phases, write_late,  write_late,	write_across, write_alone,
};
#define WRITERS (sizeof writers / sizeof *writers)

static void write_on(void (*writer)(PGconn *))
{
	PGconn *db = dial();

	while (!(writer == write_alone ? weather->over : weather->storm_over)) {
		if (weather->lull && writer != write_alone)
			pause_ms(5);
		else
			writer(db);
	}
	PQfinish(db);
}

/*--- main */

static pid_t start(uint64_t seed, void (*writer)(PGconn *))
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dice = seed;
	if (writer)
		write_on(writer);
	else
		drain();
	fflush(stdout);
	_exit(0);
}

static bool join(const pid_t *pids, size_t n)
{
	bool well = true;

	for (size_t i = 0; i < n; i++) {
		int status;
		well = waitpid(pids[i], &status, 0) == pids[i] && status == 0 && well;
	}
	return well;
}

int main(int argc, char **argv)
{
	pid_t pids[WRITERS], drainers[MOST];

	if (argc != 5)
		return 64;
	conninfo = argv[1];
	double end = now_ms() + atof(argv[2]) * 1e3;
	size_t n_drainers = (size_t)atoi(argv[3]) % MOST;
	uint64_t seed = 88172645463325252ULL ^ (strtoull(argv[4], NULL, 10) << 20);
	weather = mmap(NULL, sizeof *weather, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (weather == MAP_FAILED)
		return 71;
	for (size_t i = 0; i < n_drainers; i++)
		drainers[i] = start(seed + i * 7919, NULL);
	for (size_t i = 0; i < WRITERS; i++)
		pids[i] = start(seed + i * 104729 + 1, writers[i]);
	while (now_ms() < end) {
		pause_ms(1000);
		weather->lull = true;
		pause_ms(1000);
		weather->lull = false;
	}
	/* At last a lull that no other writer's end disturbs: nothing sweeps up what is overlooked
	 * there. */
	weather->storm_over = weather->lull = true;
	bool well = join(pids, WRITERS - 1);
	pause_ms(1500);
	weather->over = true;
	well = join(pids + WRITERS - 1, 1) && well;
	weather->writers_gone = true;
	well = join(drainers, n_drainers) && well;
	return well ? 0 : 1;
}
