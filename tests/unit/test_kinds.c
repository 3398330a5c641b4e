/* What the built-in kinds and the families make of a job. */
#include "tests/unit/slot_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

static struct rig g;

static void teardown(void)
{
	rig_stop(&g);
}

static void start(void)
{
	setenv("DATABASE_URL", "postgresql://me:hush@nowhere/db", 1);
	setenv("PGPASSWORD", "hush", 1);
	setenv("NOTIFY_SOCKET", "/nowhere/hush", 1);
	setenv("WATCHDOG_USEC", "30000000", 1);
	rig_start(&g, "[exec sh]\ncommand = eval \"$(jq -r .c)\"\n"
		      "[exec args]\ncommand = echo \"result $(cat)\" >&3\n"
		      "[exec nosuch]\ncommand = true\ncwd = /nonexistent\n"
		      "[exec small]\ncommand = head -c 5000000 /dev/zero >/dev/shm/tow-test.$$; "
		      "s=$?; rm -f "
		      "/dev/shm/tow-test.$$; exit $s\nfile_mb = 1\n"
		      "[exec kept]\ncommand = env; tr '\\000' '\\n' </proc/$PPID/environ\nenv = "
		      "HOME,PATH\n"
		      "[exec db]\ncommand = echo pw=$PGPASSWORD\ndatabase = yes\n"
		      "[kind spin]\ncpu_s = 1\n");
}

/*--- a kind of our own, as a C programmer writes one */

static bool hog(struct tow_job *j, struct tow_err *e)
{
	(void)e;
	for (int i = 0; i < 1000; i++)
		memset(tow_alloc(tow_job_arena(j), 1 << 20), i, 1 << 20);
	return true;
}

static const struct tow_kind tow_kind_hog = {
	.name = "hog",
	.limits = { .memory_mb = 64 },
	.run = hog,
};

static bool counter(struct tow_job *j, struct tow_err *e)
{
	if (tow_json_bool(tow_job_args(j), "cancel", false))
		return tow_fail(e, TOW_CANCELLED, "no need any more");
	if (tow_json_bool(tow_job_args(j), "nan", false))
		return tow_job_snooze(j, e, strtod("nan", NULL));
	tow_job_count(j, 3, 4, "parts");
	printf("stdout of %lld\n", tow_job_id(j));
	tow_job_log(j, TOW_ERROR, "attempt %d of %d", tow_job_attempt(j), tow_job_max_attempts(j));
	return tow_job_snooze(j, e, 0.25);
}

static const struct tow_kind tow_kind_counter = {
	.name = "counter",
	.run = counter,
};

static void start_own(void)
{
	rig_start(&g, "");
	kinds_add(&g.config.kinds, "hog", &tow_kind_hog);
	kinds_add(&g.config.kinds, "counter", &tow_kind_counter);
	slots_renew(&g.slots, &g.config.kinds);
}

static void says(const char *outcome, const char *part)
{
	ck_assert_msg(strstr(outcome, part) != NULL, "'%s' does not say '%s'", outcome, part);
}

START_TEST(the_built_in_ones)
{
	ck_assert_str_eq(rig_run(&g, "noop", "{}"), "");
	says(rig_run(&g, "echo", "{\"a\": [1, \"x\"]}"), "\"result\":{\"a\": [1, \"x\"]}");
	says(rig_log(&g), "\"line\":\"a = [1,\\\"x\\\"]\"");
	says(rig_run(&g, "sleep", "{\"s\": -1}"), "\"final\":true");
	says(rig_run(&g, "crash", "{\"signal\": \"HUGO\"}"), "bad signal 'HUGO'");
	says(rig_run(&g, "nobody", "{}"), "\"as\":\"unknown\"");
}
END_TEST

START_TEST(fail_fails_as_it_is_told)
{
	says(rig_run(&g, "fail", "{\"class\": \"x\", \"message\": \"no luck\"}"),
	     "\"as\":\"failed\",\"class\":\"x\",\"error\":\"no luck\"");
	ck_assert_ptr_null(strstr(rig_run(&g, "fail", "{}"), "final"));
	says(rig_run(&g, "fail", "{\"final\": true}"), "\"final\":true");
	says(rig_run(&g, "fail", "{\"retry_in\": 5}"), "\"delay_s\":5.0");
	ck_assert_str_eq(rig_run(&g, "fail", "{\"times\": 0}"), "");
}
END_TEST

