/* How many jobs are worth claiming, and whose is next: see queue.h. */
#include "queue.h"

#include <stdlib.h>

#include "board.h"

#define WAIT_US	   50000.0 /* a claimed job should not wait longer than this behind others */
#define SHARE_US   20000.0 /* nor this long in a slot */
#define OVERHEAD   3.0	   /* what a job costs beside its handler */
#define UNKNOWN_US 1000.0  /* what it is taken to cost before any has ended */
#define MOST_ASKED 1000	   /* jobs an exchange */
#define MOST_HELD  2500
#define MOST_BYTES (64.0 * 1024 * 1024) /* of jobs that are held */
#define MOST_SHARE (BOARD_RING * 3 / 4)
#define MOST_RELAY (BOARD_RING / 2)
#define NEARLY	   1e-6 /* of a job: so much is a rounding error */

void queue_learn(struct queue *q, double total_us, size_t n)
{
	double batch, weight;

	if (n == 0)
		return;
	batch = total_us / (double)n + OVERHEAD;
	weight = (double)n / 20;
	if (q->avg_us <= 0 || weight > 1)
		weight = 1;
	else if (weight < 0.2)
		weight = 0.2;
	q->avg_us += (batch - q->avg_us) * weight;
}

static int fits(const struct queue *q, double within_us, int most)
{
	double n = q->avg_us > 0 ? within_us / q->avg_us : 1;

	return n < 1 ? 1 : n > most ? most : (int)n;
}

int queue_share(const struct queue *q, int prefetch)
{
	if (prefetch)
		return prefetch > MOST_SHARE ? MOST_SHARE : prefetch;
	return fits(q, SHARE_US, MOST_SHARE);
}

int queue_relay(const struct queue *q, int prefetch)
{
	int share = queue_share(q, prefetch);

	return share < MOST_RELAY ? share : MOST_RELAY;
}

/*--- whose is next */

void queue_stock(struct queue *q, struct run *r)
{
	double bytes = (double)r->frame_len;

	q->bytes = bytes > q->bytes ? bytes : q->bytes - (q->bytes - bytes) / 64;
	if (q->stock.n == 0 && q->pool && q->v < q->pool->v)
		q->v = q->pool->v;
	runs_push(&q->stock, r);
}

void queue_charged(struct queue *q, struct run *r, double took_us)
{
	if (q->weight > 0)
		q->v += (took_us - r->charged_us) / q->weight;
	r->charged_us = took_us;
}

static double cost(const struct queue *q)
{
	return q->avg_us > 0 ? q->avg_us : UNKNOWN_US;
}

void queue_charge(struct queue *q, struct run *r)
{
	if (q->pool)
		q->pool->v = q->v;
	queue_charged(q, r, cost(q));
}

void pool_empty(struct pool *p, const char *name, int slots)
{
	p->name = name;
	p->slots = slots;
	p->n = 0;
}

void pool_add(struct pool *p, struct queue *q, double weight)
{
	p->queues = tow_xrealloc(p->queues, (p->n + 1) * sizeof(struct queue *));
	p->queues[p->n++] = q;
	q->pool = p;
	q->weight = weight;
}

void pool_release(struct pool *p)
{
	free(p->queues);
	*p = (struct pool){ 0 };
}

struct queue *pool_next(const struct pool *p)
{
	struct queue *best = NULL;

	for (size_t i = 0; i < p->n; i++) {
		struct queue *q = p->queues[i];

		if (q->stock.n > 0 && (!best || (!p->strict && q->v < best->v)))
			best = q;
	}
	return best;
}

struct queue *pool_last(const struct pool *p)
{
	struct queue *best = NULL;

	for (size_t i = 0; i < p->n; i++) {
		struct queue *q = p->queues[i];

		if (q->stock.n > 0 && (!best || p->strict || q->v >= best->v))
			best = q;
	}
	return best;
}

/*--- how many are worth claiming */

/* A thousand large jobs at once would be more than a worker has room for. */
static double most_held(const struct queue *q)
{
	return q->bytes * MOST_HELD > MOST_BYTES ? MOST_BYTES / q->bytes : MOST_HELD;
}

/* How many jobs of it are worth holding for each slot; no slot is idle because jobs are large. */
static double for_a_slot(const struct queue *q, int prefetch)
{
	double n = prefetch ? prefetch : fits(q, WAIT_US, MOST_HELD);
	double most = most_held(q) / q->pool->slots;

	return n < most ? n : most > 1 ? most : 1;
}

