/* How many jobs are worth claiming: see queue.h. */
#include "queue.h"

#include "board.h"

#define WAIT_US	   50000.0 /* a claimed job should not wait longer than this behind others */
#define SHARE_US   20000.0 /* nor this long in a slot */
#define OVERHEAD   3.0	   /* what a job costs beside its handler */
#define MOST_ASKED 1000	   /* jobs an exchange */
#define MOST_HELD  2500
#define MOST_SHARE (BOARD_RING * 3 / 4)

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

int queue_target(const struct queue *q, int prefetch)
{
	long n = (long)q->slots * (prefetch ? prefetch : fits(q, WAIT_US, MOST_HELD));

	return n > MOST_HELD ? MOST_HELD : (int)n;
}

int queue_share(const struct queue *q, int prefetch)
{
	if (prefetch)
		return prefetch > MOST_SHARE ? MOST_SHARE : prefetch;
	return fits(q, SHARE_US, MOST_SHARE);
}

int queue_want(const struct queue *q, int prefetch)
{
	int target = queue_target(q, prefetch), held = (int)(q->stock.n + q->given) + q->asked;
	int want = target > held ? target - held : 0;

	return want > MOST_ASKED ? MOST_ASKED : want;
}
