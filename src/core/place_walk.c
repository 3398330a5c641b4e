#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "placing.h"
#include "tow/walk.h"

struct walk {
	struct tow_arena *arena;
	const struct tow_walk_limits *limits;
	struct tow_buf path; /* below the root, of what is looked at */
	size_t seen, room;   /* entries; places in found.of, which is on the heap until the end */
	struct tow_walked found;
};

static void end(struct walk *w)
{
	tow_buf_release(&w->path);
	free(w->found.of);
}

static void take(struct walk *w, long long size)
{
	struct tow_walked *f = &w->found;

	if (f->n == w->room) {
		w->room = w->room ? 2 * w->room : 64;
		f->of = tow_xrealloc(f->of, w->room * sizeof(*f->of));
	}
	f->of[f->n++] = (struct tow_walked_file){ tow_strdup(w->arena, w->path.data), size };
}

static void leave_out(struct walk *w)
{
	if (w->found.left_out++ == 0)
		w->found.first_out = tow_strdup(w->arena, w->path.data);
}

/* A bind mount has the device of what it shows: where the kernel says which is one, that counts. */
static bool is_mounted(const struct statx *x, const struct stat *folder)
{
	if (x->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return x->stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return makedev(x->stx_dev_major, x->stx_dev_minor) != folder->st_dev;
}

static bool walk_folder(struct walk *w, int fd, int depth, struct tow_err *e);

static bool enter(struct walk *w, int dir, const char *name, int depth, struct tow_err *e)
{
	int fd;

	if (depth > w->limits->depth)
		return tow_fail_class(e, TOW_FINAL, "release.files",
				      "'%.200s...' is more than %d folders deep", w->path.data,
				      w->limits->depth);
	fd = place_open(dir, name, O_RDONLY | O_DIRECTORY, false);
	if (fd >= 0)
		return walk_folder(w, fd, depth, e);
	return errno == ENOENT || place_fail_from(e, "open the folder", w->path.data, errno);
}

/* What is gone by now is nobody's. */
static bool look(struct walk *w, int dir, const struct stat *folder, const char *name, int depth,
		 struct tow_err *e)
{
	const int how = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
	struct statx x;

	if (statx(dir, name, how, STATX_TYPE | STATX_SIZE, &x) != 0)
		return errno == ENOENT || place_fail_from(e, "look at", w->path.data, errno);
	if ((!S_ISREG(x.stx_mode) && !S_ISDIR(x.stx_mode)) || is_mounted(&x, folder))
		leave_out(w);
	else if (S_ISDIR(x.stx_mode))
		return enter(w, dir, name, depth + 1, e);
	else
		take(w, (long long)x.stx_size);
	return true;
}

static bool look_at(struct walk *w, int dir, const struct stat *folder, const char *name, int depth,
		    struct tow_err *e)
{
	size_t len = w->path.len;
	bool ok;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	if (++w->seen > w->limits->entries)
		return tow_fail_class(e, TOW_FINAL, "release.files",
				      "'%.*s' holds more than %zu files and folders",
				      (int)strcspn(w->path.data, "/"), w->path.data,
				      w->limits->entries);
	tow_buf_addf(&w->path, "/%s", name);
	ok = look(w, dir, folder, name, depth, e);
	w->path.data[w->path.len = len] = '\0';
	return ok;
}

/* Takes fd. */
static bool walk_folder(struct walk *w, int fd, int depth, struct tow_err *e)
{
	DIR *d = fdopendir(fd);
	const struct dirent *x;
	struct stat st;
	bool ok = d && fstat(fd, &st) == 0;
	int error = ok ? 0 : errno;

	while (ok && !error) {
		errno = 0;
		x = readdir(d);
		error = errno;
		if (!x)
			break;
		ok = look_at(w, fd, &st, x->d_name, depth, e);
	}
	if (d)
		closedir(d);
	else
		close(fd);
	return error ? place_fail_from(e, "read the folder", w->path.data, error) : ok;
}

/* The path itself may be where something is mounted: that is what was asked for. */
static bool walk_path(struct walk *w, int root, struct tow_err *e)
{
	TOW_AUTO_FD fd = place_open(root, w->path.data, O_PATH, false);
	struct stat st;
	int dir;

	if (fd < 0 || fstat(fd, &st) != 0)
		return place_fail_from(e, "look at", w->path.data, errno);
	if (S_ISREG(st.st_mode)) {
		take(w, st.st_size);
		return true;
	}
	if (!S_ISDIR(st.st_mode))
		return place_fail_from(e, "list", w->path.data, ENXIO);
	dir = place_open(fd, ".", O_RDONLY | O_DIRECTORY, false);
	if (dir < 0)
		return place_fail_from(e, "open the folder", w->path.data, errno);
	return walk_folder(w, dir, 0, e);
}

bool tow_walk(struct tow_arena *a, const char *root, const char *path,
	      const struct tow_walk_limits *limits, struct tow_walked *out, struct tow_err *e)
{
	__attribute__((cleanup(end))) struct walk w = { .arena = a, .limits = limits };
	TOW_AUTO_FD top = -1;
	const char *clean;

	if (!place_clean(a, path, &clean, e) || !place_root(&top, root, O_PATH, e))
		return false;
	tow_buf_adds(&w.path, clean);
	if (!walk_path(&w, top, e))
		return false;
	*out = w.found;
	out->of = tow_alloc(a, (out->n + 1) * sizeof(*out->of));
	if (out->n > 0)
		memcpy(out->of, w.found.of, out->n * sizeof(*out->of));
	return true;
}
