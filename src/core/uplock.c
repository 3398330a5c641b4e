#include "tow/uplock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tow/fs.h"

static const char *path_of(struct tow_arena *a, const char *home)
{
	return tow_fmt(a, "%s/up.lock", home);
}

/* Versions up to 0.7.0 know flock alone. */
static bool lock(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	return fcntl(fd, F_OFD_SETLK, &whole) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* The kernel does not say whose such a lock is. */
static bool sign(int fd)
{
	return ftruncate(fd, 0) == 0 && dprintf(fd, "%d\n", (int)getpid()) > 0;
}

bool tow_uplock_take(struct tow_arena *a, const char *home, int *fd, struct tow_err *e)
{
	const char *path = path_of(a, home);
	if (!tow_fs_mkdirs(home, geteuid() == 0 ? 0711 : 0700, e))
		return false;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return tow_fail(e, TOW_FINAL, "open '%s': %s", path, strerror(errno));
	if (lock(*fd))
		return sign(*fd) || tow_fail(e, TOW_RETRY, "write '%s': %s", path, strerror(errno));
	if (errno != EAGAIN && errno != EACCES && errno != EWOULDBLOCK)
		return tow_fail(e, TOW_FINAL, "lock '%s': %s", path, strerror(errno));
	tow_fail(e, TOW_RETRY, "tow up runs already for '%s'", home);
	return tow_hint(e, "another TOW_HOME is another instance; more workers: tow worker");
}

bool tow_uplock_is_held(struct tow_arena *a, const char *home)
{
	TOW_AUTO_FD fd = open(path_of(a, home), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

pid_t tow_uplock_holder(struct tow_arena *a, const char *home)
{
	char *text;
	if (!tow_uplock_is_held(a, home) || !tow_fs_read(a, path_of(a, home), &text, NULL, NULL))
		return 0;
	long pid = strtol(text, NULL, 10);
	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

bool tow_uplock_stands(int fd)
{
	struct stat at;
	return fstat(fd, &at) == 0 && at.st_nlink > 0;
}
