#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tow/proc.h"

static struct tow_arena arena;

static void leave(void)
{
	tow_arena_release(&arena);
}

static int end_of(pid_t pid)
{
	int status = -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Everything that the other end writes until all writers are gone. */
static const char *read_rest(int fd)
{
	char part[1024];
	const char *all = "";
	ssize_t n;
	while ((n = read(fd, part, sizeof part - 1)) > 0) {
		part[n] = '\0';
		all = tow_fmt(&arena, "%s%s", all, part);
	}
	return all;
}

/* What `sh -c script` says on its standard output; base gives the rest of the child. */
static const char *output(struct tow_child base, const char *script, int *status)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct tow_err e = { 0 };
	int ends[2];
	pid_t pid;
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	base.argv = argv;
	if (base.n_fds < 2)
		base.n_fds = 2;
	base.fds[0] = -1;
	base.fds[1] = ends[1];
	ck_assert_msg(tow_proc_start(&base, &pid, &e), "%s", e.text);
	close(ends[1]);
	const char *said = read_rest(ends[0]);
	close(ends[0]);
	int end = end_of(pid);
	if (status)
		*status = end;
	return said;
}

START_TEST(a_child_runs)
{
	int status;
	ck_assert_str_eq(output((struct tow_child){ 0 }, "echo hello; exit 3", &status), "hello\n");
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 3);
}
END_TEST

/* Valgrind keeps some of its own, with high numbers. */
START_TEST(only_the_given_descriptors_arrive)
{
	int extra = open("/dev/null", O_RDONLY), kept = open("/dev/zero", O_RDONLY);
	ck_assert(extra >= 0 && kept >= 0);
	ck_assert_int_eq(dup2(extra, 100), 100);
	struct tow_child c = { .fds = { -1, -1, -1, -1, kept }, .n_fds = 5 };
	const char *said = output(c,
				  "cd /proc/$$/fd; for f in 0 2 4; do readlink $f; done; "
				  "for f in ? ?? ???; do [ -e $f ] && echo $f; done",
				  NULL);
	ck_assert_ptr_eq(strstr(said, "/dev/null\n/dev/null\n/dev/zero\n"), said);
	const char *list = said + strlen("/dev/null\n/dev/null\n/dev/zero\n");
	ck_assert_msg(strcmp(list, "0\n1\n2\n4\n") == 0, "%s", said);
}
END_TEST

/* The end that is written as low as it can be: a child gets only the first few descriptors, and we
 * may have been given some. */
static void pipe_low(int ends[2])
{
	int given[2];
	ck_assert(pipe2(given, O_CLOEXEC) == 0);
	ends[0] = fcntl(given[0], F_DUPFD_CLOEXEC, 50);
	tow_closep(&given[0]);
	ends[1] = fcntl(given[1], F_DUPFD_CLOEXEC, 3);
	tow_closep(&given[1]);
}

/* The source of each is the target of the other. */
START_TEST(descriptors_may_change_places)
{
	int a[2], b[2];
	pid_t pid;
	struct tow_err e = { 0 };
	pipe_low(a);
	pipe_low(b);
	ck_assert_int_lt(b[1], 8);
	const char *script = tow_fmt(&arena, "echo from a >&%d; echo from b >&%d", a[1], b[1]);
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct tow_child c = { .argv = argv,
			       .fds = { -1, -1, -1, -1, -1, -1, -1, -1 },
			       .n_fds = 8 };
	c.fds[a[1]] = b[1];
	c.fds[b[1]] = a[1];
	ck_assert_msg(tow_proc_start(&c, &pid, &e), "%s", e.text);
	tow_closep(&a[1]);
	tow_closep(&b[1]);
	ck_assert_str_eq(read_rest(a[0]), "from b\n");
	ck_assert_str_eq(read_rest(b[0]), "from a\n");
	ck_assert_int_eq(end_of(pid), 0);
}
END_TEST

START_TEST(a_failed_exec_is_told_here)
{
	const char *argv[] = { "/no/such/program", NULL };
	struct tow_child c = { .argv = argv };
	struct tow_err e;
	pid_t pid = 77;
	ck_assert(!tow_proc_start(&c, &pid, &e));
	ck_assert_int_eq(e.code, TOW_FINAL);
	ck_assert_str_eq(e.class, "proc.ENOENT");
	ck_assert_ptr_nonnull(strstr(e.text, "'/no/such/program'"));
	ck_assert_int_eq(pid, 77);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	ck_assert_int_eq(errno, ECHILD);
	argv[0] = "/dev/null";
	ck_assert(!tow_proc_start(&c, &pid, &e));
	ck_assert_str_eq(e.class, "proc.EACCES");
	argv[0] = "/bin/sh";
	c.cwd = "/no/such/folder";
	ck_assert(!tow_proc_start(&c, &pid, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "'/no/such/folder'"));
	ck_assert(!tow_proc_start(&c, &pid, NULL));
}
END_TEST