START_TEST(limits_end_a_kind)
{
	says(rig_run(&g, "spin", "{\"s\": 60}"), "\"class\":\"cpu\"");
	ck_assert_str_eq(rig_run(&g, "spin", "{\"s\": 0.01}"), "");
	says(rig_run(&g, "small", "{}"), "\"class\":\"filesize\"");
}
END_TEST

START_TEST(the_exit_status_is_the_outcome)
{
	ck_assert_str_eq(rig_run(&g, "sh", "{\"c\": \"exit 0\"}"), "");
	says(rig_run(&g, "sh", "{\"c\": \"exit 65\"}"), "\"final\":true");
	says(rig_run(&g, "sh", "{\"c\": \"exit 65\"}"), "\"class\":\"exit.65\"");
	ck_assert_ptr_null(strstr(rig_run(&g, "sh", "{\"c\": \"exit 75\"}"), "final"));
	says(rig_run(&g, "sh", "{\"c\": \"exit 3\"}"), "\"class\":\"exit.3\"");
	says(rig_run(&g, "sh", "{\"c\": \"kill -SEGV $$\"}"), "\"class\":\"crash\"");
	says(rig_run(&g, "sh", "{\"c\": \"sh -c 'kill -SEGV $$'; exit $?\"}"),
	     "\"class\":\"crash\",\"error\":\"killed by signal 11");
	says(rig_run(&g, "sh", "{\"c\": \"sh -c 'kill -KILL $$'; exit $?\"}"),
	     "\"class\":\"crash\",\"error\":\"killed by signal 9");
	says(rig_run(&g, "sh", "{\"c\": \"no-such-program\"}"), "\"class\":\"exec.127\"");
	says(rig_run(&g, "sh", "{\"c\": \"no-such-program\"}"), "no-such-program: not found\"");
	says(rig_run(&g, "sh", "{\"c\": \"/etc/passwd\"}"), "\"class\":\"exec.126\"");
	says(rig_run(&g, "sh", "{\"c\": \"exit 200\"}"), "\"class\":\"exit.200\"");
	says(rig_run(&g, "nosuch", "{}"), "\"as\":\"failed\"");
}
END_TEST

START_TEST(last_words_are_in_the_error)
{
	says(rig_run(&g, "sh",
		     "{\"c\": \"echo first >&2; echo 'no such host' >&2; echo later; exit 3\"}"),
	     "\"error\":\"'sh' ended with status 3: no such host\"");
	says(rig_run(&g, "sh", "{\"c\": \"exit 3\"}"), "status 3\"");
	says(rig_run(&g, "sh", "{\"c\": \"printf '10%%\\\\r 20%%  \\\\r\\\\n\\\\n' >&2; exit 3\"}"),
	     "status 3: 20%\"");
	says(rig_run(&g, "sh",
		     "{\"c\": \"head -c 300000 /dev/zero | tr '\\\\000' x >&2; echo >&2; printf "
		     "why >&2; exit 3\"}"),
	     "status 3: why\"");
	says(rig_run(&g, "sh", "{\"c\": \"echo why >&2; echo 'fail broken' >&3; exit 3\"}"),
	     "\"error\":\"broken\"");
}
END_TEST

