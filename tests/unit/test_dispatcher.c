/* When the dispatcher wakes, and what it gives: never a time that has passed for what it cannot do
 * now. Without a database and without slots' processes. */
#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tow/proc.h"
#include "workers/exchange.h"
#include "workers/options.h"

#define NOW   1000000000LL
#define SOON  (NOW + 1000000)
#define NEVER LLONG_MAX

static struct options options;
static struct dispatcher d;
static struct queue queue, *queues[1];

/* Attached, one queue, the first connection free, nothing known to be there. */
static void setup(void)
{
	options = (struct options){ 0 };
	d = (struct dispatcher){ .options = &options, .queues = queues, .n_queues = 1 };
	queue = (struct queue){ .name = (char *)"q", .id = 1, .dry = true };
	pool_empty(&queue.own, queue.name, 1);
	pool_add(&queue.own, &queue, 1);
	queues[0] = &queue;
	config_init(&d.config);
	d.config.lease_ms = 15000;
	d.config.poll_ms = 5000;
	slots_init(&d.slots, NULL);
	lines_init(&d);
	d.lines[0].link.state = TOW_LINK_IDLE;
	d.beat.attached = d.beat.kinds_heard = true;
	d.beat.worker = 1;
	d.begun = true;
	d.lows.memory = tow_xstrdup("known");
	d.claims.floor_us = NOW;
}

static void teardown(void)
{
	runs_free(&d.done);
	runs_free(&queue.stock);
	for (int i = 0; i < LINES; i++)
		runs_free(&d.lines[i].cargo);
	lows_forget(&d.lows);
	pool_release(&queue.own);
	slots_release(&d.slots);
	config_release(&d.config);
}

static struct run *make(long long id)
{
	struct run *r = run_make(id, id, 1, 3, "q", "noop", "{}", NULL);

	r->queue = &queue;
	return r;
}

static void have_done(int n)
{
	for (int i = 1; i <= n; i++)
		runs_push(&d.done, make(i));
	d.done_since_us = NOW - 1000000;
}

static void second_line(enum tow_link_state state)
{
	d.lines[1].used = true;
	d.lines[1].link.state = state;
}

/* The other line's call may or may not have happened, and it cannot ask yet. */
static void first_is_stuck(void)
{
	d.lines[0].unsure = true;
	d.lines[0].link.state = TOW_LINK_DOWN;
	d.lines[0].link.retry_at_us = SOON;
	second_line(TOW_LINK_IDLE);
}

START_TEST(what_has_gathered_wakes_a_free_line)
{
	have_done(1);
	ck_assert_int_lt(lines_wake(&d, NOW), NOW);
	d.lines[0].link.state = TOW_LINK_BUSY;
	ck_assert(lines_wake(&d, NOW) == NEVER);
}
END_TEST

START_TEST(a_little_waits_for_the_first_line)
{
	have_done(1);
	second_line(TOW_LINK_IDLE);
	d.lines[0].link.state = TOW_LINK_BUSY;
	d.lines[0].call = LINE_EXCHANGE;
	ck_assert(lines_wake(&d, NOW) == NEVER);
}
END_TEST

START_TEST(the_second_line_reports_while_the_first_is_stuck)
{
	have_done(1);
	first_is_stuck();
	ck_assert_int_lt(lines_wake(&d, NOW), NOW);
}
END_TEST

START_TEST(a_due_reconcile_does_not_spin)
{
	have_done(1);
	second_line(TOW_LINK_IDLE);
	d.claims.reconcile_us = NOW - 1;
	d.lines[0].link.state = TOW_LINK_BUSY;
	d.lines[0].call = LINE_EXCHANGE;
	ck_assert(lines_wake(&d, NOW) == NEVER);
	d.claims.reconcile_us = SOON;
	d.done.n = 0; /* nothing but this to wait for */
	ck_assert(lines_wake(&d, NOW) == SOON);
	d.done.n = 1;
}
END_TEST

START_TEST(a_look_around_waits_for_the_one_under_way)
{
	second_line(TOW_LINK_IDLE);
	d.claims.look_us = NOW - 1;
	d.lines[0].link.state = TOW_LINK_BUSY;
	d.lines[0].call = LINE_FLOOR;
	ck_assert(lines_wake(&d, NOW) == NEVER);
	d.lines[0].call = LINE_EXCHANGE;
	ck_assert_int_lt(lines_wake(&d, NOW), NOW);
}
END_TEST

