#include "cluster_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster.h"
#include "tow/fs.h"
#include "tow/proc.h"

/* A small machine's settings; whoever wants others puts them in a file of conf.d that sorts later.
 * Statements stay out of the log: arguments of jobs may be secret. The role tow's own schema would
 * be Towpath's, where `tow migrate` drops what it does not know: people's things go to public. */
static const char settings[] = "# Written once by `tow db start`. Put your own settings in "
			       "50-local.conf beside this file.\n"
			       "listen_addresses = ''\n"
			       "search_path = 'public'\n"
			       "max_connections = 200\n"
			       "shared_buffers = 256MB\n"
			       "wal_compression = lz4\n"
			       "default_toast_compression = lz4\n"
			       "max_wal_size = 4GB\n"
			       "max_prepared_transactions = 10\n"
			       "autovacuum_naptime = 15s\n"
			       "track_io_timing = on\n"
			       "logging_collector = on\n"
			       "log_filename = 'postgresql-%a.log'\n"
			       "log_truncate_on_rotation = on\n"
			       "log_rotation_age = 1d\n"
			       "log_rotation_size = 0\n"
			       "log_line_prefix = '%m [%p] %q%u@%d %a '\n"
			       "log_min_messages = warning\n"
			       "log_min_error_statement = panic\n"
			       "log_statement = none\n"
			       "log_lock_waits = on\n"
			       "log_checkpoints = off\n";

/* The owner comes in as the superuser by who they are to the kernel; nobody else can claim it. */
static const char hba[] =
	"# Written once by `tow db start`. There is no TCP unless you add it here and in conf.d.\n"
	"local all tow peer map=tow\n"
	"local all all scram-sha-256\n"
	"local replication tow peer map=tow\n";

static bool put(const struct cluster *c, const char *name, const char *text, struct tow_err *e)
{
	return tow_fs_write(tow_fmt(c->arena, "%s/%s", c->pg, name), text, strlen(text), 0600, e);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	return at->level == 0 ? 0 : remove(path);
}

bool cluster_wipe(const char *dir, struct tow_err *e)
{
	if (nftw(dir, remove_entry, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 && errno != ENOENT)
		return tow_fail(e, TOW_FINAL, "empty '%s': %s", dir, strerror(errno));
	return true;
}

/* The line that says why a program failed, for the error: the rest is in the file. */
static const char *reason(const struct cluster *c, const char *path)
{
	char *text = NULL, *save = NULL;
	const char *why = "", *fatal = NULL;
	size_t len = 0;
	if (!tow_fs_read(c->arena, path, &text, &len, NULL))
		return "";
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		why = line;
		char *word = strstr(line, "FATAL:");
		if (!word)
			word = strstr(line, "error:");
		if (word)
			fatal = word;
	}
	return fatal ? fatal : why;
}

/* An interrupt at the keyboard reaches the program as well; `tow up` holds its own back till later.
 */
static bool asked_to_end(void)
{
	sigset_t pending;
	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

bool cluster_program(const struct cluster *c, const char *const *argv, struct tow_err *e)
{
	const char *log = tow_fmt(c->arena, "%s/setup.log", c->log);
	TOW_AUTO_FD fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return tow_fail(e, TOW_FINAL, "open '%s': %s", log, strerror(errno));
	struct tow_child child = { .argv = argv, .cwd = c->pg, .fds = { -1, fd, fd }, .n_fds = 3 };
	pid_t pid;
	if (!tow_proc_start(&child, &pid, e))
		return tow_wrap(e, "start '%s'", argv[0]);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return true;
	if (asked_to_end())
		return tow_fail(e, TOW_SHUTDOWN, "ended while '%s' was under way", argv[0]);
	tow_fail(e, TOW_FINAL, "'%s' ended with %s: %s", argv[0], tow_proc_says(c->arena, status),
		 reason(c, log));
	return tow_hint(e,
			"the rest of what it said is in '%s'; the server's own words are in '%s'",
			log, c->log);
}

/* include_dir comes last, so that its settings win over the file that initdb made. */
static bool include_conf_d(const struct cluster *c, struct tow_err *e)
{
	const char *path = tow_fmt(c->arena, "%s/postgresql.conf", c->pg);
	char *text = NULL;
	size_t len = 0;
	if (!tow_fs_read(c->arena, path, &text, &len, e))
		return false;
	text = tow_fmt(c->arena, "%s\ninclude_dir 'conf.d'\n", text);
	return tow_fs_mkdirs(tow_fmt(c->arena, "%s/conf.d", c->pg), 0700, e) &&
	       put(c, "postgresql.conf", text, e);
}

bool cluster_initdb(const struct cluster *c, struct tow_err *e)
{
	const char *initdb = tow_cluster_program(c->arena, "initdb");
	if (!initdb) {
		tow_fail(e, TOW_FINAL, "there is no PostgreSQL server on this machine");
		return tow_hint(e, "install one (Debian: apt install postgresql), or set "
				   "DATABASE_URL to use another");
	}
	const char *const argv[] = { initdb,
				     "--pgdata",
				     c->pg,
				     "--username=tow",
				     "--auth-local=peer",
				     "--auth-host=scram-sha-256",
				     "--data-checksums",
				     "--encoding=UTF8",
				     "--locale=C.UTF-8",
				     "--no-instructions",
				     NULL };
	const char *ident = tow_fmt(c->arena, "tow root tow\ntow \"%s\" tow\n", c->user);
	return cluster_wipe(c->pg, e) && cluster_program(c, argv, e) &&
	       put(c, "pg_hba.conf", hba, e) && put(c, "pg_ident.conf", ident, e) &&
	       include_conf_d(c, e) && put(c, "conf.d/10-tow.conf", settings, e);
}

/* A value of postgresql.conf: in single quotes, quotes and backslashes doubled. */
static const char *quoted(const struct cluster *c, const char *value)
{
	char *out = tow_alloc(c->arena, 2 * strlen(value) + 3), *o = out;
	*o++ = '\'';
	for (const char *v = value; *v; v++) {
		if (*v == '\'' || *v == '\\')
			*o++ = *v;
		*o++ = *v;
	}
	*o = '\'';
	return out;
}

/* Anybody may make folders in /tmp: the one found there must be ours alone. */
static bool own_folder(const struct cluster *c, const char *path, struct tow_err *e)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return tow_fail(e, TOW_FINAL, "make folder '%s': %s", path, strerror(errno));
	struct stat st;
	if (lstat(path, &st) < 0)
		return tow_fail(e, TOW_FINAL, "look at '%s': %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != c->uid || (st.st_mode & 077) != 0)
		return tow_fail(e, TOW_FINAL,
				"'%s' is there already and is not a folder of %s alone", path,
				c->user);
	return true;
}

bool cluster_place(const struct cluster *c, struct tow_err *e)
{
	if (!own_folder(c, c->socket, e))
		return false;
	const char *text = tow_fmt(c->arena,
				   "# Written at each `tow db start`.\n"
				   "unix_socket_directories = %s\n"
				   "log_directory = %s\n",
				   quoted(c, c->socket), quoted(c, c->log));
	return put(c, "conf.d/00-place.conf", text, e);
}