START_TEST(control_lines_are_obeyed)
{
	says(rig_run(&g, "sh", "{\"c\": \"echo 'result {\\\"n\\\": 1}' >&3\"}"),
	     "\"result\":{\"n\": 1}");
	says(rig_run(&g, "sh", "{\"c\": \"echo 'result no json' >&3\"}"), "\"result\":\"no json\"");
	says(rig_run(&g, "sh", "{\"c\": \"echo 'snooze 60' >&3\"}"), "\"as\":\"snoozed\"");
	says(rig_run(&g, "sh", "{\"c\": \"echo 'retry 30 busy' >&3\"}"),
	     "\"error\":\"busy\",\"delay_s\":30.0");
	says(rig_run(&g, "sh", "{\"c\": \"echo 'fail broken' >&3\"}"),
	     "\"error\":\"broken\",\"final\":true");
	says(rig_run(&g, "sh", "{\"c\": \"printf 'fail unfinished line' >&3\"}"),
	     "unfinished line");
	reports_any(&g.reports);
	rig_log(&g);
	ck_assert_str_eq(rig_run(&g, "sh", "{\"c\": \"echo 'log warn look' >&3; echo >&3\"}"), "");
	says(rig_log(&g), "\"level\":\"warn\",\"line\":\"look\"");
}
END_TEST

static void refused(const char *line, const char *class, const char *error)
{
	char args[300];
	const char *outcome;

	snprintf(args, sizeof(args),
		 "{\"c\": \"echo '%s' >&3; read -r said <&4; echo \\\"$said\\\"\"}", line);
	outcome = rig_run(&g, "sh", args);
	says(outcome, class);
	says(outcome, error);
	says(outcome, "\"final\":true");
	reports_any(&g.reports);
	says(rig_log(&g), "\"level\":\"stdout\",\"line\":\"refused ");
}

/* Each is read by one who waits for an answer, and would hang without. */
START_TEST(a_line_that_makes_no_sense_fails_the_job)
{
	refused("wait childern", "\"class\":\"wait\"", "'wait childern' on descriptor 3");
	refused("wiat children", "\"class\":\"exec\"", "'wiat children' on descriptor 3");
	refused("progress much", "\"class\":\"exec\"", "'progress much' on descriptor 3");
	refused("progress much", "\"class\":\"exec\"",
		"write progress PERCENT [TEXT]; trying again is no use until the program is "
		"mended");
	refused("step", "\"class\":\"step\"", "'step' on descriptor 3");
	refused("step a {bad", "\"class\":\"step\"", "'step a {bad' on descriptor 3");
	refused("result {bad", "\"class\":\"result\"", "'result {bad' on descriptor 3");
	refused("spawn {bad", "\"class\":\"spawn\"", "'{bad'");
	refused("spawn {}", "\"class\":\"spawn\"", "'{}'");
	says(rig_run(&g, "sh", "{\"c\": \"echo x >&3; echo 'fail its own word' >&3\"}"),
	     "its own word");
}
END_TEST

START_TEST(a_control_line_has_an_end)
{
	const char *log;

	says(rig_run(&g, "sh",
		     "{\"c\": \"{ printf 'result \\\"'; head -c 1100000 /dev/zero | tr '\\\\0' x; "
		     "echo '\\\"'; } >&3\"}"),
	     "\"class\":\"result\",\"error\":\"its result is longer than 1 MiB\",\"final\":true");
	rig_log(&g);
	says(rig_run(&g, "sh",
		     "{\"c\": \"{ printf 'log info '; head -c 1100000 /dev/zero | tr '\\\\0' x; "
		     "echo; echo 'result 1'; } >&3\"}"),
	     "\"result\":1");
	log = rig_log(&g);
	says(log, "longer than 1 MiB");
	ck_assert_ptr_null(strstr(log, "not understood"));
	says(rig_run(&g, "sh",
		     "{\"c\": \"{ printf 'fail why '; head -c 1100000 /dev/zero | tr '\\\\0' x; "
		     "echo; } >&3\"}"),
	     "\"as\":\"failed\",\"class\":\"exec\",\"error\":\"why xxx");
}
END_TEST

START_TEST(no_delay_is_for_ever)
{
	says(rig_run(&g, "fail", "{\"retry_in\": 1e300}"), "\"delay_s\":315576000.0");
	says(rig_run(&g, "sh", "{\"c\": \"echo 'snooze 1e12' >&3\"}"), "\"delay_s\":315576000.0");
}
END_TEST