START_TEST(room_that_appears_while_the_bell_is_armed_is_not_armed)
{
	queue.given = 1;
	ck_assert_int_eq(claims_want(&d, &queue), 0);
	queue.given = 0; /* it ended after the call had been sent */
	claims_parked(&d, "5", NOW);
	queue.dry = true;
	ck_assert(claims_park(&d));
	queue.arming = true;
	claims_parked(&d, "6", NOW);
	queue.dry = true;
	ck_assert(!claims_park(&d));
	claims_wake(&d, true);
}
END_TEST

/* Parked and safe; then the poll interval is over. */
static bool looks_and_stays_armed(long long now)
{
	queue.arming = true;
	claims_parked(&d, "5", NOW);
	claims_floored(&d, true, NOW);
	claims_gave(&d, &queue, true, false, NOW);
	d.claims.floor_due = false;
	d.claims.look_us = now;
	ck_assert(claims_floor(&d, now));
	if (queue.armed) {
		claims_floored(&d, true, now);
		ck_assert(claims_hungry(&d));
		claims_gave(&d, &queue, true, false, now);
		ck_assert(claims_wake_at(&d) == now + 5000000);
	}
	return queue.armed && !claims_park(&d);
}

START_TEST(a_poll_leaves_the_bell_as_it_is_for_a_minute)
{
	ck_assert(looks_and_stays_armed(NOW + 5000000));
	ck_assert(!looks_and_stays_armed(NOW + 60000000));
	claims_wake(&d, true);
}
END_TEST

START_TEST(nothing_is_claimed_before_the_kinds_are_known)
{
	queue.dry = false;
	d.config.sql_kinds = true;
	d.beat.kinds_heard = false;
	ck_assert(!claims_hungry(&d));
	d.beat.kinds_heard = true;
	ck_assert(claims_hungry(&d));
	d.beat.kinds_heard = d.config.sql_kinds = false;
	ck_assert(claims_hungry(&d));
}
END_TEST

START_TEST(registered_kinds_outlive_a_new_configuration)
{
	kinds_add(&d.registered, "of-the-database", kinds_builtin("sql"))->timeout_ms = 7000;
	d.config.sql_kinds = true;
	ck_assert(dispatcher_kinds(&d));
	ck_assert_ptr_nonnull(kinds_find(&d.kinds, "of-the-database"));
	ck_assert_int_eq(kinds_find(&d.kinds, "of-the-database")->timeout_ms, 7000);
	ck_assert(!dispatcher_kinds(&d));
	d.config.sql_kinds = false;
	ck_assert(dispatcher_kinds(&d));
	ck_assert_ptr_null(kinds_find(&d.kinds, "of-the-database"));
	kinds_release(&d.kinds);
	kinds_release(&d.registered);
}
END_TEST

START_TEST(slots_that_may_not_be_forked_wake_nobody)
{
	slots_resize(&d.slots, &queue.own);
	d.beat.worker = 0;
	ck_assert(watch_wake(&d, NOW) == NEVER);
	d.beat.worker = 1;
	d.begun = true;
	ck_assert_int_le(watch_wake(&d, NOW), NOW);
	d.phase = PHASE_DRAIN;
	ck_assert(watch_wake(&d, NOW) == NEVER);
}
END_TEST

START_TEST(what_is_too_late_to_start_has_failed)
{
	struct run *early = make(1), *late = make(2), *free_of_it = make(3);

	early->deadline_us = SOON;
	late->deadline_us = NOW;
	ck_assert(!hands_overdue(&d, early, NOW));
	ck_assert(!hands_overdue(&d, free_of_it, NOW));
	ck_assert(hands_overdue(&d, late, NOW));
	ck_assert_ptr_eq(d.done.first, late);
	ck_assert_ptr_nonnull(strstr(late->outcome, "\"class\":\"deadline\""));
	ck_assert_ptr_nonnull(strstr(late->outcome, "\"final\":true"));
	run_free(early);
	run_free(free_of_it);
}
END_TEST

/*--- steps */

static struct slot *slot_with_step(void)
{
	slots_resize(&d.slots, &queue.own);
	d.slots.items[0]->step = (struct step){ .run = 7, .name = tow_xstrdup("a") };
	return d.slots.items[0];
}

START_TEST(nothing_to_keep_costs_nothing)
{
	steps_init(&d);
	steps_turn(&d, NOW); /* no connection is made */
	ck_assert_int_eq(d.steps.link.state, TOW_LINK_DOWN);
	ck_assert(steps_wake(&d, NOW) == NEVER);
}
END_TEST

