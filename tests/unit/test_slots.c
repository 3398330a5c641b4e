/* Slots: jobs run in order, are taken back, crash, are ended, and print. */
#include "tests/unit/slot_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static struct rig g;

/*--- a kind that does what no kind should */

/* The slot's socket is where no handler writes by mistake; this one looks for it. */
static int find_socket(void)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return fd;
	return -1;
}

static void send_outcome(int64_t as, int64_t delay)
{
	TOW_AUTO_BUF b = { 0 };
	size_t at = wire_begin(&b, WIRE_OUTCOME);

	wire_put(&b, 0);
	wire_put(&b, as);
	wire_put(&b, 0);
	wire_put(&b, delay);
	for (int i = 0; i < 7; i++)
		wire_put_text(&b, NULL, 0);
	wire_end(&b, at);
	(void)!write(find_socket(), b.data, b.len);
}

static bool rogue(struct tow_job *j, struct tow_err *e)
{
	const char *how = tow_json_str(tow_job_args(j), "how", "");
	struct rlimit core;

	if (strcmp(how, "outcome") == 0)
		send_outcome(tow_json_int(tow_job_args(j), "as", 0),
			     tow_json_int(tow_job_args(j), "delay", -1));
	else if (strcmp(how, "noise") == 0)
		(void)!write(find_socket(), "\xff\xff\xff\xff\x01", 5);
	else if (strcmp(how, "mute") == 0)
		close_range(1, ~0U, 0);
	else if (strcmp(how, "stray") == 0)
		return write(3, "stray\n", 6) < 0;
	else if (strcmp(how, "dump") == 0)
		return prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 &&
		       core.rlim_cur == 0;
	pause();
	return tow_fail(e, TOW_BUG, "nobody ended this");
}

static const struct tow_kind tow_kind_rogue = { .name = "rogue", .run = rogue };

static void setup(void)
{
	rig_begin(&g, "[exec sh]\ncommand = eval \"$(jq -r .c)\"\n");
	kinds_add(&g.config.kinds, "rogue", &tow_kind_rogue);
	slots_fork(&g.slots, tow_mono_us());
}

static void teardown(void)
{
	rig_stop(&g);
}

START_TEST(many_jobs_end_in_order)
{
	int given = 0;

	for (int ended = 0; ended < 1000;) {
		struct run *r;

		while (given < 1000 && slot_takes(rig_slot(&g), 1)) {
			rig_give(&g, "noop", "{}");
			given++;
		}
		rig_turn(&g);
		while ((r = runs_pop(&g.ended))) {
			ck_assert_int_eq(r->job, ++ended);
			ck_assert_ptr_null(r->outcome);
			ck_assert(r->started_us > 0 && r->took_us >= 0);
			run_free(r);
		}
	}
	ck_assert_uint_eq(g.queue.given, 0);
}
END_TEST

START_TEST(what_has_not_started_is_taken_back)
{
	struct run *running = rig_give(&g, "sleep", "{\"s\": 0.3}"), *r;

	rig_give(&g, "noop", "{}");
	rig_give(&g, "noop", "{}");
	rig_wait_running(&g, running);
	slot_take_back(rig_slot(&g), &g.back);
	ck_assert_uint_eq(g.back.n, 2);
	ck_assert_int_eq(g.back.first->job, 2);
	ck_assert_uint_eq(g.queue.given, 1);
	r = rig_give(&g, "sh", "{\"c\": \"echo after the gap\"}");
	rig_wait_ended(&g, 2);
	ck_assert_ptr_eq(g.ended.last, r);
	ck_assert_ptr_nonnull(strstr(rig_log(&g), "\"job\":4,"));
}
END_TEST

START_TEST(a_crash_costs_one_job)
{
	pid_t first = rig_slot(&g)->pid;

	rig_give(&g, "noop", "{}");
	rig_give(&g, "crash", "{\"signal\": \"SEGV\"}");
	rig_give(&g, "noop", "{}");
	rig_wait_ended(&g, 2);
	ck_assert_ptr_null(g.ended.first->outcome);
	ck_assert_ptr_nonnull(strstr(g.ended.last->outcome, "\"class\":\"crash\""));
	ck_assert_ptr_nonnull(
		strstr(g.ended.last->outcome, "killed by signal 11 (Segmentation fault)"));
	ck_assert_uint_eq(g.back.n, 1);
	runs_free(&g.ended);
	ck_assert_str_eq(rig_run(&g, "noop", "{}"), "");
	ck_assert_int_ne(rig_slot(&g)->pid, first);
}
END_TEST

