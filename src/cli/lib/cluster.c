#include "cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cluster_setup.h"
#include "tow/db.h"
#include "tow/fs.h"
#include "tow/uplock.h"

/* A file in run/ from before initdb until the database is there: what a crash in between left is
 * made anew. */
#define UNFINISHED "unfinished"

/* --- where things are */

/* PostgreSQL refuses a longer path; and its setting is a list, in which only plain characters mean
 * themselves. */
static bool fits_socket(const char *dir)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";
	return strlen(dir) + strlen("/.s.PGSQL.5432") < 100 && strspn(dir, plain) == strlen(dir);
}

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261U; /* FNV-1a */
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h;
}

/* PostgreSQL refuses to run as root; a cluster that is there already keeps its owner. */
static bool server_user(struct cluster *c, struct tow_err *e)
{
	struct stat st;
	c->uid = geteuid();
	if (c->uid == 0 && stat(c->pg, &st) == 0 && st.st_uid != 0)
		c->uid = st.st_uid;
	const struct passwd *pw = c->uid == 0 ? getpwnam("postgres") : getpwuid(c->uid);
	if (!pw && geteuid() == 0) {
		tow_fail(e, TOW_FINAL, "there is no user 'postgres' for the server to run as");
		return tow_hint(e, "install PostgreSQL (Debian: apt install postgresql), or do not "
				   "run this as root");
	}
	if (!pw)
		return tow_fail(e, TOW_FINAL, "user %ld has no name on this machine", (long)c->uid);
	c->uid = pw->pw_uid;
	c->gid = pw->pw_gid;
	c->user = tow_strdup(c->arena, pw->pw_name);
	return true;
}

static bool locate(struct cluster *c, struct tow_arena *a, const char *home, struct tow_err *e)
{
	TOW_AUTO_FREE char *real =
		realpath(home, NULL); /* one name for one cluster, whatever links led here */
	*c = (struct cluster){ .arena = a, .home = tow_strdup(a, real ? real : home) };
	c->pg = tow_fmt(a, "%s/pg", c->home);
	c->run = tow_fmt(a, "%s/run", c->home);
	c->log = tow_fmt(a, "%s/log", c->home);
	if (!server_user(c, e))
		return false;
	c->socket = fits_socket(c->run)
			    ? c->run
			    : tow_fmt(a, "/tmp/tow-%ld-%08x", (long)c->uid, hash(c->home));
	return true;
}

static const char *newest(struct tow_arena *a, const char *pattern)
{
	glob_t found;
	const char *best = NULL;
	long best_version = -1;
	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return NULL;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		long version = strtol(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);
		if (version > best_version) {
			best_version = version;
			best = tow_strdup(a, found.gl_pathv[i]);
		}
	}
	globfree(&found);
	return best;
}

static const char *in_path(struct tow_arena *a, const char *name)
{
	const char *path = getenv("PATH");
	while (path && *path) {
		size_t n = strcspn(path, ":");
		const char *file = tow_fmt(a, "%.*s/%s", (int)n, path, name);
		if (n > 0 && access(file, X_OK) == 0)
			return file;
		path += n + (path[n] == ':');
	}
	return NULL;
}

const char *tow_cluster_program(struct tow_arena *a, const char *name)
{
	const char *found = newest(a, tow_fmt(a, "/usr/lib/postgresql/[0-9]*/bin/%s", name));
	return found ? found : in_path(a, name);
}

/* The data of one major version needs programs of the same. */
static const char *program(const struct cluster *c, const char *name, struct tow_err *e)
{
	char *version = NULL;
	size_t len;
	const char *path = tow_cluster_program(c->arena, name);
	if (tow_fs_read(c->arena, tow_fmt(c->arena, "%s/PG_VERSION", c->pg), &version, &len,
			NULL)) {
		version[strcspn(version, "\n")] = '\0';
		const char *same =
			tow_fmt(c->arena, "/usr/lib/postgresql/%s/bin/%s", version, name);
		if (access(same, X_OK) == 0)
			path = same;
	}
	if (!path)
		tow_fail(e, TOW_FINAL, "there is no program '%s' on this machine", name);
	return path;
}

/* --- as whom */

static bool become_server(const struct cluster *c, struct tow_err *e)
{
	if (initgroups(c->user, c->gid) < 0 || setgid(c->gid) < 0 || setuid(c->uid) < 0)
		return tow_fail(e, TOW_FINAL, "become user '%s': %s", c->user, strerror(errno));
	if (chdir(c->pg) < 0) {
		tow_fail(e, TOW_FINAL, "user '%s' cannot enter '%s': %s", c->user, c->pg,
			 strerror(errno));
		return tow_hint(
			e, "set TOW_HOME to a folder that it can reach, such as /var/lib/towpath");
	}
	return true;
}

