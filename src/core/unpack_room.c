#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tow/unpack.h"
#include "unpacking.h"

static const struct tow_place_rules private = { .owner = (uid_t)-1,
						.group = (gid_t)-1,
						.dir_mode = 0700 };

bool unpack_room(int *fd, const char *root, const char *folder, struct tow_err *e)
{
	TOW_AUTO_FD top = -1;
	size_t kept;

	if (!place_root(&top, root, O_RDONLY, e))
		return false;
	*fd = place_make(top, folder, &private, &kept);
	return *fd >= 0 || place_fail(e, "make the folder", folder, errno);
}

static bool is_names_fault(int error)
{
	return error == EEXIST || error == ENOTDIR || error == EISDIR || error == ENAMETOOLONG ||
	       error == ELOOP || error == EILSEQ || error == EINVAL;
}

bool unpack_create(int room, const char *path, int *fd, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *folder, *name;
	TOW_AUTO_FD dir = -1;
	size_t kept;

	place_split(&a, path, &folder, &name);
	dir = place_make(room, folder, &private, &kept);
	*fd = dir < 0 ? -1
		      : openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			       0666);
	if (*fd >= 0)
		return true;
	if (is_names_fault(errno))
		return tow_fail_class(e, TOW_FINAL, "release.refused",
				      "'%s' cannot be made a file: %s", path, strerror(errno));
	return place_fail(e, "unpack", path, errno);
}

/* Asked for each block, because not every archive says how much is to come. */
static bool enough_space(int fd, const char *path, size_t need, long long reserve,
			 struct tow_err *e)
{
	struct statvfs v;

	if (reserve == 0 || fstatvfs(fd, &v) != 0 || v.f_blocks == 0 ||
	    (long long)v.f_bavail * (long long)v.f_frsize - reserve >= (long long)need)
		return true;
	return tow_fail_class(e, TOW_RETRY, "local.space",
			      "'%s' is not unpacked: %lld bytes are to be left", path, reserve);
}

bool unpack_write(int fd, const char *path, const void *data, size_t len, off_t at,
		  long long reserve, struct tow_err *e)
{
	if (!enough_space(fd, path, len, reserve, e))
		return false;
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fd, (const char *)data + done, len - done, at + (off_t)done);

		if (n < 0 && errno != EINTR)
			return place_fail(e, "unpack", path, errno);
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

void unpack_times(int fd, time_t changed)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = changed } };

	(void)!futimens(fd, times);
}

/*--- sweeping */

static void freep_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* As deep as it is: what we unpack has a limit to that. */
static int sweep(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	__attribute__((cleanup(freep_dir))) DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d)
		return errno;
	for (const struct dirent *x; !error && (x = readdir(d));) {
		TOW_AUTO_FD below = -1;

		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0 ||
		    unlinkat(fd, x->d_name, 0) == 0)
			continue;
		if (errno != EISDIR && errno != EPERM)
			return errno;
		below = openat(fd, x->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		error = below < 0 ? errno : sweep(below);
		if (!error && unlinkat(fd, x->d_name, AT_REMOVEDIR) != 0)
			error = errno;
	}
	return error;
}

bool tow_unpack_sweep(const char *root, const char *folder, struct tow_err *e)
{
	TOW_AUTO_FD top = -1;
	TOW_AUTO_FD dir = -1;
	int error;

	if (!place_root(&top, root, O_RDONLY, e))
		return false;
	dir = place_open(top, folder, O_RDONLY | O_DIRECTORY, false);
	if (dir < 0 && errno == ENOENT)
		return true;
	error = dir < 0 ? errno : sweep(dir);
	if (error)
		return place_fail(e, "remove the folder", folder, error);
	place_prune(top, folder, 0);
	return true;
}
