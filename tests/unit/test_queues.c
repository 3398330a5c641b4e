/* How many jobs are worth claiming, and whose turn it is at slots that queues share. */
#include <check.h>
#include <stdlib.h>

#include "workers/queue.h"

#define QUEUES 3
#define SLOTS  8

static struct pool pool;
static struct queue queues[QUEUES];
static struct run runs[64];
static size_t made;

static void setup(void)
{
	pool = (struct pool){ 0 };
	made = 0;
	for (int i = 0; i < QUEUES; i++)
		queues[i] = (struct queue){ .id = i + 1 };
}

static void teardown(void)
{
	pool_release(&pool);
}

/* So many slots, shared by queues with these weights. */
static void share(int slots, int n, const double weights[])
{
	pool_empty(&pool, "shared", slots);
	for (int i = 0; i < n; i++)
		pool_add(&pool, &queues[i], weights[i]);
}

static void own(int slots)
{
	share(slots, 1, (const double[]){ 1 });
}

static void stock(struct queue *q, int n)
{
	while (n-- > 0) {
		struct run *r = &runs[made++ % 64];

		*r = (struct run){ .queue = q };
		queue_stock(q, r);
	}
}

/* The next job is given to a slot; returns whose it is. */
static int start(struct run **started)
{
	struct queue *q = pool_next(&pool);

	*started = runs_pop(&q->stock);
	queue_charge(q, *started);
	q->given++;
	return q->id - 1;
}

static void end(struct run *r, double took_us)
{
	r->queue->given--;
	queue_charged(r->queue, r, took_us);
}

/* One slot, and queues that never run out: how often each had its turn. */
static void take_turns(int turns, const double took_us[], int counts[])
{
	for (int t = 0; t < turns; t++) {
		struct run *r;
		int i;

		for (size_t q = 0; q < pool.n; q++)
			stock(pool.queues[q], pool.queues[q]->stock.n == 0);
		i = start(&r);
		counts[i]++;
		end(r, took_us[i]);
		queue_learn(&queues[i], took_us[i], 1);
	}
}

/*--- how many to claim, one queue */

START_TEST(quick_jobs_are_claimed_in_batches_slow_ones_are_not)
{
	struct queue *q = &queues[0];

	own(4);
	ck_assert_int_eq(queue_want(q, 0), 4); /* nothing known: what can start at once */
	queue_learn(q, 1000000, 1);
	ck_assert_int_eq(queue_want(q, 0), 4);
	ck_assert_int_eq(queue_share(q, 0), 1);
	for (int i = 0; i < 10; i++)
		queue_learn(q, 200, 20);
	ck_assert_int_eq(queue_want(q, 0), 1000);
	ck_assert_int_gt(queue_share(q, 0), 50);
	q->given = 4;
	queue_learn(q, 100e6, 100);
	ck_assert_int_eq(queue_want(q, 0), 0);
}
END_TEST

/* Quick and of a megabyte: 64 of them are as much as a worker has room for, however many slots. */
START_TEST(large_jobs_are_claimed_by_the_few)
{
	struct queue *q = &queues[0];
	struct run *r = tow_xcalloc(1, sizeof(*r));

	own(4);
	queue_learn(q, 200, 20);
	ck_assert_int_eq(queue_want(q, 0), 1000);
	r->frame_len = 1 << 20;
	queue_stock(q, r);
	ck_assert_int_eq(queue_want(q, 0), 63);
	q->pool->slots = 100;
	ck_assert_int_eq(queue_want(q, 0), 99);
	q->pool->slots = 4;
	for (int i = 0; i < 1000; i++) {
		runs_remove(&q->stock, r);
		r->frame_len = 100;
		queue_stock(q, r);
	}
	ck_assert_int_eq(queue_want(q, 0), 1000);
	runs_free(&q->stock);
}
END_TEST

START_TEST(what_is_held_or_asked_for_counts)
{
	struct queue *q = &queues[0];

	own(4);
	q->given = 1;
	q->asked = 2;
	ck_assert_int_eq(queue_want(q, 0), 1);
	ck_assert_int_eq(queue_want(q, 3), 9);
	q->pool = NULL; /* no longer served */
	ck_assert_int_eq(queue_want(q, 0), 0);
}
END_TEST

/* At 10 ms a job, what a slot is given ahead is over in 50 ms. */
START_TEST(nothing_waits_long_behind_others)
{
	own(1);
	for (double us = 10; us < 1e6; us *= 3) {
		struct queue *q = &queues[0];

		q->avg_us = 0;
		queue_learn(q, us * 50, 50);
		if (queue_want(q, 0) > 1)
			ck_assert(queue_want(q, 0) * us <= 50000);
		ck_assert_int_le(queue_share(q, 0),
				 queue_want(q, 0) < 1000 ? queue_want(q, 0) : 2500);
	}
}
END_TEST

