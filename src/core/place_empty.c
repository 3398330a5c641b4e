#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "placing.h"

/* "20300122T101112Z.", as place_recycle begins a name. */
static bool is_ours(const char *name)
{
	static const char form[] = "00000000T000000Z.";

	for (const char *f = form; *f; f++, name++)
		if (*f == '0' ? !isdigit((unsigned char)*name) : *name != *f)
			return false;
	return true;
}

static bool remove_one(int bin, const char *name, struct tow_emptied *done, struct tow_err *e)
{
	struct stat st;

	if (fstatat(bin, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || place_fail(e, "look at", name, errno);
	if (S_ISDIR(st.st_mode))
		return true;
	if (unlinkat(bin, name, 0) != 0)
		return errno == ENOENT || place_fail(e, "remove", name, errno);
	done->files++;
	done->bytes += st.st_nlink == 1 ? (long long)st.st_size : 0;
	return true;
}

static bool remove_old(int bin, DIR *d, const char *before, struct tow_emptied *done,
		       struct tow_err *e)
{
	const struct dirent *x;

	for (errno = 0; (x = readdir(d)); errno = 0)
		if (is_ours(x->d_name) && strncmp(x->d_name, before, strlen(before)) < 0 &&
		    !remove_one(bin, x->d_name, done, e))
			return false;
	return errno == 0 || place_fail(e, "read the folder", PLACE_BIN, errno);
}

static bool empty(int bin, const char *before, struct tow_emptied *done, struct tow_err *e)
{
	int fd = place_open(bin, ".", O_RDONLY | O_DIRECTORY, false);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	bool ok;

	if (!d) {
		place_fail(e, "read the folder", PLACE_BIN, errno);
		tow_closep(&fd);
		return false;
	}
	ok = remove_old(bin, d, before, done, e);
	closedir(d);
	return ok;
}

bool tow_place_empty(const char *library, const char *before, struct tow_emptied *done,
		     struct tow_err *e)
{
	TOW_AUTO_FD root = -1;
	TOW_AUTO_FD bin = -1;
	int error;

	*done = (struct tow_emptied){ 0 };
	if (!place_root(&root, library, O_RDONLY, e))
		return false;
	bin = place_open(root, PLACE_BIN, O_RDONLY | O_DIRECTORY, false);
	if (bin < 0)
		return errno == ENOENT || place_fail(e, "open the folder", PLACE_BIN, errno);
	if (!empty(bin, before, done, e))
		return false;
	error = place_sync(bin);
	if (error)
		return place_fail(e, "empty", PLACE_BIN, error);
	place_prune(root, PLACE_BIN, 0);
	return true;
}
