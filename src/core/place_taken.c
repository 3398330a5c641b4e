#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "placing.h"

enum { SUFFIXES = 10, ROUNDS = 100 };

static bool fail_taken(struct tow_placing *p, struct tow_err *e)
{
	return tow_fail_class(e, TOW_FINAL, "place.taken", "the name '%s' is another file's",
			      p->to);
}

/* A folder never makes way: too much would go with it. */
bool place_other(struct tow_placing *p, struct tow_err *e)
{
	p->state = AT_NAME;
	switch (p->rules.taken) {
	case TAKEN_SKIP:
		return place_leave(p, e);
	case TAKEN_REPLACE:
		if (S_ISDIR(p->there.st_mode))
			return fail_taken(p, e);
		p->replace = true;
		p->state = AT_MODE;
		return true;
	case TAKEN_SUFFIX:
		if (p->suffix == SUFFIXES)
			return fail_taken(p, e);
		p->suffix++;
		p->name = place_fit(&p->arena, p->base, tow_fmt(&p->arena, ".%d", p->suffix),
				    PLACE_NAME_MAX);
		return true;
	case TAKEN_FAIL:
		break;
	}
	return fail_taken(p, e);
}

static bool allows(const struct tow_placing *p, enum tow_place_mode mode)
{
	for (size_t i = 0; p->rules.modes[i] != PLACE_NONE; i++)
		if (p->rules.modes[i] == mode)
			return true;
	return false;
}

static bool is_our_symlink(const struct tow_placing *p)
{
	size_t len = strlen(p->points_to);
	TOW_AUTO_FREE char *text = tow_xcalloc(1, len + 1);

	return S_ISLNK(p->there.st_mode) && allows(p, PLACE_SYMLINK) &&
	       readlinkat(p->dir, p->name, text, len + 1) == (ssize_t)len &&
	       memcmp(text, p->points_to, len) == 0;
}

static bool open_there(struct tow_placing *p)
{
	struct stat st;

	tow_closep(&p->there_fd);
	p->there_fd =
		openat(p->dir, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return p->there_fd >= 0 && fstat(p->there_fd, &st) == 0 && place_same_inode(&st, &p->there);
}

bool place_look(struct tow_placing *p, struct tow_err *e)
{
	p->replace = false;
	if (p->rounds++ == ROUNDS)
		return tow_fail_class(e, TOW_RETRY, "place.busy", "'%s' comes and goes", p->to);
	if (fstatat(p->dir, p->name, &p->there, AT_SYMLINK_NOFOLLOW) != 0) {
		p->state = AT_MODE;
		return errno == ENOENT || place_fail(e, "look at", p->to, errno);
	}
	if (place_same_inode(&p->there, &p->st) || is_our_symlink(p))
		return place_adopt(p, e);
	if (!S_ISREG(p->there.st_mode) || p->there.st_size != p->st.st_size || !open_there(p))
		return place_other(p, e);
	p->seen = 0;
	p->state = AT_COMPARE;
	return true;
}

bool tow_place_moved(const char *library, const struct tow_place_what *what, struct tow_arena *a,
		     struct tow_placed *placed)
{
	TOW_AUTO_FD root = -1;
	TOW_AUTO_FD dir = -1;
	const char *to, *folder, *name;
	struct stat st;

	if (!place_clean(a, what->to, &to, NULL) || !place_root(&root, library, O_RDONLY, NULL))
		return false;
	place_split(a, to, &folder, &name);
	dir = place_open(root, folder, O_RDONLY | O_DIRECTORY, false);
	if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size != what->size)
		return false;
	*placed = (struct tow_placed){
		.mode = PLACE_MOVE, .to = to, .size = st.st_size, .dev = st.st_dev, .ino = st.st_ino
	};
	return true;
}

bool tow_place_has(const char *library, const char *to, long long size)
{
	TOW_AUTO_ARENA a = { 0 };
	struct tow_place_what what = { .to = to, .size = size };
	struct tow_placed there;

	return tow_place_moved(library, &what, &a, &there);
}