START_TEST(misuse_is_a_bug)
{
	const char *argv[] = { NULL };
	struct tow_child c = { .argv = argv };
	struct tow_err e;
	pid_t pid;
	ck_assert(!tow_proc_start(&c, &pid, &e));
	ck_assert_int_eq(e.code, TOW_BUG);
	argv[0] = "true";
	c.n_fds = 9;
	ck_assert(!tow_proc_start(&c, &pid, &e));
	ck_assert_int_eq(e.code, TOW_BUG);
}
END_TEST

START_TEST(environment_and_folder)
{
	const char *env[] = { "ONLY=this", NULL };
	struct tow_child c = { .env = env, .cwd = "/usr" };
	ck_assert_str_eq(output(c, "echo $ONLY $HOME; pwd", NULL), "this\n/usr\n");
	setenv("TOW_INHERITED", "yes", 1);
	ck_assert_str_eq(output((struct tow_child){ 0 }, "echo $TOW_INHERITED", NULL), "yes\n");
}
END_TEST

static const char *line_of(const char *status, const char *name)
{
	const char *at = strstr(status, name);
	ck_assert_ptr_nonnull(at);
	return tow_strndup(&arena, at, strcspn(at, "\n"));
}

START_TEST(signals_are_as_new)
{
	sigset_t blocked;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	struct tow_child c = { 0 };
	const char *said = output(c, "exec cat /proc/self/status", NULL);
	ck_assert_str_eq(line_of(said, "SigBlk:"), "SigBlk:\t0000000000000000");
	/* the C library keeps signals 32 and 33 to itself: whoever started us may have them ignored
	 */
	ck_assert_uint_eq(strtoull(line_of(said, "SigIgn:") + 8, NULL, 16) & ~0x180000000ULL, 0);
	sigset_t now;
	sigprocmask(SIG_BLOCK, NULL, &now);
	ck_assert(sigismember(&now, SIGTERM)); /* and ours are as they were */
	ck_assert(!sigismember(&now, SIGINT));
}
END_TEST

START_TEST(a_group_of_its_own)
{
	const char *argv[] = { "cat", NULL };
	struct tow_child c = { .argv = argv, .own_group = true };
	int ends[2];
	pid_t pid;
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	c.fds[0] = ends[0];
	c.n_fds = 1;
	ck_assert(tow_proc_start(&c, &pid, NULL));
	ck_assert_int_eq(getpgid(pid), pid); /* already now, not a moment later */
	ck_assert_int_eq(kill(-pid, SIGTERM), 0);
	ck_assert_str_eq(tow_proc_says(&arena, end_of(pid)), "signal 15 (terminated)");
	c.own_group = false;
	ck_assert(tow_proc_start(&c, &pid, NULL));
	ck_assert_int_eq(getpgid(pid), getpgrp());
	kill(pid, SIGKILL);
	end_of(pid);
}
END_TEST

/* The middle process starts a grandchild that holds the pipe, and dies: the pipe must end. */
START_TEST(a_child_dies_with_its_parent)
{
	int held[2], never[2];
	ck_assert(pipe2(held, O_CLOEXEC) == 0 && pipe2(never, O_CLOEXEC) == 0);
	pid_t middle = fork();
	if (middle == 0) {
		const char *argv[] = { "/bin/sh", "-c", "echo up >&1; read x", NULL };
		struct tow_child c = { .argv = argv, .n_fds = 2, .die_with_parent = true };
		pid_t pid;
		c.fds[0] = never[0];
		c.fds[1] = held[1];
		_exit(tow_proc_start(&c, &pid, NULL) ? 0 : 1);
	}
	tow_closep(&held[1]);
	ck_assert_int_eq(end_of(middle), 0);
	read_rest(
		held[0]); /* returns once the grandchild is gone; check's limit ends it otherwise */
	close(never[1]);
}
END_TEST

START_TEST(limits_hold_in_the_child)
{
	struct tow_child c = { .limits = { .memory_mb = 300, .file_mb = 2, .cpu_s = 9 } };
	struct rlimit before, after;
	ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
	ck_assert_str_eq(output(c, "ulimit -v; ulimit -t; ulimit -Ht; ulimit -f", NULL),
			 "307200\n9\n14\n4096\n");
	ck_assert_int_eq(getrlimit(RLIMIT_AS, &after), 0);
	ck_assert_uint_eq(before.rlim_cur, after.rlim_cur);
}
END_TEST

START_TEST(open_files_are_limited)
{
	struct tow_limits l = { .files = 40 };
	struct rlimit now;
	struct tow_err e = { 0 };
	const char *preload = getenv("LD_PRELOAD");
	if (preload && strstr(preload, "vgpreload"))
		return; /* valgrind keeps this limit to itself */
	ck_assert_msg(tow_limits_apply(&l, &e), "%s", e.text);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &now), 0);
	ck_assert_uint_eq(now.rlim_cur, 40);
	ck_assert_uint_eq(now.rlim_max, 40);
}
END_TEST

START_TEST(a_limit_above_the_allowed_is_the_allowed)
{
	struct rlimit own = { 64 << 20, 64 << 20 }, now;
	struct tow_limits l = { .file_mb = 128 };
	struct tow_err e = { 0 };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &own), 0);
	ck_assert_msg(tow_limits_apply(&l, &e), "%s", e.text);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &now), 0);
	ck_assert_uint_eq(now.rlim_cur, 64 << 20);
	l.file_mb = 0;
	ck_assert(tow_limits_apply(&l, &e));
}
END_TEST