START_TEST(arguments_of_any_length_arrive)
{
	TOW_AUTO_BUF args = { 0 };
	struct run *r;

	tow_buf_adds(&args, "{\"long\": \"");
	for (int i = 0; i < 300000; i++)
		tow_buf_addc(&args, 'x');
	tow_buf_adds(&args, "\"}");
	rig_give(&g, "args", args.data);
	rig_wait_ended(&g, 1);
	r = runs_pop(&g.ended);
	ck_assert_ptr_nonnull(r->outcome);
	ck_assert_uint_gt(strlen(r->outcome), 300000);
	run_free(r);
}
END_TEST

START_TEST(the_address_of_the_database_stays_hidden)
{
	ck_assert_str_eq(rig_run(&g, "kept", "{}"), "");
	ck_assert_ptr_null(strstr(rig_log(&g), "hush"));
	ck_assert_str_eq(rig_run(&g, "sh", "{\"c\": \"env\"}"), "");
	ck_assert_ptr_null(strstr(rig_log(&g), "hush"));
	ck_assert_ptr_null(strstr(rig_log(&g), "WATCHDOG_USEC"));
	ck_assert_str_eq(rig_run(&g, "db", "{}"), "");
	says(rig_log(&g), "pw=hush");
}
END_TEST

START_TEST(memory_has_an_end)
{
#ifndef __SANITIZE_ADDRESS__
	says(rig_run(&g, "hog", "{}"), "\"class\":\"memory\"");
#endif
	ck_assert_str_eq(rig_run(&g, "noop", "{}"), "");
}
END_TEST

START_TEST(a_kind_says_what_it_likes)
{
	TOW_AUTO_BUF progress = { 0 };
	TOW_AUTO_BUF log = { 0 };

	says(rig_run(&g, "counter", "{}"), "\"as\":\"snoozed\"");
	rig_turn(&g);
	reports_take(&g.reports, &progress, &log, tow_mono_us());
	says(log.data, "\"level\":\"stdout\",\"line\":\"stdout of 1\"");
	says(log.data, "\"level\":\"error\",\"line\":\"attempt 1 of 3\"");
	says(rig_run(&g, "counter", "{\"cancel\": true}"), "\"as\":\"cancelled\"");
	says(rig_run(&g, "counter", "{\"nan\": true}"),
	     "\"as\":\"snoozed\",\"error\":\"snoozed for 0.000 s\",\"delay_s\":0.0");
}
END_TEST

/*--- http, against a server of one answer at a time */

static const char *const answers[] = {
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\nConnection: "
	"close\r\n\r\n{\"n\": 1}",
	"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\nConnection: "
	"close\r\n\r\n{\"snooze\": 60}",
	"HTTP/1.1 204 Fine\r\nConnection: close\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\nConnection: "
	"close\r\n\r\n{\"wait\": {\"for\": \"signal\", \"name\": \"paid\", \"timeout_s\": 9}, "
	"\"spawn\": [{\"kind\": \"a\"}, {\"kind\": \"b\"}]}",
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\nConnection: "
	"close\r\n\r\n{\"wait\": \"children\"}",
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 39\r\nConnection: "
	"close\r\n\r\n{\"result\": 3, \"spawn\": [{\"kind\": \"a\"}]}",
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\nConnection: "
	"close\r\n\r\n{\"wait\": \"money\"}",
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 24\r\nConnection: "
	"close\r\n\r\n{\"spawn\": {\"kind\": \"a\"}}",
};

/* Says in its log (a pipe) what it was asked. */
static _Noreturn void serve(int listener, int log)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		int c = accept(listener, NULL, NULL);
		char request[4096] = "";
		size_t len = 0;

		while (len < sizeof(request) - 1 && !strstr(request, "}}")) {
			ssize_t n = read(c, request + len, sizeof(request) - 1 - len);

			if (n <= 0)
				break;
			len += (size_t)n;
		}
		if (write(log, request, len) < 0 || write(c, answers[i], strlen(answers[i])) < 0)
			_exit(1);
		close(c);
	}
	_exit(0);
}

static int open_listener(struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*a = (struct sockaddr_in){ .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	ck_assert_int_eq(bind(fd, (struct sockaddr *)a, len), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)a, &len), 0);
	return fd;
}

