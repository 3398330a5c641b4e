#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "placing.h"

enum { TRIES = 100 };

/*--- what an errno means */

struct meaning {
	int error;
	enum tow_code code;
	const char *class;
};

static const struct meaning meanings[] = {
	{ ENOSPC, TOW_RETRY, "local.space" },	   { EDQUOT, TOW_RETRY, "local.quota" },
	{ EACCES, TOW_RETRY, "local.denied" },	   { EPERM, TOW_RETRY, "local.denied" },
	{ EROFS, TOW_RETRY, "local.readonly" },	   { ENOENT, TOW_RETRY, "local.lost" },
	{ ENOTCONN, TOW_RETRY, "local.lost" },	   { EBUSY, TOW_RETRY, "place.busy" },
	{ ENAMETOOLONG, TOW_FINAL, "place.name" }, { EILSEQ, TOW_FINAL, "place.name" },
	{ ELOOP, TOW_FINAL, "place.link" },	   { ENOTDIR, TOW_FINAL, "place.taken" },
	{ EEXIST, TOW_FINAL, "place.taken" },	   { EXDEV, TOW_FINAL, "place.mode" },
	{ EFBIG, TOW_FINAL, "place.mode" },	   { EINVAL, TOW_FINAL, "place.mode" },
	{ EOPNOTSUPP, TOW_FINAL, "place.mode" },   { 0, TOW_RETRY, "local.io" },
};

/* Of the source, some mean something else. */
static const struct meaning meanings_from[] = {
	{ ENOENT, TOW_RETRY, "place.gone" }, { ENOTDIR, TOW_RETRY, "place.gone" },
	{ ESTALE, TOW_RETRY, "place.gone" }, { EXDEV, TOW_FINAL, "place.name" },
	{ ENXIO, TOW_FINAL, "place.kind" },  { 0, TOW_OK, NULL },
};

static const struct meaning *look_up(const struct meaning *m, int error)
{
	while (m->error && m->error != error)
		m++;
	return m;
}

static bool fail_as(struct tow_err *e, const struct meaning *m, const char *doing, const char *path,
		    int error)
{
	tow_fail_class(e, m->code, m->class, "cannot %s '%s': %s", doing, path, strerror(error));
	if (error == EACCES || error == EPERM)
		tow_hint(e, "the worker is user %u and group %u", geteuid(), getegid());
	return false;
}

bool place_fail(struct tow_err *e, const char *doing, const char *path, int error)
{
	return fail_as(e, look_up(meanings, error), doing, path, error);
}

bool place_fail_from(struct tow_err *e, const char *doing, const char *path, int error)
{
	const struct meaning *m = look_up(meanings_from, error);

	return fail_as(e, m->class ? m : look_up(meanings, error), doing, path, error);
}

/*--- paths as text */

bool place_clean(struct tow_arena *a, const char *path, const char **clean, struct tow_err *e)
{
	char *made = tow_alloc(a, strlen(path) + 1), *end = made;
	bool leaves = *path == '/';

	for (const char *at = path; *at && !leaves;) {
		size_t n = strcspn(at, "/");

		leaves = n == 2 && at[0] == '.' && at[1] == '.';
		if (n > 0 && !(n == 1 && *at == '.')) {
			if (end > made)
				*end++ = '/';
			memcpy(end, at, n);
			end += n;
		}
		at += n;
		at += strspn(at, "/");
	}
	if (leaves)
		return tow_fail_class(e, TOW_FINAL, "place.name", "the path '%s' leaves its root",
				      path);
	if (end == made)
		return tow_fail_class(e, TOW_FINAL, "place.name", "the path '%s' names no file",
				      path);
	*clean = made;
	return true;
}

void place_split(struct tow_arena *a, const char *path, const char **folder, const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	*folder = slash ? tow_strndup(a, path, (size_t)(slash - path)) : ".";
}

/*--- opening */

/* Who configured a root may have made it a link. */
bool place_root(int *fd, const char *path, int flags, struct tow_err *e)
{
	*fd = open(path, flags | O_DIRECTORY | O_CLOEXEC);
	if (*fd >= 0)
		return true;
	return place_fail(e, "open the folder", path, errno == ENOTDIR ? ENOENT : errno);
}

static void close_keeping_errno(int fd)
{
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
}

