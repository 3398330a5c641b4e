/* Steps, jobs of one's own and waits, as handlers ask for them and as the dispatcher hears it. */
#include "tests/unit/slot_rig.h"

static struct rig g;

/*--- a kind that does one thing of each */

static bool do_steps(struct tow_job *j, struct tow_err *e)
{
	const char *before = tow_step(j, "first");

	if (before)
		tow_job_log(j, TOW_INFO, "first was %s", before);
	else if (!tow_step_done(j, "first", "{\"n\": 1}", e))
		return false;
	if (!tow_step_done(j, "second", NULL, e))
		return false;
	tow_job_result(j, tow_fmt(tow_job_arena(j), "[%s,%s]", tow_step(j, "first"),
				  tow_step(j, "second")));
	return true;
}

static bool do_signal(struct tow_job *j, struct tow_err *e)
{
	const char *payload;

	if (!tow_signal(j, "paid", tow_json_num(tow_job_args(j), "s", -1), &payload, e))
		return false;
	tow_job_result(j, payload ? payload : "\"timed out\"");
	return true;
}

static bool do_spawn(struct tow_job *j, struct tow_err *e)
{
	struct tow_children c = tow_job_children(j);

	tow_job_result(j, tow_fmt(tow_job_arena(j), "[%lld,%lld,%lld,%lld]", c.total, c.completed,
				  c.failed, c.cancelled));
	if (!tow_job_spawn(j, "{\"kind\": \"a\"}", e) || !tow_job_spawn(j, "{\"kind\": \"b\"}", e))
		return false;
	return c.total > 0 || tow_wait_children(j, e);
}

static bool mixed(struct tow_job *j, struct tow_err *e)
{
	const char *how = tow_json_str(tow_job_args(j), "how", "");
	char name[300] = "";

	if (strcmp(how, "steps") == 0)
		return do_steps(j, e);
	if (strcmp(how, "signal") == 0)
		return do_signal(j, e);
	if (strcmp(how, "spawn") == 0)
		return do_spawn(j, e);
	if (strcmp(how, "sleep") == 0)
		return tow_sleep(j, "winter", 30 * 86400, e);
	if (strcmp(how, "text") == 0)
		return tow_step_done(j, "t", "no json", e);
	if (strcmp(how, "long name") == 0)
		memset(name, 'x', sizeof(name) - 1);
	if (strcmp(how, "spawn and fail") == 0)
		return tow_job_spawn(j, "{\"kind\": \"a\"}", e) && tow_fail(e, TOW_RETRY, "no");
	return strstr(how, "name") ? tow_step_done(j, name, NULL, e) : tow_job_spawn(j, how, e);
}

static const struct tow_kind tow_kind_mixed = { .name = "mixed", .run = mixed };

static void setup(void)
{
	rig_begin(&g, "[exec sh]\ncommand = eval \"$(jq -r .c)\"\n");
	kinds_add(&g.config.kinds, "mixed", &tow_kind_mixed);
	slots_fork(&g.slots, tow_mono_us());
}

static void teardown(void)
{
	rig_stop(&g);
}

static void says(const char *outcome, const char *part)
{
	ck_assert_msg(strstr(outcome, part) != NULL, "'%s' does not say '%s'", outcome, part);
}

static const char *run_mixed(const char *how)
{
	static char args[400];

	snprintf(args, sizeof(args), "{\"how\": \"%s\"}", how);
	return rig_run(&g, "mixed", args);
}

/*--- C */

START_TEST(steps_are_kept_in_order)
{
	says(run_mixed("steps"), "\"result\":[{\"n\": 1},null]");
	ck_assert_str_eq(g.steps.data, "first={\"n\": 1} second=null ");
}
END_TEST

START_TEST(steps_of_earlier_runs_are_known)
{
	g.memory = "{\"steps\": {\"first\": {\"n\": 7}}}";
	says(run_mixed("steps"), "\"result\":[{\"n\":7},null]");
	says(rig_log(&g), "first was {\\\"n\\\":7}");
	ck_assert_str_eq(g.steps.data, "second=null ");
}
END_TEST

START_TEST(a_job_that_is_lost_goes_no_further)
{
	g.verdict = BOARD_LOST;
	says(run_mixed("steps"), "\"as\":\"cancelled\",\"class\":\"lost\"");
	ck_assert_str_eq(g.steps.data, "first={\"n\": 1} ");
}
END_TEST

START_TEST(what_the_database_refuses_fails_the_run)
{
	g.verdict = BOARD_REFUSED;
	says(run_mixed("steps"),
	     "\"as\":\"failed\",\"class\":\"step\",\"error\":\"step 'first' was "
	     "refused: no such luck\"");
}
END_TEST