/*--- whose turn it is */

START_TEST(turns_go_by_weight)
{
	int counts[QUEUES] = { 0 };

	share(1, 2, (const double[]){ 3, 1 });
	take_turns(400, (const double[]){ 5000, 5000 }, counts);
	ck_assert_int_ge(counts[0], 295);
	ck_assert_int_le(counts[0], 305);
}
END_TEST

START_TEST(it_is_time_that_is_shared_not_jobs)
{
	int counts[QUEUES] = { 0 };

	share(1, 2, (const double[]){ 1, 1 });
	take_turns(1010, (const double[]){ 100000, 1000 }, counts);
	ck_assert_int_ge(counts[0], 8);
	ck_assert_int_le(counts[0], 13);
}
END_TEST

START_TEST(nobody_starves_however_light)
{
	int counts[QUEUES] = { 0 };

	share(1, 3, (const double[]){ 1000, 1, 1 });
	take_turns(5000, (const double[]){ 1000, 1000, 1000 }, counts);
	ck_assert_int_ge(counts[1], 3);
	ck_assert_int_ge(counts[2], 3);
	ck_assert_int_gt(counts[0], 4900);
}
END_TEST

START_TEST(rest_earns_no_credit)
{
	struct run *r;
	int others = 0;

	share(1, 2, (const double[]){ 1, 1 });
	for (int t = 0; t < 1000; t++) { /* the second has nothing to do for long */
		stock(&queues[0], 1);
		ck_assert_int_eq(start(&r), 0);
		end(r, 10000);
	}
	stock(&queues[0], 1);
	for (int t = 0; t < 20; t++) {
		int i;

		stock(&queues[1], queues[1].stock.n == 0);
		stock(&queues[0], queues[0].stock.n == 0);
		i = start(&r);
		others += i;
		end(r, 10000);
	}
	ck_assert_int_ge(others, 9);
	ck_assert_int_le(others, 11);
}
END_TEST

START_TEST(what_is_taken_back_costs_nothing)
{
	struct run *r;
	double before;

	share(1, 2, (const double[]){ 1, 1 });
	stock(&queues[0], 1);
	before = queues[0].v;
	ck_assert_int_eq(start(&r), 0);
	ck_assert(queues[0].v > before);
	end(r, 0);
	ck_assert(queues[0].v == before);
}
END_TEST

START_TEST(strict_is_strict)
{
	struct run *r;

	share(2, 3, (const double[]){ 1, 1, 1 });
	pool.strict = true;
	ck_assert_ptr_null(pool_next(&pool));
	stock(&queues[2], 1);
	stock(&queues[1], 2);
	ck_assert_ptr_eq(pool_last(&pool), &queues[2]);
	ck_assert_int_eq(start(&r), 1);
	stock(&queues[0], 1);
	ck_assert_int_eq(start(&r), 0);
	ck_assert_int_eq(start(&r), 1);
	ck_assert_int_eq(start(&r), 2);
}
END_TEST

/*--- claims for shared slots */

START_TEST(shared_slots_are_claimed_for_once)
{
	for (int slots = 1; slots < 20; slots++) {
		int all = 0;

		setup();
		share(slots, 3, (const double[]){ 3, 1, 1 });
		for (int i = 0; i < 3; i++)
			all += queue_want(&queues[i], 0);
		ck_assert_int_eq(all, slots);
		ck_assert_int_ge(queue_want(&queues[0], 0), queue_want(&queues[1], 0));
		teardown();
	}
}
END_TEST

/* However they weigh, and whoever is behind: no slot is left idle, none is claimed for twice. */
START_TEST(all_slots_are_claimed_for)
{
	static const double weights[][QUEUES] = {
		{ 1, 1, 1 }, { 8, 1, 1 }, { 1, 8, 1 }, { 100, 1, 50 }
	};

	for (int slots = 1; slots < 20; slots++)
		for (size_t w = 0; w < sizeof(weights) / sizeof(*weights); w++)
			for (int behind = 0; behind < QUEUES; behind++) {
				int all = 0;

				setup();
				share(slots, QUEUES, weights[w]);
				for (int i = 0; i < QUEUES; i++)
					queues[i].v = i == behind ? 1 : 2 + i;
				for (int i = 0; i < QUEUES; i++)
					all += queue_want(&queues[i], 0);
				ck_assert_msg(all == slots, "%d of %d, case %zu, behind %d", all,
					      slots, w, behind);
				teardown();
			}
}
END_TEST

START_TEST(whoever_had_least_is_claimed_for_first)
{
	share(1, 2, (const double[]){ 3, 1 });
	queues[0].v = 2;
	queues[1].v = 1;
	ck_assert_int_eq(queue_want(&queues[0], 0), 0);
	ck_assert_int_eq(queue_want(&queues[1], 0), 1);
	queues[1].dry = true; /* it has nothing: its part is the other's */
	ck_assert_int_eq(queue_want(&queues[0], 0), 1);
}
END_TEST

