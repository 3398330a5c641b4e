#include "tow/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What passes by itself (space, memory, a busy or distant disk) and what somebody must change. */
static enum tow_code code_of(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
	case EINTR:
	case EIO:
	case EBUSY:
	case ESTALE:
	case ETIMEDOUT:
		return TOW_RETRY;
	default:
		return TOW_FINAL;
	}
}

static bool fail(struct tow_err *e, const char *verb, const char *path, int error)
{
	char class[48];
	const char *name = strerrorname_np(error);
	snprintf(class, sizeof class, "fs.%s", name ? name : "unknown");
	return tow_fail_class(e, code_of(error), class, "cannot %s '%s': %s", verb, path,
			      strerror(error));
}

/* To the end and not to st_size: files in /proc say 0, and a file may grow meanwhile. */
static bool read_all(int fd, struct tow_buf *b)
{
	char part[64 * 1024];
	for (;;) {
		ssize_t n = read(fd, part, sizeof part);
		if (n == 0)
			return true;
		if (n > 0)
			tow_buf_add(b, part, (size_t)n);
		else if (errno != EINTR)
			return false;
	}
}

bool tow_fs_read(struct tow_arena *a, const char *path, char **data, size_t *len, struct tow_err *e)
{
	TOW_AUTO_BUF b = { 0 };
	TOW_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || !read_all(fd, &b))
		return fail(e, "read", path, errno);
	char *copy = tow_alloc(a, b.len + 1);
	if (b.len > 0)
		memcpy(copy, b.data, b.len);
	*data = copy;
	if (len)
		*len = b.len;
	return true;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* The rename is on the disk only once the folder is. */
static bool sync_folder(const char *folder)
{
	TOW_AUTO_FD fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0;
}

static const char *folder_of(struct tow_arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return ".";
	return slash == path ? "/" : tow_strndup(a, path, (size_t)(slash - path));
}

static bool write_and_rename(int fd, const char *temporary, const char *path, const void *data,
			     size_t len, mode_t mode)
{
	return write_all(fd, data, len) && fchmod(fd, mode) == 0 && fsync(fd) == 0 &&
	       rename(temporary, path) == 0;
}

bool tow_fs_write(const char *path, const void *data, size_t len, mode_t mode, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *folder = folder_of(&a, path);
	char *temporary = tow_fmt(&a, "%s/.tow-XXXXXX", folder);
	TOW_AUTO_FD fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return fail(e, "write", path, errno);
	if (!write_and_rename(fd, temporary, path, data, len, mode)) {
		int error = errno;
		unlink(temporary);
		return fail(e, "write", path, error);
	}
	return sync_folder(folder) || fail(e, "write", path, errno);
}

static bool make_folder(const char *path, mode_t mode)
{
	struct stat st;
	if (mkdir(path, mode) == 0)
		return true;
	int error = errno;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return true; /* whatever mkdir said: a read-only root says EROFS about what is there
			      */
	errno = error == EEXIST ? ENOTDIR : error;
	return false;
}

bool tow_fs_mkdirs(const char *path, mode_t mode, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	char *partial = tow_strdup(&a, path);
	for (char *p = partial + strspn(partial, "/"); *p;) {
		p += strcspn(p, "/");
		char *rest = p + strspn(p, "/");
		*p = '\0';
		if (!make_folder(partial, mode))
			return fail(e, "make folder", partial, errno);
		if (*rest)
			*p = '/';
		p = *rest ? rest : p;
	}
	return true;
}

bool tow_fs_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}