START_TEST(a_handler_waits_until_its_step_is_kept)
{
	struct run *r;
	long long until = tow_mono_us() + PATIENCE_US;

	g.verdict = BOARD_PENDING;
	r = rig_give(&g, "mixed", "{\"how\": \"text\"}");
	while (!rig_slot(&g)->step.name && tow_mono_us() < until)
		rig_turn(&g);
	ck_assert_str_eq(rig_slot(&g)->step.name, "t");
	ck_assert_str_eq(rig_slot(&g)->step.result, "\"no json\"");
	ck_assert_int_eq(rig_slot(&g)->step.run, r->id);
	for (int i = 0; i < 5; i++)
		rig_turn(&g);
	ck_assert_uint_eq(g.ended.n, 0);
	g.verdict = BOARD_KEPT;
	rig_wait_ended(&g, 1);
	ck_assert_ptr_null(r->outcome);
}
END_TEST

START_TEST(who_dies_waiting_leaves_nothing)
{
	g.verdict = BOARD_PENDING;
	rig_give(&g, "mixed", "{\"how\": \"steps\"}");
	while (!rig_slot(&g)->step.name)
		rig_turn(&g);
	slot_end(rig_slot(&g), END_TIMEOUT, 0, &g.back, tow_mono_us());
	rig_wait_ended(&g, 1);
	ck_assert_ptr_null(rig_slot(&g)->step.name);
	runs_free(&g.ended);
	g.verdict = BOARD_KEPT;
	says(run_mixed("steps"), "\"as\":\"completed\"");
}
END_TEST

START_TEST(signals_come_or_time_out)
{
	says(rig_run(&g, "mixed", "{\"how\": \"signal\", \"s\": 60}"),
	     "\"as\":\"waits\",\"for\":\"signal\",\"name\":\"paid\",\"timeout_s\":60.0");
	ck_assert_str_eq(run_mixed("signal"),
			 "\"as\":\"waits\",\"for\":\"signal\",\"name\":\"paid\"");
	says(rig_run(&g, "mixed", "{\"how\": \"signal\", \"s\": 1e300}"),
	     "\"timeout_s\":315360000.0");
	g.memory = "{\"signals\": {\"paid\": {\"payload\": {\"sum\": 9}, \"timed_out\": false}}}";
	says(run_mixed("signal"), "\"result\":{\"sum\":9}");
	g.memory = "{\"signals\": {\"paid\": {\"payload\": null, \"timed_out\": false}}}";
	says(run_mixed("signal"), "\"result\":null");
	g.memory = "{\"signals\": {\"paid\": {\"payload\": null, \"timed_out\": true}}}";
	says(run_mixed("signal"), "\"result\":\"timed out\"");
	g.memory = "{\"signals\": {\"other\": {\"payload\": 1}}}";
	says(run_mixed("signal"), "\"as\":\"waits\"");
}
END_TEST

START_TEST(sleep_is_a_wait)
{
	says(run_mixed("sleep"), "\"name\":\"sleep:winter\",\"timeout_s\":2592000.0");
	g.memory = "{\"signals\": {\"sleep:winter\": {\"timed_out\": true}}}";
	ck_assert_str_eq(run_mixed("sleep"), "");
}
END_TEST

START_TEST(jobs_are_made_with_the_outcome)
{
	says(run_mixed("spawn"), "\"as\":\"waits\",\"for\":\"children\",\"spawn\":[{\"kind\": "
				 "\"a\"},{\"kind\": \"b\"}]");
	g.memory = "{\"children\": {\"total\": 6, \"completed\": 3, \"failed\": 2, \"cancelled\": "
		   "1}}";
	says(run_mixed("spawn"), "\"result\":[6,3,2,1],\"spawn\":[{");
	ck_assert_ptr_null(strstr(run_mixed("spawn and fail"), "spawn\":"));
	ck_assert_str_eq(rig_run(&g, "noop", "{}"), ""); /* nothing is left of it */
}
END_TEST

START_TEST(what_is_bad_is_refused_here)
{
	says(run_mixed("long name"),
	     "\"class\":\"step\",\"error\":\"bad name 'xxxxxxxxxxxxxxxxxxxx' of a step");
	says(run_mixed("no name"), "\"final\":true");
	says(run_mixed("{}"), "bad job to spawn");
	says(run_mixed("[1"), "\"class\":\"spawn\"");
	ck_assert_uint_eq(g.steps.len, 0);
}
END_TEST

/*--- programs */