struct outcome {
	int done; /* no padding: it travels through a pipe as it is */
	struct tow_err error;
};

static _Noreturn void child(const struct cluster *c,
			    bool (*run)(const struct cluster *, struct tow_err *), int to)
{
	struct outcome o = { 0 };
	o.done = become_server(c, &o.error) && run(c, &o.error);
	ssize_t n = write(to, &o, sizeof o); /* fits a pipe's buffer, so it is all or nothing */
	_exit(n == sizeof o ? 0 : 1);
}

/* Everything that touches the server's files runs as the server's user: in a child when we are
 * root. */
static bool as_server(const struct cluster *c,
		      bool (*run)(const struct cluster *, struct tow_err *), struct tow_err *e)
{
	if (geteuid() != 0)
		return run(c, e);
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return tow_fail(e, TOW_RETRY, "make a pipe: %s", strerror(errno));
	TOW_AUTO_FD from = ends[0];
	TOW_AUTO_FD to = ends[1];
	pid_t pid = fork();
	if (pid < 0)
		return tow_fail(e, TOW_RETRY, "fork: %s", strerror(errno));
	if (pid == 0)
		child(c, run, to);
	tow_closep(&to);
	struct outcome o;
	ssize_t n;
	while ((n = read(from, &o, sizeof o)) < 0 && errno == EINTR)
		;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != sizeof o)
		return tow_fail(e, TOW_BUG, "the process working as '%s' died", c->user);
	if (!o.done && e)
		*e = o.error;
	return o.done;
}

/* --- is it running */

static pid_t pid_in_file(const struct cluster *c)
{
	char *text = NULL;
	size_t len;
	if (!tow_fs_read(c->arena, tow_fmt(c->arena, "%s/postmaster.pid", c->pg), &text, &len,
			 NULL))
		return 0;
	long pid = strtol(text, NULL, 10);
	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

/* The pid in the file may be somebody else's by now: ours was started with `-D <our data>`, and
 * keeps its arguments. */
static bool is_server(const struct cluster *c, pid_t pid)
{
	char *args = NULL;
	size_t len = 0, want = strlen(c->pg);
	if (pid <= 0 || !tow_fs_read(c->arena, tow_fmt(c->arena, "/proc/%ld/cmdline", (long)pid),
				     &args, &len, NULL))
		return false;
	for (size_t at = 0; at < len; at += strlen(args + at) + 1)
		if (strlen(args + at) == want && strcmp(args + at, c->pg) == 0)
			return true;
	return false;
}

static bool running(const struct cluster *c)
{
	return is_server(c, pid_in_file(c));
}

/* --- steps that run as the server's user */

static bool pg_ctl(const struct cluster *c, const char *verb, const char *mode, struct tow_err *e)
{
	const char *exe = program(c, "pg_ctl", e);
	if (!exe)
		return false;
	const char *log = tow_fmt(c->arena, "--log=%s/setup.log", c->log);
	/* Recovery after a crash may take minutes; giving up early would leave a server half
	 * started. */
	const char *const start[] = { exe, verb, "-D", c->pg, "-s", "-w", "-t", "600", log, NULL };
	const char *const stop[] = { exe,  verb,  "-D", c->pg, "-s", "-w",
				     "-t", "120", "-m", mode,  NULL };
	return cluster_program(c, mode ? stop : start, e);
}

static bool stop_fast(const struct cluster *c, struct tow_err *e)
{
	return !running(c) || pg_ctl(c, "stop", "fast", e);
}

static bool stop_now(const struct cluster *c, struct tow_err *e)
{
	return !running(c) || pg_ctl(c, "stop", "immediate", e);
}

/* A crashed server leaves its pid in two files, and a number that is taken again (or a zombie's)
 * would keep the next one from starting. In the data's file it becomes one that no process can
 * have; the rest stays, because by it the server finds orphans that still use the data. The
 * socket's file guards a folder that is ours alone. */
static bool forget_pid(const struct cluster *c, struct tow_err *e)
{
	const char *path = tow_fmt(c->arena, "%s/postmaster.pid", c->pg);
	char *text = NULL;
	size_t len = 0;
	unlink(tow_fmt(c->arena, "%s/.s.PGSQL.5432.lock", c->socket));
	if (!tow_fs_read(c->arena, path, &text, &len, NULL))
		return true;
	text = tow_fmt(c->arena, "%d%s", INT_MAX, text + strcspn(text, "\n"));
	return tow_fs_write(path, text, strlen(text), 0600, e);
}

static const char *unfinished(const struct cluster *c)
{
	return tow_fmt(c->arena, "%s/" UNFINISHED, c->run);
}

/* The backends of a killed server end by themselves, but not at once; until then the server refuses
 * to start. */
static bool start_after_orphans(const struct cluster *c, struct tow_err *e)
{
	struct tow_err why = { 0 };
	for (int tries = 100; tries > 0; tries--) {
		if (pg_ctl(c, "start", NULL, &why))
			return true;
		if (!strstr(why.text, "shared memory block"))
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 * 1000 }, NULL);
	}
	if (e)
		*e = why;
	return false;
}