/* Slots that are always refilled: what is wanted is claimed at once, whatever ends first is
 * followed by whose turn it is. */
static void work(int jobs, const double took_us[], int counts[])
{
	struct run *in[SLOTS] = { NULL };
	double until[SLOTS] = { 0 };

	for (int done = 0; done < jobs;) {
		int soonest = 0;

		for (size_t i = 0; i < pool.n; i++)
			queues[i].asked = queue_want(&queues[i], 0);
		for (size_t i = 0; i < pool.n; i++) {
			stock(&queues[i], queues[i].asked);
			queues[i].asked = 0;
		}
		for (int s = 1; s < pool.slots; s++)
			soonest = until[s] < until[soonest] ? s : soonest;
		if (in[soonest]) {
			struct queue *q = in[soonest]->queue;

			end(in[soonest], took_us[q->id - 1]);
			queue_learn(q, took_us[q->id - 1], 1);
			counts[q->id - 1]++;
			done++;
		}
		in[soonest] = NULL;
		if (pool_next(&pool)) {
			int i = start(&in[soonest]);

			until[soonest] += took_us[i];
		} else {
			until[soonest] += 1000;
		}
	}
}

/* The lighter one's jobs are a little longer, so that a slot is given one ahead, where it is given
 * two of the other's. */
START_TEST(nobody_is_kept_out_by_shorter_jobs)
{
	for (int slots = 1; slots <= SLOTS; slots++) {
		int counts[QUEUES] = { 0 };

		setup();
		share(slots, 2, (const double[]){ 3, 1 });
		work(400, (const double[]){ 24000, 26000 }, counts);
		ck_assert_int_ge(counts[1], 80);
		ck_assert_int_le(counts[1], 110);
		teardown();
	}
}
END_TEST

START_TEST(slow_jobs_leave_no_room_for_hoarding)
{
	share(2, 2, (const double[]){ 1, 1 });
	queue_learn(&queues[0], 1e6, 1);
	queue_learn(&queues[1], 1000 * 50, 50);
	queues[0].given = 2;
	ck_assert_int_eq(queue_want(&queues[1], 0), 0);
	ck_assert(!pool_starving(&pool, 0));
	queues[0].given = 1;
	queues[0].dry = true;
	ck_assert_int_ge(queue_want(&queues[1], 0), 40); /* one slot's 50 ms */
	ck_assert_int_le(queue_want(&queues[1], 0), 50);
	ck_assert(pool_starving(&pool, 0));
}
END_TEST

START_TEST(strict_claims_for_the_next_when_the_first_has_no_more)
{
	share(4, 2, (const double[]){ 1, 1 });
	pool.strict = true;
	ck_assert_int_eq(queue_want(&queues[0], 0), 4);
	ck_assert_int_eq(queue_want(&queues[1], 0), 0);
	queues[0].dry = true;
	queues[0].given = 1;
	ck_assert_int_eq(queue_want(&queues[1], 0), 3);
}
END_TEST

START_TEST(others_are_told_of_the_part_of_each)
{
	share(8, 3, (const double[]){ 6, 1, 1 });
	ck_assert_int_eq(queue_slots(&queues[0]), 6);
	ck_assert_int_eq(queue_slots(&queues[1]), 1);
	teardown();
	setup();
	share(2, 3, (const double[]){ 6, 1, 1 });
	ck_assert_int_eq(queue_slots(&queues[2]), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("queues");
	TCase *c = tcase_create("queues");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, quick_jobs_are_claimed_in_batches_slow_ones_are_not);
	tcase_add_test(c, large_jobs_are_claimed_by_the_few);
	tcase_add_test(c, what_is_held_or_asked_for_counts);
	tcase_add_test(c, nothing_waits_long_behind_others);
	tcase_add_test(c, turns_go_by_weight);
	tcase_add_test(c, it_is_time_that_is_shared_not_jobs);
	tcase_add_test(c, nobody_starves_however_light);
	tcase_add_test(c, rest_earns_no_credit);
	tcase_add_test(c, what_is_taken_back_costs_nothing);
	tcase_add_test(c, strict_is_strict);
	tcase_add_test(c, shared_slots_are_claimed_for_once);
	tcase_add_test(c, all_slots_are_claimed_for);
	tcase_add_test(c, whoever_had_least_is_claimed_for_first);
	tcase_add_test(c, nobody_is_kept_out_by_shorter_jobs);
	tcase_add_test(c, slow_jobs_leave_no_room_for_hoarding);
	tcase_add_test(c, strict_claims_for_the_next_when_the_first_has_no_more);
	tcase_add_test(c, others_are_told_of_the_part_of_each);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
