/* exec: a program of the worker's configuration as a handler. The arguments are JSON on its
 * standard input, the job's facts are in its environment, its standard output and error are the
 * job's log, and it may say more on descriptor 3, which is answered on descriptor 4
 * (workers/control.h). What the job remembers is JSON on descriptor 5. Its exit status is the
 * outcome, as <sysexits.h> has it.
 *
 * The program stays in the slot's process group: whatever ends the slot ends it too. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "../control.h"
#include "../shelter.h"

#define LINE_MOST (1 << 20)
#define BEGINNING 1000 /* of a longer line: so much is looked at, and kept of a reason */

/* A text as a file of its own: the program may read it when it likes, or never. */
static int text_file(const char *name, const char *text)
{
	size_t len = strlen(text), done = 0;
	int fd = memfd_create(name, MFD_CLOEXEC);

	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			tow_closep(&fd);
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Is the variable one of the list's names, "KEEP,NAMES"? Without a list all are. */
static bool named(const char *list, const char *variable)
{
	size_t len = strcspn(variable, "=");

	if (!list)
		return true;
	while (*list) {
		size_t n = strcspn(list, ", ");

		if (n == len && strncmp(list, variable, n) == 0)
			return true;
		list += n;
		list += strspn(list, ", ");
	}
	return false;
}

static bool always(const char *variable)
{
	return strncmp(variable, "PATH=", 5) == 0 || strncmp(variable, "LANG=", 5) == 0 ||
	       strncmp(variable, "HOME=", 5) == 0 || strncmp(variable, "TZ=", 3) == 0;
}

/* There may be a private cluster by now that was not there when the worker began. */
static const char *address(struct tow_job *j)
{
	const char *url = tow_job_db_url(j);

	if (!*url && !tow_db_find(tow_job_arena(j), &url, NULL))
		return NULL;
	return url;
}

static const char **environment(struct tow_job *j)
{
	struct tow_arena *a = tow_job_arena(j);
	const char *keep = tow_job_setting(j, "env"), *url, **env;
	bool database = tow_job_wants_db(j);
	size_t n = 0, kept = 0;

	if (database)
		shelter_open();
	url = database ? address(j) : NULL;
	while (environ[n])
		n++;
	env = tow_alloc(a, (n + 8) * sizeof(*env));
	for (size_t i = 0; i < n; i++) {
		bool wanted = database && shelter_hides(environ[i]);

		if (strncmp(environ[i], "TOW_", 4) == 0 && !named(keep ? keep : "", environ[i]) &&
		    !wanted)
			continue;
		if (wanted || always(environ[i]) || named(keep, environ[i]))
			env[kept++] = tow_strdup(a, environ[i]);
	}
	if (url)
		env[kept++] = tow_fmt(a, "DATABASE_URL=%s", url);
	env[kept++] = tow_fmt(a, "TOW_JOB=%lld", tow_job_id(j));
	env[kept++] = tow_fmt(a, "TOW_RUN=%lld", tow_job_run(j));
	env[kept++] = tow_fmt(a, "TOW_KIND=%s", tow_job_kind(j));
	env[kept++] = tow_fmt(a, "TOW_QUEUE=%s", tow_job_queue(j));
	env[kept++] = tow_fmt(a, "TOW_ATTEMPT=%d", tow_job_attempt(j));
	env[kept++] = tow_fmt(a, "TOW_MAX_ATTEMPTS=%d", tow_job_max_attempts(j));
	if (database)
		shelter_close();
	return env;
}

/* control and answers are the program's ends. */
static bool start(struct tow_job *j, int control, int answers, pid_t *pid, struct tow_err *e)
{
	TOW_AUTO_FD args = text_file("args", tow_job_args_text(j));
	TOW_AUTO_FD memory = text_file("memory", tow_job_memory(j));
	struct tow_child c = {
		.argv = (const char *[]){ "/bin/sh", "-c", tow_job_setting(j, "command"), NULL },
		.env = environment(j),
		.cwd = tow_job_setting(j, "cwd"),
		.fds = { args, STDOUT_FILENO, STDERR_FILENO, control, answers, memory },
		.n_fds = 6,
		.limits = *tow_job_limits(j),
		.die_with_parent = true,
	};

	if (args < 0 || memory < 0)
		return tow_fail(e, TOW_RETRY, "no room for the arguments: %s", strerror(errno));
	return tow_proc_start(&c, pid, e) ||
	       tow_wrap(e, "start '%s'", tow_job_setting(j, "command"));
}

/*--- listening */

/* What is said on descriptor 3, as far as it has been heard. */
struct ear {
	struct tow_buf line;
	bool deaf;	 /* the line is too long: its end is waited for */
	const char *cut; /* "result" or "spawn": one of them was too long */
	int answers;
	struct verdict verdict;
};

/* One that never reads its answers has no use for them: nobody waits for it. */
static void answer(const struct ear *ear, const char *text)
{
	(void)!write(ear->answers, text, strlen(text));
	(void)!write(ear->answers, "\n", 1);
}

static void obey_parsed(struct tow_job *j, const struct control *c, struct ear *ear)
{
	control_apply(j, c, &ear->verdict);
	if (ear->verdict.answer)
		answer(ear, ear->verdict.answer);
}

static void obey(struct tow_job *j, char *line, struct ear *ear)
{
	struct control c;

	control_parse(line, &c);
	if (ear->cut && c.word == CONTROL_RESULT && strcmp(ear->cut, "result") == 0)
		ear->cut = NULL;
	obey_parsed(j, &c, ear);
}

/* The beginning says what it would have been; what matters must not get lost unnoticed. */
static void refuse(struct tow_job *j, struct ear *ear)
{
	struct control c;

	ear->line.data[BEGINNING] = '\0';
	control_parse(ear->line.data, &c);
	if (c.meant == CONTROL_RESULT)
		ear->cut = "result";
	else if (c.meant == CONTROL_SPAWN)
		ear->cut = "spawn";
	else if (c.word == CONTROL_FAIL || c.word == CONTROL_RETRY || c.word == CONTROL_SNOOZE ||
		 (c.word == CONTROL_NONE && c.meant != CONTROL_STEP))
		obey_parsed(j, &c, ear);
	else if (c.meant != CONTROL_STEP)
		tow_job_log(j, TOW_WARN, "a line on descriptor 3 was longer than 1 MiB");
	if (c.meant == CONTROL_STEP || c.meant == CONTROL_SPAWN)
		answer(ear, "refused a line is 1 MiB at most");
	tow_buf_reset(&ear->line);
}

static void hear_bytes(struct tow_job *j, struct ear *ear, const char *piece, size_t n)
{
	while (n > 0) {
		const char *newline = memchr(piece, '\n', n);
		size_t len = newline ? (size_t)(newline - piece) : n;

		if (!ear->deaf)
			tow_buf_add(&ear->line, piece, len);
		if (ear->line.len > LINE_MOST) {
			refuse(j, ear);
			ear->deaf = true;
		}
		if (newline && !ear->deaf)
			obey(j, ear->line.data, ear);
		if (newline) {
			tow_buf_reset(&ear->line);
			ear->deaf = false;
			len++;
		}
		piece += len;
		n -= len;
	}
}

/* False at the end, or when nothing is there now. */
static bool hear(struct tow_job *j, int fd, struct ear *ear)
{
	char piece[4096];
	ssize_t n = read(fd, piece, sizeof(piece));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	hear_bytes(j, ear, piece, (size_t)n);
	return true;
}

/* Until the program itself has ended: what it leaves behind may hold the descriptor for ever. */
static int listen_to(struct tow_job *j, int fd, pid_t pid, struct ear *ear, struct rusage *used)
{
	TOW_AUTO_FD process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p[2] = { { .fd = process, .events = POLLIN },
			       { .fd = fd, .events = POLLIN } };
	int status = 0;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (process >= 0 && !p[0].revents) {
		if (poll(p, 2, -1) < 0)
			p[0].revents = p[1].revents =
				0; /* interrupted: the program has been told to stop, too */
		if (p[1].revents && !hear(j, fd, ear) && p[1].revents & POLLHUP)
			p[1].fd = -1;
	}
	while (wait4(pid, &status, 0, used) < 0 && errno == EINTR)
		;
	while (hear(j, fd, ear))
		;
	if (ear->line.len > 0)
		obey(j, ear->line.data, ear);
	tow_buf_release(&ear->line);
	return status;
}

/*--- outcome */

enum { NOT_RUNNABLE = 126, NOT_FOUND, SIGNALLED }; /* what a shell says of its command */

/* The signal that ended it or, as its shell says, its command; 0 for none. */
static int ended_by(int status)
{
	int code = WEXITSTATUS(status);

	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	return code > SIGNALLED && code <= SIGNALLED + SIGSYS ? code - SIGNALLED : 0;
}

/* A program that gets no more memory ends as it likes, mostly with status 1. What the largest of
 * its processes held is not all that the limit counts: what it only reserved is not in it. */
static bool was_short(const struct tow_job *j, const struct rusage *used)
{
	long limit_kb = tow_job_limits(j)->memory_mb << 10;
	long rest_kb = limit_kb / 4 < 32 << 10 ? limit_kb / 4 : 32 << 10;

	return limit_kb > 0 && used->ru_maxrss >= limit_kb - rest_kb;
}

static bool by_status(struct tow_job *j, int status, const struct rusage *used, struct tow_err *e)
{
	int code = WEXITSTATUS(status), number = ended_by(status);
	char class[16];

	if (number) {
		const char *name = number == SIGXCPU	? "cpu"
				   : number == SIGXFSZ	? "filesize"
				   : was_short(j, used) ? "memory"
							: "crash";

		return tow_fail_class(e, TOW_RETRY, name, "killed by signal %d (%s)", number,
				      strsignal(number));
	}
	if (code == 0)
		return true;
	snprintf(class, sizeof(class), "%s.%d",
		 code == NOT_RUNNABLE || code == NOT_FOUND ? "exec" : "exit", code);
	if (code == EX_USAGE || code == EX_DATAERR || code == EX_CONFIG)
		return tow_fail_class(e, TOW_FINAL, class,
				      "'%s' ended with status %d (trying again is no use)",
				      tow_job_kind(j), code);
	if (was_short(j, used))
		return tow_fail_class(e, TOW_RETRY, "memory",
				      "'%s' ended with status %d when it held %ld MB of the %ld MB "
				      "that it may",
				      tow_job_kind(j), code, used->ru_maxrss >> 10,
				      tow_job_limits(j)->memory_mb);
	return tow_fail_class(e, TOW_RETRY, class, "'%s' ended with status %d", tow_job_kind(j),
			      code);
}

static bool judge(struct tow_job *j, int status, const struct rusage *used, const struct ear *ear,
		  struct tow_err *e)
{
	const struct verdict *v = &ear->verdict;

	if (ended_by(status) && tow_job_stopping(j))
		return tow_fail(e, TOW_CANCELLED, "ended on request");
	if (v->fail)
		return tow_fail_class(e, TOW_FINAL, "exec", "%s",
				      *v->fail ? v->fail : "it said that it failed");
	if (v->bad)
		return tow_fail_class(e, TOW_FINAL, v->bad_class,
				      "%s; trying again is no use until the program is mended",
				      v->bad);
	if (v->snooze_s >= 0)
		return tow_job_snooze(j, e, v->snooze_s);
	if (v->retry_s >= 0) {
		tow_fail_class(e, TOW_RETRY, "exec", "%s",
			       v->retry_text && *v->retry_text ? v->retry_text
							       : "it asked to be tried again");
		return tow_job_retry_in(j, e, v->retry_s);
	}
	if (!by_status(j, status, used, e))
		return false;
	if (ear->cut)
		return tow_fail_class(e, TOW_FINAL, ear->cut, "its %s is longer than 1 MiB",
				      ear->cut);
	return !v->wait_for || tow_wait(j, v->wait_for, v->wait_name, v->wait_s, e);
}

static bool make_pipe(int *from, int *to)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	*from = ends[0];
	*to = ends[1];
	return true;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	struct ear ear = { .verdict = { .snooze_s = -1, .retry_s = -1, .retry_text = "" } };
	TOW_AUTO_FD heard = -1;
	TOW_AUTO_FD control = -1;
	TOW_AUTO_FD said = -1;
	TOW_AUTO_FD answers = -1;
	struct rusage used = { 0 };
	pid_t pid = 0;
	int status;

	if (!make_pipe(&heard, &control) || !make_pipe(&answers, &said))
		return tow_fail(e, TOW_RETRY, "no pipe: %s", strerror(errno));
	if (!start(j, control, answers, &pid, e))
		return false;
	tow_closep(&control);
	tow_closep(&answers);
	fcntl(said, F_SETFL, O_NONBLOCK);
	ear.answers = said;
	status = listen_to(j, heard, pid, &ear, &used);
	return judge(j, status, &used, &ear, e);
}

const struct tow_kind tow_kind_exec = {
	.name = "exec",
	.help = "a program: [exec NAME] command = ...",
	.family = true,
	.own_limits = true,
	.settings = (const char *const[]){ "command!", "cwd", "env", NULL },
	.run = run,
};