START_TEST(a_step_waits_without_spinning)
{
	steps_init(&d);
	(void)slot_with_step();
	d.steps.link.retry_at_us = SOON;
	ck_assert(steps_wake(&d, NOW) == SOON);
	d.steps.link.state = TOW_LINK_BUSY;
	d.steps.link.since_us = NOW;
	ck_assert(steps_wake(&d, NOW) > SOON);
	d.steps.link.state = TOW_LINK_IDLE;
	d.steps.again_us = SOON; /* it was refused for now */
	ck_assert(steps_wake(&d, NOW) == SOON);
	d.steps.again_us = NOW - 1; /* and nobody may send it: we are not attached */
	ck_assert(steps_wake(&d, NOW) == NEVER);
}
END_TEST

START_TEST(an_idle_connection_for_steps_is_closed)
{
	steps_init(&d);
	d.steps.link.state = TOW_LINK_IDLE;
	d.steps.used_us = NOW;
	ck_assert(steps_wake(&d, NOW) > SOON);
	ck_assert(steps_wake(&d, NOW) < NEVER);
}
END_TEST

/*--- refused exchanges */

static void carry(int n)
{
	struct line *l = &d.lines[0];

	for (int i = 1; i <= n; i++)
		runs_push(&l->cargo, make(i));
}

static void refuse(enum tow_code code, const char *class)
{
	struct tow_err e = { 0 };

	tow_err_fail(&e, code, class, "refused");
	exchange_refused(&d, &d.lines[0], &e, NOW);
}

START_TEST(whatever_the_database_refuses_for_good_is_divided)
{
	static const char *const classes[] = { "22023", "23514", "54000", "TW422", "XX000" };

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		d.batch = EXCHANGE_MOST;
		carry(10);
		refuse(TOW_FINAL, classes[i]);
		ck_assert_uint_eq(d.lines[0].cargo.n, 0);
		ck_assert(!d.lines[0].unsure);
		ck_assert_uint_eq(d.done.n, 10);
		ck_assert_uint_eq(d.batch, 5);
		runs_free(&d.done);
	}
}
END_TEST

START_TEST(one_that_is_refused_alone_is_poisoned)
{
	carry(1);
	refuse(TOW_FINAL, "54000");
	ck_assert_uint_eq(d.done.n, 1);
	ck_assert_ptr_nonnull(strstr(d.done.first->outcome, "\"class\":\"poisoned\""));
	runs_push(&d.lines[0].cargo, runs_pop(&d.done));
	refuse(TOW_FINAL, "54000");
	ck_assert_uint_eq(d.done.n, 0);
	ck_assert_int_gt(d.claims.reconcile_us, NOW); /* or nobody would put it back */
}
END_TEST

START_TEST(what_is_no_outcomes_fault_is_sent_again)
{
	static const struct {
		enum tow_code code;
		const char *class;
	} cases[] = { { TOW_RETRY, "40001" },
		      { TOW_CANCELLED, "57014" },
		      { TOW_FINAL, "42501" },
		      { TOW_FINAL, "42883" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		carry(1);
		d.lines[0].unsure = false;
		refuse(cases[i].code, cases[i].class);
		ck_assert(d.lines[0].unsure);
		ck_assert_int_gt(d.lines[0].again_us, NOW);
		ck_assert_uint_eq(d.lines[0].cargo.n, 1);
		ck_assert_ptr_null(d.lines[0].cargo.first->outcome);
		runs_free(&d.lines[0].cargo);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dispatcher");
	TCase *c = tcase_create("dispatcher");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, what_has_gathered_wakes_a_free_line);
	tcase_add_test(c, a_little_waits_for_the_first_line);
	tcase_add_test(c, the_second_line_reports_while_the_first_is_stuck);
	tcase_add_test(c, a_due_reconcile_does_not_spin);
	tcase_add_test(c, a_look_around_waits_for_the_one_under_way);
	tcase_add_test(c, room_that_appears_while_the_bell_is_armed_is_not_armed);
	tcase_add_test(c, a_poll_leaves_the_bell_as_it_is_for_a_minute);
	tcase_add_test(c, nothing_is_claimed_before_the_kinds_are_known);
	tcase_add_test(c, registered_kinds_outlive_a_new_configuration);
	tcase_add_test(c, slots_that_may_not_be_forked_wake_nobody);
	tcase_add_test(c, what_is_too_late_to_start_has_failed);
	tcase_add_test(c, nothing_to_keep_costs_nothing);
	tcase_add_test(c, a_step_waits_without_spinning);
	tcase_add_test(c, an_idle_connection_for_steps_is_closed);
	tcase_add_test(c, whatever_the_database_refuses_for_good_is_divided);
	tcase_add_test(c, one_that_is_refused_alone_is_poisoned);
	tcase_add_test(c, what_is_no_outcomes_fault_is_sent_again);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
