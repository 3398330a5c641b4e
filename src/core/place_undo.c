#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "placing.h"

enum { NAMES = 1000 }; /* that a bin is tried with in one second */

static const struct tow_place_rules as_it_is = { .owner = (uid_t)-1, .group = (gid_t)-1 };

/*--- the recycle bin */

static const char *recycled_name(struct tow_arena *a, const char *name, int n)
{
	time_t now = time(NULL);
	struct tm t;
	char stamp[32];
	const char *front;

	gmtime_r(&now, &t);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &t);
	front = n ? tow_fmt(a, "%s.%d.", stamp, n) : tow_fmt(a, "%s.", stamp);
	return tow_fmt(a, "%s%s", front, place_fit(a, name, "", PLACE_NAME_MAX - strlen(front)));
}

int place_recycle(struct tow_arena *a, int root, int dir, const char *name,
		  const struct tow_place_rules *rules, const char **recycled)
{
	size_t kept;
	TOW_AUTO_FD bin = place_make(root, PLACE_BIN, rules, &kept);
	const char *there = NULL;
	int error = bin < 0 ? errno : EEXIST;

	for (int n = 0; bin >= 0 && error == EEXIST && n < NAMES; n++) {
		there = recycled_name(a, name, n);
		error = place_rename(dir, name, bin, there);
	}
	if (!error)
		error = place_sync(bin);
	if (!error)
		*recycled = tow_fmt(a, PLACE_BIN "/%s", there);
	return error;
}

bool place_fail_recycle(struct tow_err *e, const char *path, int error)
{
	place_fail(e, "recycle", path, error);
	if (error == EXDEV)
		tow_hint(e,
			 "the recycle bin is " PLACE_BIN " in the library's root, and must be on "
			 "the same file system");
	return false;
}

static int is_former(int bin, const char *name, const struct tow_former *was)
{
	struct stat st;

	if (!was || was->ino == 0)
		return 0;
	if (fstatat(bin, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	return (long long)st.st_size == was->size && st.st_ino == was->ino ? 0 : ESTALE;
}

int place_bring_back(int root, const char *recycled, const struct tow_former *was, int dir,
		     const char *name)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *folder, *there;
	TOW_AUTO_FD bin = -1;
	int error;

	place_split(&a, recycled, &folder, &there);
	bin = place_open(root, folder, O_RDONLY | O_DIRECTORY, false);
	if (bin < 0)
		return errno;
	error = is_former(bin, there, was);
	if (!error)
		error = place_rename(bin, there, dir, name);
	if (!error)
		error = place_sync(bin);
	place_prune(root, folder, 0);
	return error;
}

/*--- taking back */

enum whose { NOBODYS, OURS, ONLY_OURS, ANOTHERS };

static bool has_hash(int fd, const char *hash, bool *has)
{
	TOW_AUTO_FREE char *buffer = tow_xcalloc(1, PLACE_BUFFER);
	struct xxh *h = xxh_create();
	char hex[XXH_HEX_SIZE];
	ssize_t n;

	while ((n = read(fd, buffer, PLACE_BUFFER)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			xxh_add(h, buffer, (size_t)n);
	xxh_hex(h, hex);
	xxh_free(h);
	*has = n == 0 && strcmp(hex, hash) == 0;
	return n == 0;
}

static bool whose(int dir, const char *name, const struct tow_placed *placed, enum whose *is,
		  struct tow_err *e)
{
	struct stat st;
	bool same, only, is_link = placed->mode == PLACE_SYMLINK;
	TOW_AUTO_FD fd = -1;

	*is = NOBODYS;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || place_fail(e, "look at", placed->to, errno);
	same = is_link ? S_ISLNK(st.st_mode)
		       : S_ISREG(st.st_mode) && (long long)st.st_size == placed->size;
	if (same && !placed->hash) /* st_dev is another after a reboot, here and there */
		same = st.st_ino == placed->ino;
	if (same && placed->hash) {
		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd < 0 || !has_hash(fd, placed->hash, &same))
			return place_fail(e, "read", placed->to, errno);
	}
	/* The client may be done with its own; only a link shows that there is another. */
	only = !is_link && (placed->mode != PLACE_LINK || st.st_nlink == 1);
	*is = !same ? ANOTHERS : only ? ONLY_OURS : OURS;
	return true;
}

static bool take_away(struct tow_arena *a, int root, int dir, const char *name,
		      const struct tow_placed *placed, bool only, struct tow_err *e)
{
	const char *recycled;
	int error;

	if (only) {
		error = place_recycle(a, root, dir, name, &as_it_is, &recycled);
		return error == 0 || place_fail_recycle(e, placed->to, error);
	}
	return unlinkat(dir, name, 0) == 0 || place_fail(e, "remove", placed->to, errno);
}

/* What it replaced may have been thrown away or changed meanwhile. */
static bool take_back(struct tow_arena *a, int root, int dir, const char *name,
		      const struct tow_placed *placed, struct tow_unplaced *done, struct tow_err *e)
{
	enum whose is;
	int error = 0;

	if (!whose(dir, name, placed, &is, e))
		return false;
	if ((is == OURS || is == ONLY_OURS) &&
	    !take_away(a, root, dir, name, placed, is == ONLY_OURS, e))
		return false;
	if (is != ANOTHERS && placed->replaced) {
		error = place_bring_back(root, placed->replaced, &placed->former, dir, name);
		done->former = error == 0;
	}
	if (error && error != ENOENT && error != ESTALE)
		return place_fail(e, "bring back", placed->replaced, error);
	error = place_sync(dir);
	if (error)
		return place_fail(e, "remove", placed->to, error);
	done->kept = is == ANOTHERS;
	return true;
}

static bool take_back_below(struct tow_arena *a, const char *library,
			    const struct tow_placed *placed, struct tow_unplaced *done,
			    struct tow_err *e)
{
	TOW_AUTO_FD root = -1;
	TOW_AUTO_FD dir = -1;
	const char *folder, *name;
	size_t there;

	if (!place_root(&root, library, O_RDONLY, e))
		return false;
	place_split(a, placed->to, &folder, &name);
	dir = placed->replaced ? place_make(root, folder, &as_it_is, &there)
			       : place_open(root, folder, O_RDONLY | O_DIRECTORY, false);
	if (dir < 0 && errno != ENOENT)
		return place_fail(e, "open the folder of", placed->to, errno);
	if (dir >= 0 && !take_back(a, root, dir, name, placed, done, e))
		return false;
	place_prune(root, folder, 0);
	return true;
}

bool tow_place_undo(const char *library, const struct tow_placed *placed, struct tow_unplaced *done,
		    struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	struct tow_placed it = *placed;
	struct tow_unplaced did = { .kept = placed->mode == PLACE_NONE };

	if (!did.kept &&
	    (!place_clean(&a, placed->to, &it.to, e) ||
	     (placed->replaced && !place_clean(&a, placed->replaced, &it.replaced, e)) ||
	     !take_back_below(&a, library, &it, &did, e)))
		return false;
	*done = did;
	return true;
}