/* O_NOFOLLOW with O_DIRECTORY says ENOTDIR of a link. */
static void tell_link(int dir, const char *name)
{
	struct stat st;

	if (errno != ENOTDIR)
		return;
	errno = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) ? ELOOP
											 : ENOTDIR;
}

/* Copies the first part of the path; NULL where it is too long for a name. */
static const char *first(const char *path, char part[NAME_MAX + 1], const char **rest)
{
	size_t n = strcspn(path, "/");

	*rest = path + n + strspn(path + n, "/");
	if (n > NAME_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(part, path, n);
	part[n] = '\0';
	return part;
}

/* Without openat2: no link is followed, and the path has no "..", so it stays beneath. */
static int walk(int root, const char *path, int flags)
{
	int at = root, fd;

	for (const char *rest = path; *rest; at = fd) {
		char part[NAME_MAX + 1];
		const char *name = first(rest, part, &rest);
		int how = *rest ? O_PATH | O_DIRECTORY : flags;

		fd = name ? openat(at, name, how | O_NOFOLLOW | O_CLOEXEC) : -1;
		if (fd < 0 && name)
			tell_link(at, name);
		if (at != root)
			close_keeping_errno(at);
		if (fd < 0)
			return -1;
	}
	return at;
}

int place_open(int root, const char *path, int flags, bool links)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve =
			RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (links ? 0 : RESOLVE_NO_SYMLINKS),
	};
	long fd = -1;

	for (int i = 0; i < TRIES; i++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	/* Old sandboxes say EPERM of whatever call they do not know. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return walk(root, path, flags);
	return (int)fd;
}

/*--- folders */

static int enter(int dir, const char *name, const struct tow_place_rules *rules, bool *made)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags), error;

	*made = false;
	if (fd >= 0 || errno != ENOENT) {
		tell_link(dir, name);
		return fd;
	}
	*made = mkdirat(dir, name, 0777) == 0;
	if (!*made && errno != EEXIST)
		return -1;
	fd = openat(dir, name, flags);
	if (fd < 0 || !*made)
		return fd;
	error = place_own(fd, rules->dir_mode, rules);
	if (!error)
		error = place_sync(dir);
	if (!error)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

int place_make(int root, const char *folder, const struct tow_place_rules *rules, size_t *kept)
{
	bool all_there = true;
	int at = root, fd;

	*kept = 0;
	for (const char *rest = folder; *rest; at = fd) {
		char part[NAME_MAX + 1];
		const char *name = first(rest, part, &rest);
		bool made = false;

		fd = name ? enter(at, name, rules, &made) : -1;
		if (at != root)
			close_keeping_errno(at);
		if (fd < 0)
			return -1;
		all_there = all_there && !made;
		if (all_there)
			*kept = (size_t)(rest - folder) - (*rest ? 1 : 0);
	}
	return at;
}

void place_prune(int root, const char *folder, size_t keep)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *path = folder;

	while (strcmp(path, ".") != 0 && strlen(path) > keep) {
		const char *above, *name;
		TOW_AUTO_FD dir = -1;

		place_split(&a, path, &above, &name);
		dir = place_open(root, above, O_PATH | O_DIRECTORY, false);
		if ((dir < 0 || unlinkat(dir, name, AT_REMOVEDIR) != 0) && errno != ENOENT &&
		    errno != ENAMETOOLONG) /* those were never made */
			return;
		path = above;
	}
}

/*--- files */

bool place_same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The owner first: the kernel takes set-id bits away with a change of owner. */
int place_own(int fd, mode_t mode, const struct tow_place_rules *rules)
{
	if ((rules->owner != (uid_t)-1 || rules->group != (gid_t)-1) &&
	    fchown(fd, rules->owner, rules->group) != 0)
		return errno;
	return mode && fchmod(fd, mode) != 0 ? errno : 0;
}

/* Some file systems have no such thing, and say so. */
int place_sync(int fd)
{
	if (fsync(fd) == 0 || errno == EINVAL || errno == ENOSYS || errno == EROFS)
		return 0;
	return errno;
}

int place_link(int fd, int dir, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	/* Where there is no /proc; it wants a capability. */
	if (errno == ENOENT && linkat(fd, "", dir, name, AT_EMPTY_PATH) == 0)
		return 0;
	return errno;
}

int place_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (linkat(from_dir, from, to_dir, to, 0) == 0)
		return unlinkat(from_dir, from, 0) == 0 ? 0 : errno;
	return errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS ? EINVAL : errno;
}
