/* haul.trial: finds out what is wrong on the way to a client or a media server, or with a library's
 * folder, as `tow client test` and its like do: it runs them, on this host and as this user. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../shelter.h"
#include "tow/kind.h"

/* It finds the database where this worker does. */
static bool start(struct tow_job *j, const char *what, const char *name, int out, pid_t *pid,
		  struct tow_err *e)
{
	struct tow_child c = {
		.argv = (const char *[]){ "tow", what, "test", "--json", "--", name, NULL },
		.file = "/proc/self/exe",
		.fds = { -1, out, STDERR_FILENO },
		.n_fds = 3,
		.die_with_parent = true,
	};
	bool ok;

	shelter_open();
	if (*tow_job_db_url(j))
		setenv("DATABASE_URL", tow_job_db_url(j), 1);
	ok = tow_proc_start(&c, pid, e);
	shelter_close();
	return ok;
}

static bool hear(int fd, struct tow_buf *said, struct tow_err *e)
{
	char part[4096];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) != 0)
		if (n > 0)
			tow_buf_add(said, part, (size_t)n);
		else if (errno != EINTR)
			return tow_fail(e, TOW_RETRY, "cannot hear it: %s", strerror(errno));
	return true;
}

static const char *what_of(struct tow_job *j)
{
	return tow_json_str(tow_job_args(j), "client", NULL)	? "client"
	       : tow_json_str(tow_job_args(j), "library", NULL) ? "library"
								: "target";
}

/* Its findings are the result, good or bad; it has none where it could not begin. */
static bool run(struct tow_job *j, struct tow_err *e)
{
	const char *what = what_of(j);
	TOW_AUTO_BUF said = { 0 };
	int ends[2], status = 0;
	bool ok;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return tow_fail(e, TOW_RETRY, "no pipe: %s", strerror(errno));
	ok = start(j, what, tow_json_str(tow_job_args(j), what, ""), ends[1], &pid, e);
	close(ends[1]);
	ok = ok && hear(ends[0], &said, e);
	close(ends[0]);
	if (!ok)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1 || said.len == 0)
		return tow_fail(e, TOW_FINAL, "the test has no findings: %s; its log says why",
				tow_proc_says(tow_job_arena(j), status));
	tow_job_result(j, said.data);
	return true;
}

const struct tow_kind tow_kind_trial = {
	.name = "haul.trial",
	.help = "looks for what is wrong: {\"client\": \"NAME\"}, {\"target\": \"NAME\"} or "
		"{\"library\": \"NAME\"}; pages make it",
	.timeout_s = 600,
	.wants_db = true,
	.run = run,
};