static bool start(const struct cluster *c, struct tow_err *e)
{
	return cluster_place(c, e) && forget_pid(c, e) && start_after_orphans(c, e);
}

static bool create_database(const struct cluster *c, struct tow_err *e)
{
	const char *exe = program(c, "createdb", e);
	const char *const argv[] = { exe, "-h", c->socket, "-U", "tow", "tow", NULL };
	return exe && cluster_program(c, argv, e);
}

static bool create(const struct cluster *c, struct tow_err *e)
{
	return stop_now(c, e) && tow_fs_write(unfinished(c), "", 0, 0600, e) &&
	       cluster_initdb(c, e) && start(c, e) && create_database(c, e);
}

static bool create_or_stop(const struct cluster *c, struct tow_err *e)
{
	if (create(c, e)) {
		unlink(unfinished(c));
		return true;
	}
	if (!stop_now(c, NULL))
		tow_wrap(e, "and the half-made server could not be stopped");
	return false;
}

static bool start_or_create(const struct cluster *c, struct tow_err *e)
{
	bool made = tow_fs_exists(tow_fmt(c->arena, "%s/PG_VERSION", c->pg)) &&
		    !tow_fs_exists(unfinished(c));
	if (!made)
		return create_or_stop(c, e);
	return running(c) || start(c, e);
}

static bool empty_all(const struct cluster *c, struct tow_err *e)
{
	if (!stop_now(c, e) || !cluster_wipe(c->pg, e) || !cluster_wipe(c->run, e) ||
	    !cluster_wipe(c->log, e))
		return false;
	if (c->socket != c->run && cluster_wipe(c->socket, NULL))
		rmdir(c->socket);
	return true;
}

/* --- the public side */