static size_t held(const struct queue *q)
{
	return q->stock.n + q->given + (size_t)q->asked;
}

double pool_room(const struct pool *p, int prefetch)
{
	double room = p->slots;

	for (size_t i = 0; i < p->n; i++)
		room -= (double)held(p->queues[i]) / for_a_slot(p->queues[i], prefetch);
	return room;
}

bool pool_starving(const struct pool *p, int prefetch)
{
	size_t jobs = 0;

	for (size_t i = 0; i < p->n; i++)
		jobs += held(p->queues[i]);
	return jobs < (size_t)p->slots || pool_room(p, prefetch) >= p->slots / 2.0;
}

/* What it will have had when all that is claimed for it has run. */
static double ahead(const struct queue *q)
{
	return q->v + (double)(q->stock.n + (size_t)q->asked) * cost(q) / q->weight;
}

static bool before(const struct pool *p, size_t a, size_t b)
{
	double va = ahead(p->queues[a]), vb = ahead(p->queues[b]);

	return va < vb || (va <= vb && a < b);
}

/* Whoever is dry has had its chance: its part is the others'. */
static bool competes(const struct queue *other, const struct queue *q)
{
	return other == q || !other->dry;
}

static size_t had_least(const struct pool *p, size_t mine)
{
	size_t least = mine;

	for (size_t i = 0; i < p->n; i++)
		if (competes(p->queues[i], p->queues[mine]) && before(p, i, least))
			least = i;
	return least;
}

static double weights_of(const struct pool *p, const struct queue *q, size_t served)
{
	double weights = 0;

	for (size_t i = 0; i < p->n; i++)
		if (i != served && competes(p->queues[i], q))
			weights += p->queues[i]->weight;
	return weights;
}

static int whole(double jobs)
{
	return (int)(jobs + NEARLY);
}

/* Its part by weight. As jobs are whole something is left over, and goes to those that have had
 * least: one slot is never claimed for twice. served has its job already; p->n: nobody has. */
static int part_by_weight(const struct pool *p, size_t mine, double room, int prefetch,
			  size_t served)
{
	const struct queue *q = p->queues[mine];
	double weights = weights_of(p, q, served), spare = room, turns = 0;
	int part = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct queue *other = p->queues[i];
		double each = for_a_slot(other, prefetch);
		int n = whole(room * other->weight / weights * each);

		if (i == served || !competes(other, q))
			continue;
		spare -= n / each;
		if (i == mine)
			part = n;
		if (i == mine || before(p, i, mine))
			turns += 1 / each;
	}
	return part + (spare + NEARLY >= turns);
}

/* Whoever has had least, and whose part is less than a job, comes before all parts. Otherwise those
 * whose jobs are shorter would fill each gap in turn, and there would never be room for it. */
static int fair_part(const struct pool *p, size_t mine, double room, int prefetch)
{
	size_t first = had_least(p, mine);
	const struct queue *q = p->queues[mine], *f = p->queues[first];
	double each = for_a_slot(f, prefetch);

	if (whole(room * f->weight / weights_of(p, q, p->n) * each) > 0)
		return part_by_weight(p, mine, room, prefetch, p->n);
	if (mine == first)
		return 1;
	room -= 1 / each;
	return room > 0 ? part_by_weight(p, mine, room, prefetch, first) : 0;
}

static int strict_part(const struct pool *p, size_t mine, double room, int prefetch)
{
	for (size_t i = 0; i < mine; i++)
		if (!p->queues[i]->dry)
			return 0;
	return whole(room * for_a_slot(p->queues[mine], prefetch));
}

int queue_want(const struct queue *q, int prefetch)
{
	const struct pool *p = q->pool;
	size_t mine = 0;
	double room;
	int want;

	if (!p)
		return 0;
	room = pool_room(p, prefetch);
	if (room <= 0)
		return 0;
	while (p->queues[mine] != q)
		mine++;
	want = p->strict ? strict_part(p, mine, room, prefetch)
			 : fair_part(p, mine, room, prefetch);
	return want > MOST_ASKED ? MOST_ASKED : want;
}

int queue_slots(const struct queue *q)
{
	double weights = 0;
	int n;

	for (size_t i = 0; i < q->pool->n; i++)
		weights += q->pool->queues[i]->weight;
	n = (int)(q->pool->slots * q->weight / weights + 0.5);
	return n > 1 ? n : 1;
}