START_TEST(who_does_not_listen_is_killed)
{
	struct run *r = rig_give(&g, "spin", "{\"s\": 60}");

	rig_wait_running(&g, r);
	slot_end(rig_slot(&g), END_TIMEOUT, 50, &g.back, tow_mono_us());
	rig_wait_ended(&g, 1);
	ck_assert_ptr_nonnull(strstr(r->outcome, "\"as\":\"failed\",\"class\":\"timeout\""));
	ck_assert(r->took_us < 60000000);
}
END_TEST

START_TEST(who_listens_ends_by_itself)
{
	struct run *r = rig_give(&g, "sleep", "{\"s\": 60}");
	pid_t first = rig_slot(&g)->pid;

	rig_wait_running(&g, r);
	slot_end(rig_slot(&g), END_CANCEL, 60000, &g.back, tow_mono_us());
	rig_wait_ended(&g, 1);
	ck_assert_ptr_nonnull(strstr(r->outcome, "\"as\":\"cancelled\""));
	runs_free(&g.ended);
	ck_assert_str_eq(rig_run(&g, "noop", "{}"), "");
	ck_assert_int_ne(rig_slot(&g)->pid, first); /* it has seen a TERM: not used again */
}
END_TEST

START_TEST(a_stopped_worker_gives_back)
{
	struct run *r = rig_give(&g, "sleep", "{\"s\": 60}");

	rig_wait_running(&g, r);
	slot_end(rig_slot(&g), END_SHUTDOWN, 60000, &g.back, tow_mono_us());
	rig_wait_ended(&g, 1);
	ck_assert_ptr_nonnull(strstr(r->outcome, "\"as\":\"returned\""));
}
END_TEST

START_TEST(output_belongs_to_its_job)
{
	for (int i = 1; i <= 20; i++) {
		char mark[64];

		ck_assert_str_eq(rig_run(&g, "sh",
					 "{\"c\": \"printf $TOW_JOB; [ $TOW_JOB = 7 ] || echo\"}"),
				 "");
		snprintf(mark, sizeof(mark), "\"job\":%d,", i);
		ck_assert_ptr_nonnull(strstr(rig_log(&g), mark));
	}
}
END_TEST

START_TEST(any_bytes_may_be_printed)
{
	const char *log;

	rig_run(&g, "sh",
		"{\"c\": \"printf 'a\\\\0b\\\\377c\\\\n' >&2; head -c 20000 /dev/zero | tr '\\\\0' "
		"x\"}");
	log = rig_log(&g);
	ck_assert_ptr_nonnull(strstr(log, "\"level\":\"stderr\",\"line\":\"a\xe2\x90\x80"
					  "b\xef\xbf\xbd"
					  "c\""));
	for (const char *line = log; (line = strstr(line, "\"line\":\"xx")); line++)
		ck_assert_uint_le(strcspn(line + 8, "\""), 8192);
}
END_TEST

START_TEST(too_much_output_is_cut)
{
	const char *log, *at;
	int lines = 0, batches = 0;
	bool cut = false;

	rig_run(&g, "sh", "{\"c\": \"yes | head -n 30000\"}");
	while (reports_any(&g.reports) && batches++ < 100) {
		log = rig_log(&g);
		for (at = log; (at = strstr(at, "\"line\":")); at++)
			lines++;
		cut = cut || strstr(log, "left out");
	}
	ck_assert_int_eq(lines, 10001);
	ck_assert(cut);
}
END_TEST

START_TEST(progress_is_shown)
{
	struct run *r = rig_give(&g, "sleep", "{\"s\": 1}");

	rig_wait_reports(&g);
	ck_assert_ptr_nonnull(strstr(rig_progress(&g), "{\"job\":1,\"run\":1001,\"pct\":"));
	rig_wait_ended(&g, 1);
	ck_assert_ptr_null(r->outcome);
}
END_TEST

START_TEST(orphans_are_ended)
{
	const char *log, *at;
	pid_t pid;

	ck_assert_str_eq(rig_run(&g, "sh", "{\"c\": \"setsid sleep 300 & echo $!\"}"), "");
	log = rig_log(&g);
	at = strstr(log, "\"line\":\"");
	ck_assert_ptr_nonnull(at);
	pid = atoi(at + 8);
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill(pid, 0), -1);
}
END_TEST

START_TEST(new_kinds_replace_slots_that_are_empty)
{
	struct run *r = rig_give(&g, "sleep", "{\"s\": 0.2}");
	pid_t first = rig_slot(&g)->pid;

	rig_wait_running(&g, r);
	slots_renew(&g.slots, &g.config.kinds);
	ck_assert(!slot_takes(rig_slot(&g), 1));
	rig_wait_ended(&g, 1);
	ck_assert_ptr_null(r->outcome);
	runs_free(&g.ended);
	ck_assert_str_eq(rig_run(&g, "noop", "{}"), "");
	ck_assert_int_ne(rig_slot(&g)->pid, first);
}
END_TEST