/* Two starts, or a start and a stop, at the same moment wait for each other here. */
static bool lock(const struct cluster *c, int *fd, struct tow_err *e)
{
	const char *path = tow_fmt(c->arena, "%s/lock", c->home);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return tow_fail(e, TOW_FINAL, "open '%s': %s", path, strerror(errno));
	while (flock(*fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return tow_fail(e, TOW_FINAL, "lock '%s': %s", path, strerror(errno));
	return tow_uplock_stands(*fd) ||
	       tow_fail(e, TOW_RETRY, "somebody has removed '%s' meanwhile", path);
}

static bool own_folder(const struct cluster *c, const char *path, struct tow_err *e)
{
	if (mkdir(path, 0700) < 0)
		return errno == EEXIST
			       ? true
			       : tow_fail(e, TOW_FINAL, "make '%s': %s", path, strerror(errno));
	if (chown(path, c->uid, c->gid) < 0)
		return tow_fail(e, TOW_FINAL, "give '%s' to '%s': %s", path, c->user,
				strerror(errno));
	return true;
}

static bool make_home(const struct cluster *c, struct tow_err *e)
{
	return own_folder(c, c->pg, e) && own_folder(c, c->run, e) && own_folder(c, c->log, e);
}

static const char *address(const struct cluster *c)
{
	return tow_fmt(c->arena, "postgresql:///tow?host=%s&user=tow", c->socket);
}

static bool write_url(const struct cluster *c, struct tow_err *e)
{
	const char *url = tow_fmt(c->arena, "%s\n", address(c));
	return tow_fs_write(tow_fmt(c->arena, "%s/url", c->home), url, strlen(url), 0644, e);
}

/* That it shall stay down. */
static const char *mark_path(const struct cluster *c)
{
	return tow_fmt(c->arena, "%s/stopped", c->home);
}

static bool answers(const struct cluster *c, struct tow_err *e)
{
	TOW_AUTO_DB *db = NULL;
	return tow_db_open(&db, address(c), "db start", e) ||
	       tow_wrap(e, "the server was started but does not answer");
}

bool tow_cluster_start(const char *home, bool *started, struct tow_err *e)
{
	TOW_AUTO_ARENA arena = { 0 };
	TOW_AUTO_FD held = -1;
	struct cluster c;
	/* Root's server runs as another user, who must be able to pass through here. */
	if (!tow_fs_mkdirs(home, geteuid() == 0 ? 0711 : 0700, e) || !locate(&c, &arena, home, e) ||
	    !lock(&c, &held, e) || !make_home(&c, e))
		return tow_wrap(e, "start the database in '%s'", home);
	bool was_running = running(&c);
	if (!as_server(&c, start_or_create, e) || !write_url(&c, e) || !answers(&c, e))
		return tow_wrap(e, "start the database in '%s'", home);
	(void)unlink(mark_path(&c));
	if (started)
		*started = !was_running;
	return true;
}

/* Which start of the server runs: its pid, its folder and its instant. A pid alone comes again soon
 * in a container. */
static const char *this_start(const struct cluster *c)
{
	char *text = NULL;
	size_t len, end = 0;
	if (!running(c) || !tow_fs_read(c->arena, tow_fmt(c->arena, "%s/postmaster.pid", c->pg),
					&text, &len, NULL))
		return "";
	for (int lines = 3; end < len && lines > 0; end++)
		lines -= text[end] == '\n';
	text[end] = '\0';
	return text;
}

static const char *claim_path(const struct cluster *c)
{
	return tow_fmt(c->arena, "%s/up.database", c->home);
}

bool tow_cluster_claim(const char *home, struct tow_err *e)
{
	TOW_AUTO_ARENA arena = { 0 };
	struct cluster c;
	if (!locate(&c, &arena, home, e))
		return false;
	const char *start = this_start(&c);
	return tow_fs_write(claim_path(&c), start, strlen(start), 0600, e);
}

bool tow_cluster_claimed(const char *home)
{
	TOW_AUTO_ARENA arena = { 0 };
	struct cluster c;
	char *claimed = NULL;
	size_t len;
	return locate(&c, &arena, home, NULL) &&
	       tow_fs_read(&arena, claim_path(&c), &claimed, &len, NULL) && len > 0 &&
	       strcmp(claimed, this_start(&c)) == 0;
}

static bool mark(const struct cluster *c, struct tow_err *e)
{
	return tow_fs_write(mark_path(c), "", 0, 0644, e);
}

/* The mark is made under the lock: whoever starts the server meanwhile takes it away. */
static bool stop(const char *home, bool stay_down, struct tow_err *e)
{
	TOW_AUTO_ARENA arena = { 0 };
	TOW_AUTO_FD held = -1;
	struct cluster c;
	if (!tow_cluster_exists(home))
		return true;
	if (!locate(&c, &arena, home, e) || !lock(&c, &held, e) || (stay_down && !mark(&c, e)) ||
	    !as_server(&c, stop_fast, e))
		return tow_wrap(e, "stop the database in '%s'", home);
	return true;
}

bool tow_cluster_stop(const char *home, struct tow_err *e)
{
	return stop(home, false, e);
}

bool tow_cluster_halt(const char *home, struct tow_err *e)
{
	return stop(home, true, e);
}

static void remove_home(const struct cluster *c)
{
	static const char *const folders[] = { "pg", "run", "log" };
	static const char *const files[] = { "url",  "up.database", "up.lock",
					     "page", "stopped",	    "lock" };
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		rmdir(tow_fmt(c->arena, "%s/%s", c->home, folders[i]));
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlink(tow_fmt(c->arena, "%s/%s", c->home, files[i]));
	rmdir(c->home); /* stays when the user keeps something of their own in it */
}

bool tow_cluster_destroy(const char *home, struct tow_err *e)
{
	TOW_AUTO_ARENA arena = { 0 };
	TOW_AUTO_FD held = -1;
	struct cluster c;
	if (!tow_cluster_exists(home))
		return true;
	if (!locate(&c, &arena, home, e) || !lock(&c, &held, e) || !mark(&c, e) ||
	    !as_server(&c, empty_all, e))
		return tow_wrap(e, "remove the database in '%s'", home);
	remove_home(&c);
	return true;
}

bool tow_cluster_exists(const char *home)
{
	TOW_AUTO_ARENA arena = { 0 };
	return tow_fs_exists(tow_fmt(&arena, "%s/pg", home));
}

bool tow_cluster_running(const char *home)
{
	TOW_AUTO_ARENA arena = { 0 };
	struct cluster c;
	return tow_cluster_exists(home) && locate(&c, &arena, home, NULL) && running(&c);
}

/* A server that is stopped takes its pid away: one that has left it behind ran since then. */
bool tow_cluster_died(const char *home)
{
	TOW_AUTO_ARENA arena = { 0 };
	struct cluster c;
	return tow_cluster_exists(home) && locate(&c, &arena, home, NULL) && !running(&c) &&
	       (pid_in_file(&c) > 0 || !tow_fs_exists(mark_path(&c)));
}

const char *tow_cluster_url(struct tow_arena *a, const char *home)
{
	struct cluster c;
	return tow_cluster_exists(home) && locate(&c, a, home, NULL) ? address(&c) : NULL;
}