START_TEST(a_wait_status_in_words)
{
	int status;
	output((struct tow_child){ 0 }, "exit 75", &status);
	ck_assert_str_eq(tow_proc_says(&arena, status), "exit 75");
	output((struct tow_child){ 0 }, "kill -9 $$", &status);
	ck_assert_str_eq(tow_proc_says(&arena, status), "signal 9 (killed)");
}
END_TEST

/* A mailbox of our own, as the service manager's. */
static int mailbox(struct sockaddr_un *at, socklen_t *size)
{
	char name[64];
	snprintf(name, sizeof name, "@tow-test-%ld", (long)getpid());
	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(at->sun_path, name, strlen(name));
	at->sun_path[0] = '\0';
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	setenv("NOTIFY_SOCKET", name, 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)at, *size), 0);
	return fd;
}

START_TEST(memory_is_measured)
{
	long long before = tow_proc_memory(getpid());
	size_t size = 32 << 20;
	char *much = tow_xcalloc(1, size);

	for (size_t i = 0; i < size; i += 512)
		much[i] = 1;
	long long after = tow_proc_memory(getpid());
	free(much);
	ck_assert_int_gt(before, 0);
	ck_assert_int_ge(after - before, (long long)size / 2);
	ck_assert_int_eq(tow_proc_memory(0), -1);
}
END_TEST

START_TEST(systemd_is_told)
{
	char text[64] = "";
	struct sockaddr_un at;
	socklen_t size;
	int fd = mailbox(&at, &size);
	tow_sd_notify("READY=1");
	ck_assert_int_eq(recv(fd, text, sizeof text, MSG_DONTWAIT), 7);
	ck_assert_str_eq(text, "READY=1");
	close(fd);
	tow_sd_notify("STATUS=nobody listens");
	unsetenv("NOTIFY_SOCKET");
	tow_sd_notify("READY=1");
}
END_TEST

START_TEST(one_sign_of_life_is_enough)
{
	struct sockaddr_un at;
	socklen_t size;
	char text[64] = "";
	int fd = mailbox(&at, &size);
	tow_sd_notify("WATCHDOG=1");
	tow_sd_notify("WATCHDOG=1");
	ck_assert_int_eq(recv(fd, text, sizeof text, MSG_DONTWAIT), 10);
	ck_assert_int_lt(recv(fd, text, sizeof text, MSG_DONTWAIT), 0);
	close(fd);
	unsetenv("NOTIFY_SOCKET");
}
END_TEST

/* Somebody who supervises us may look only now and then: we do not wait for that. */
START_TEST(a_sign_of_life_waits_for_nobody)
{
	struct sockaddr_un at;
	socklen_t size;
	int fd = mailbox(&at, &size), from = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (sendto(from, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&at, size) == 1)
		;
	tow_sd_notify("WATCHDOG=1");
	close(from);
	close(fd);
	unsetenv("NOTIFY_SOCKET");
}
END_TEST

START_TEST(the_watchdog_is_for_the_named_process)
{
	char mine[32];
	snprintf(mine, sizeof mine, "%ld", (long)getpid());
	unsetenv("WATCHDOG_USEC");
	ck_assert_int_eq(tow_sd_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", mine, 1);
	ck_assert_int_eq(tow_sd_watchdog_ms(), 30000);
	setenv("WATCHDOG_PID", "1", 1);
	ck_assert_int_eq(tow_sd_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "nonsense", 1);
	unsetenv("WATCHDOG_PID");
	ck_assert_int_eq(tow_sd_watchdog_ms(), 0);
}
END_TEST

START_TEST(the_clock_goes_on)
{
	long long before = tow_mono_us();
	ck_assert(before > 0);
	while (tow_mono_us() == before)
		;
	ck_assert(tow_mono_us() > before);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("proc");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, leave);
	tcase_add_test(t, a_child_runs);
	tcase_add_test(t, only_the_given_descriptors_arrive);
	tcase_add_test(t, descriptors_may_change_places);
	tcase_add_test(t, a_failed_exec_is_told_here);
	tcase_add_test(t, misuse_is_a_bug);
	tcase_add_test(t, environment_and_folder);
	tcase_add_test(t, signals_are_as_new);
	tcase_add_test(t, a_group_of_its_own);
	tcase_add_test(t, a_child_dies_with_its_parent);
	tcase_add_test(t, limits_hold_in_the_child);
	tcase_add_test(t, open_files_are_limited);
	tcase_add_test(t, a_limit_above_the_allowed_is_the_allowed);
	tcase_add_test(t, a_wait_status_in_words);
	tcase_add_test(t, systemd_is_told);
	tcase_add_test(t, one_sign_of_life_is_enough);
	tcase_add_test(t, a_sign_of_life_waits_for_nobody);
	tcase_add_test(t, the_watchdog_is_for_the_named_process);
	tcase_add_test(t, the_clock_goes_on);
	tcase_add_test(t, memory_is_measured);
	Suite *s = suite_create("proc");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