START_TEST(a_slot_that_talks_nonsense_is_ended)
{
	static const char *const how[] = {
		"{\"how\": \"outcome\", \"as\": 7}",
		"{\"how\": \"outcome\", \"as\": -1}",
		"{\"how\": \"outcome\", \"as\": 2, \"delay\": 9000000000000000000}",
		"{\"how\": \"noise\"}",
	};

	for (size_t i = 0; i < sizeof(how) / sizeof(*how); i++) {
		const char *said = rig_run(&g, "rogue", how[i]);

		ck_assert_msg(strstr(said, "\"class\":\"crash\",\"error\":\"killed: what its slot "
					   "said was garbled\""),
			      "%s: '%s'", how[i], said);
		ck_assert_str_eq(rig_run(&g, "noop", "{}"), "");
	}
}
END_TEST

START_TEST(descriptor_3_is_not_the_slots_own)
{
	ck_assert_str_eq(rig_run(&g, "rogue", "{\"how\": \"stray\"}"), "");
}
END_TEST

START_TEST(a_slot_leaves_no_dump)
{
	ck_assert_str_eq(rig_run(&g, "rogue", "{\"how\": \"dump\"}"), "");
}
END_TEST

/* An end of file is there to be read for ever. */
START_TEST(what_a_handler_closes_is_closed_here)
{
	struct run *r = rig_give(&g, "rogue", "{\"how\": \"mute\"}");
	long long until = tow_mono_us() + PATIENCE_US;
	struct slot *s = rig_slot(&g);

	while ((s->socket >= 0 || s->out >= 0 || s->err >= 0) && tow_mono_us() < until)
		rig_turn(&g);
	ck_assert(s->socket < 0 && s->out < 0 && s->err < 0);
	ck_assert(!slot_takes(s, 1));
	slot_end(s, END_TIMEOUT, 0, &g.back, tow_mono_us());
	rig_wait_ended(&g, 1);
	ck_assert_ptr_nonnull(strstr(r->outcome, "\"class\":\"timeout\""));
	runs_free(&g.ended);
	ck_assert_str_eq(rig_run(&g, "noop", "{}"), "");
}
END_TEST

START_TEST(noise_does_not_hold_up_a_turn)
{
	struct run *r = rig_give(&g, "sh", "{\"c\": \"exec cat /dev/zero\"}");
	struct slot *s = rig_slot(&g);
	long long until = tow_mono_us() + PATIENCE_US;
	int waiting = 0;

	ck_assert_int_ge(fcntl(s->out, F_SETPIPE_SZ, 1 << 20), 1 << 20);
	while (waiting < 1 << 19 && tow_mono_us() < until) {
		usleep(1000);
		ck_assert_int_eq(ioctl(s->out, FIONREAD, &waiting), 0);
	}
	slot_read(s, &g.ended, &g.reports, tow_mono_us());
	ck_assert_int_eq(ioctl(s->out, FIONREAD, &waiting), 0);
	ck_assert_int_gt(waiting, 1 << 18); /* the rest waits for its turn */
	slot_end(s, END_TIMEOUT, 0, &g.back, tow_mono_us());
	rig_wait_ended(&g, 1);
	ck_assert_ptr_nonnull(strstr(r->outcome, "\"class\":\"timeout\""));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("slots");
	TCase *t = tcase_create("slots");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, many_jobs_end_in_order);
	tcase_add_test(t, what_has_not_started_is_taken_back);
	tcase_add_test(t, a_crash_costs_one_job);
	tcase_add_test(t, who_does_not_listen_is_killed);
	tcase_add_test(t, who_listens_ends_by_itself);
	tcase_add_test(t, a_stopped_worker_gives_back);
	tcase_add_test(t, output_belongs_to_its_job);
	tcase_add_test(t, any_bytes_may_be_printed);
	tcase_add_test(t, too_much_output_is_cut);
	tcase_add_test(t, progress_is_shown);
	tcase_add_test(t, orphans_are_ended);
	tcase_add_test(t, new_kinds_replace_slots_that_are_empty);
	tcase_add_test(t, a_slot_that_talks_nonsense_is_ended);
	tcase_add_test(t, descriptor_3_is_not_the_slots_own);
	tcase_add_test(t, a_slot_leaves_no_dump);
	tcase_add_test(t, what_a_handler_closes_is_closed_here);
	tcase_add_test(t, noise_does_not_hold_up_a_turn);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