START_TEST(http_says_it_by_status_and_body)
{
	struct sockaddr_in a;
	int listener = open_listener(&a), log[2];
	char config[256], secret[] = "/tmp/tow-secret.XXXXXX", asked[4096] = "";
	TOW_AUTO_FD key = mkstemp(secret);
	pid_t server;

	ck_assert_int_eq(write(key, "s3cret\n", 7), 7);
	ck_assert_int_eq(pipe(log), 0);
	server = fork();
	if (server == 0)
		serve(listener, log[1]);
	snprintf(config, sizeof(config),
		 "[http hook]\nurl = http://127.0.0.1:%d/x\nsecret = @%s\nheader = X-One: "
		 "1\nheader = X-Two: 2\n",
		 ntohs(a.sin_port), secret);
	rig_start(&g, config);
	says(rig_run(&g, "hook", "{\"a\": 1}"), "\"result\":{\"n\":1}");
	ck_assert_int_gt(read(log[0], asked, sizeof(asked) - 1), 0);
	says(asked, "POST /x ");
	says(asked, "{\"job\":1,\"run\":1001,\"kind\":\"hook\",\"queue\":\"q\",\"attempt\":1,\"max_"
		    "attempts\":3,\"args\":{\"a\": 1},\"memory\":"
		    "{\"steps\": {}, \"signals\": {}, \"after\": {}, \"children\": {\"total\": 0, "
		    "\"completed\": 0, \"failed\": 0, \"cancelled\": 0, \"results\": {}}}}");
	says(asked, "Tow-Signature: t=");
	says(asked, "X-One: 1\r\n");
	says(asked, "X-Two: 2\r\n");
	says(rig_run(&g, "hook", "{}"), "\"delay_s\":7.0");
	says(rig_run(&g, "hook", "{}"), "\"class\":\"http.410\"");
	says(rig_run(&g, "hook", "{}"), "\"as\":\"snoozed\"");
	ck_assert_str_eq(rig_run(&g, "hook", "{}"), "");
	says(rig_run(&g, "hook", "{}"),
	     "\"as\":\"waits\",\"for\":\"signal\",\"name\":\"paid\",\"timeout_s\":9.000000,"
	     "\"spawn\":[{\"kind\":\"a\"},{\"kind\":\"b\"}]");
	ck_assert_str_eq(rig_run(&g, "hook", "{}"), "\"as\":\"waits\",\"for\":\"children\"");
	ck_assert_str_eq(rig_run(&g, "hook", "{}"),
			 "\"as\":\"completed\",\"result\":3,\"spawn\":[{\"kind\":\"a\"}]");
	says(rig_run(&g, "hook", "{}"), "\"class\":\"wait\",\"error\":\"bad wait 'money'");
	says(rig_run(&g, "hook", "{}"), "'spawn' is no list");
	waitpid(server, NULL, 0);
	unlink(secret);
	rig_stop(&g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kinds");
	TCase *t = tcase_create("kinds"), *own = tcase_create("own"), *http = tcase_create("http");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_set_timeout(http, 60);
	tcase_add_checked_fixture(t, start, teardown);
	tcase_add_test(t, the_built_in_ones);
	tcase_add_test(t, fail_fails_as_it_is_told);
	tcase_add_test(t, limits_end_a_kind);
	tcase_add_test(t, the_exit_status_is_the_outcome);
	tcase_add_test(t, last_words_are_in_the_error);
	tcase_add_test(t, control_lines_are_obeyed);
	tcase_add_test(t, a_line_that_makes_no_sense_fails_the_job);
	tcase_add_test(t, a_control_line_has_an_end);
	tcase_add_test(t, no_delay_is_for_ever);
	tcase_add_test(t, arguments_of_any_length_arrive);
	tcase_add_test(t, the_address_of_the_database_stays_hidden);
	tcase_add_test(http, http_says_it_by_status_and_body);
	tcase_set_timeout(own, 60);
	tcase_add_checked_fixture(own, start_own, teardown);
	tcase_add_test(own, memory_has_an_end);
	tcase_add_test(own, a_kind_says_what_it_likes);
	suite_add_tcase(s, t);
	suite_add_tcase(s, own);
	suite_add_tcase(s, http);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
