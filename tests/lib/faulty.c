/* To be preloaded where the real thing cannot be had: what a disk refuses below the folder $FAULTY.
 * While $FAULTY.quota is there nothing is written ("Disk quota exceeded"), while $FAULTY.links is
 * there a file that has a name gets no other ("Too many links"), while $FAULTY.held is there who
 * writes waits, and while $FAULTY.slow is there each read takes a fiftieth of a second. A test that
 * uses it says that it does. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_on(const char *fault)
{
	const char *folder = getenv("FAULTY");
	char path[PATH_MAX];

	return folder && snprintf(path, sizeof(path), "%s.%s", folder, fault) < (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

static bool is_below(int fd)
{
	const char *folder = getenv("FAULTY");
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return folder && n > 0 && strncmp(path, folder, strlen(folder)) == 0;
}

static bool refuses(const char *fault, int fd, int error)
{
	if (!is_on(fault) || !is_below(fd))
		return false;
	errno = error;
	return true;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	ssize_t (*next)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");

	while (is_on("held") && is_below(fd))
		usleep(20000);
	return refuses("quota", fd, EDQUOT) ? -1 : next(fd, data, len, at);
}

ssize_t pread(int fd, void *data, size_t len, off_t at)
{
	ssize_t (*next)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, "pread");

	if (is_on("slow") && is_below(fd))
		usleep(20000);
	return next(fd, data, len, at);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
			unsigned flags)
{
	ssize_t (*next)(int, off64_t *, int, off64_t *, size_t, unsigned) =
		dlsym(RTLD_NEXT, "copy_file_range");

	return refuses("quota", to, EDQUOT) ? -1 : next(from, from_at, to, to_at, len, flags);
}

/* A file that was made without a name has none yet. */
int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	int (*next)(int, const char *, int, const char *, int) = dlsym(RTLD_NEXT, "linkat");
	struct stat st;

	if (fstatat(from_dir, from, &st, 0) == 0 && st.st_nlink > 0 &&
	    refuses("links", to_dir, EMLINK))
		return -1;
	return next(from_dir, from, to_dir, to, flags);
}