START_TEST(programs_are_answered)
{
	says(rig_run(&g, "sh",
		     "{\"c\": \"echo 'step a {\\\"x\\\": 1}' >&3; read -r w <&4; echo \\\"result "
		     "\\\\\\\"$w\\\\\\\"\\\" >&3\"}"),
	     "\"result\":\"ok\"");
	ck_assert_str_eq(g.steps.data, "a={\"x\": 1} ");
	g.verdict = BOARD_LOST;
	says(rig_run(&g, "sh",
		     "{\"c\": \"echo 'step a' >&3; read -r w <&4; echo \\\"fail $w\\\" >&3\"}"),
	     "\"error\":\"lost\"");
	g.verdict = BOARD_REFUSED;
	says(rig_run(&g, "sh",
		     "{\"c\": \"echo 'step a' >&3; read -r w <&4; echo \\\"fail $w\\\" >&3\"}"),
	     "refused step 'a' was refused: no such luck");
}
END_TEST

START_TEST(programs_read_what_they_remember)
{
	says(rig_run(&g, "sh", "{\"c\": \"echo \\\"result $(cat <&5)\\\" >&3\"}"),
	     "\"result\":{\"steps\": {}, \"signals\": {}, \"after\": {}, \"children\": {\"total\": "
	     "0, ");
	g.memory = "{\"steps\": {\"a\": 5}}";
	says(rig_run(&g, "sh",
		     "{\"c\": \". contrib/examples/steps.sh; tow_done a && tow_kept a; tow_done b "
		     "|| echo \\\"result $(tow_memory .steps.a)\\\" >&3\"}"),
	     "\"result\":5");
}
END_TEST

START_TEST(programs_wait_and_spawn)
{
	ck_assert_str_eq(rig_run(&g, "sh",
				 "{\"c\": \"echo 'spawn {\\\"kind\\\": \\\"a\\\"}' >&3; echo 'wait "
				 "signal paid 9' >&3\"}"),
			 "\"as\":\"waits\",\"for\":\"signal\",\"name\":\"paid\",\"timeout_s\":9."
			 "000000,\"spawn\":[{\"kind\": \"a\"}]");
	says(rig_run(&g, "sh", "{\"c\": \"echo 'wait approval' >&3\"}"),
	     "\"as\":\"waits\",\"for\":\"approval\"");
	says(rig_run(&g, "sh", "{\"c\": \"echo 'wait children' >&3; echo 'snooze 5' >&3\"}"),
	     "\"as\":\"snoozed\"");
	says(rig_run(&g, "sh", "{\"c\": \"echo 'wait children' >&3; exit 3\"}"),
	     "\"class\":\"exit.3\"");
	says(rig_run(&g, "sh", "{\"c\": \"echo 'spawn nonsense' >&3\"}"),
	     "\"error\":\"bad job to spawn 'nonsense'");
	says(rig_run(&g, "sh",
		     "{\"c\": \"{ printf 'spawn {'; head -c 1100000 /dev/zero | tr '\\\\0' x; "
		     "echo; "
		     "} >&3\"}"),
	     "\"class\":\"spawn\"");
	says(rig_run(&g, "sh",
		     "{\"c\": \"x=$(head -c 1000000 /dev/zero | tr '\\\\0' x); for i in $(seq 16); "
		     "do printf 'spawn {\\\"kind\\\":\\\"a\\\",\\\"args\\\":\\\"%s\\\"}\\\\n' $x; "
		     "done >&3\"}"),
	     "\"error\":\"the jobs to spawn are more than 15 MiB");
}
END_TEST

START_TEST(who_does_not_listen_to_answers_is_not_held_up)
{
	ck_assert_str_eq(rig_run(&g, "sh",
				 "{\"c\": \"for i in $(seq 5); do echo \\\"step s$i\\\"; done >&3; "
				 "exec 4<&-; echo 'step last' >&3\"}"),
			 "");
	says(g.steps.data, "s5=null last=null ");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("workflows");
	TCase *t = tcase_create("workflows");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, steps_are_kept_in_order);
	tcase_add_test(t, steps_of_earlier_runs_are_known);
	tcase_add_test(t, a_job_that_is_lost_goes_no_further);
	tcase_add_test(t, what_the_database_refuses_fails_the_run);
	tcase_add_test(t, a_handler_waits_until_its_step_is_kept);
	tcase_add_test(t, who_dies_waiting_leaves_nothing);
	tcase_add_test(t, signals_come_or_time_out);
	tcase_add_test(t, sleep_is_a_wait);
	tcase_add_test(t, jobs_are_made_with_the_outcome);
	tcase_add_test(t, what_is_bad_is_refused_here);
	tcase_add_test(t, programs_are_answered);
	tcase_add_test(t, programs_read_what_they_remember);
	tcase_add_test(t, programs_wait_and_spawn);
	tcase_add_test(t, who_does_not_listen_to_answers_is_not_held_up);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
