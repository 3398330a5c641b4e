#include "tow/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "placing.h"

enum { LONGEST_WHO = 64 };

static const char *const mode_names[] = {
	[PLACE_NONE] = "none", [PLACE_REFLINK] = "reflink", [PLACE_LINK] = "link",
	[PLACE_COPY] = "copy", [PLACE_MOVE] = "move",	    [PLACE_SYMLINK] = "symlink",
};
enum { MODES = sizeof(mode_names) / sizeof(*mode_names) };

const char *tow_place_mode_name(enum tow_place_mode mode)
{
	return (size_t)mode < MODES ? mode_names[mode] : "unknown";
}

enum tow_place_mode tow_place_mode_from(const char *name)
{
	size_t mode = MODES - 1;

	while (mode > PLACE_NONE && strcmp(mode_names[mode], name) != 0)
		mode--;
	return (enum tow_place_mode)mode;
}

/*--- the end of it */

static const char *path_of(struct tow_arena *a, const struct tow_placing *p, const char *name)
{
	return strcmp(p->folder, ".") == 0 ? tow_strdup(a, name)
					   : tow_fmt(a, "%s/%s", p->folder, name);
}

static void end_as(struct tow_placing *p, enum tow_place_mode mode, bool adopted,
		   const struct stat *st)
{
	p->placed.mode = mode;
	p->placed.adopted = adopted;
	p->placed.size = mode == PLACE_SYMLINK ? p->st.st_size : st->st_size;
	p->placed.dev = st->st_dev;
	p->placed.ino = st->st_ino;
	p->state = AT_END;
}

/* Another try may have left a part, or a link to it. */
static bool settle(struct tow_placing *p, struct tow_err *e)
{
	int error;

	unlinkat(p->dir, place_part_name(p), 0);
	error = place_sync(p->dir);
	return error == 0 || place_fail(e, "write the folder of", p->to, error);
}

static int open_from_folder(const struct tow_placing *p)
{
	return place_open(p->source, p->from_folder, O_RDONLY | O_DIRECTORY, p->rules.inner_links);
}

/* Where the source lies in the library, its name and the new one may be the same. In one folder
 * they are taken for it: a file system may not tell capitals. */
static bool is_one_name(const struct stat *file, const struct stat *from, const struct stat *to)
{
	return file->st_nlink < 2 || place_same_inode(from, to);
}

/* What cannot be found out is feared. */
static bool is_source_itself(const struct tow_placing *p)
{
	TOW_AUTO_FD dir = open_from_folder(p);
	struct stat from, to;

	return place_same_inode(&p->there, &p->st) &&
	       (dir < 0 || fstat(dir, &from) != 0 || fstat(p->dir, &to) != 0 ||
		is_one_name(&p->there, &from, &to));
}

/* Only the name that leads to what was placed, and only while it is another than the new one. */
static bool remove_source(struct tow_placing *p, const struct stat *placed, struct tow_err *e)
{
	TOW_AUTO_FD dir = open_from_folder(p);
	struct stat from, to, now;
	int error;

	if (dir < 0 || fstat(dir, &from) != 0 || fstat(p->dir, &to) != 0)
		return place_fail_from(e, "open the folder of", p->from, errno);
	if (fstatat(dir, p->from_name, &now, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || place_fail_from(e, "look at", p->from, errno);
	if (!place_same_inode(&now, &p->st))
		return true;
	if (place_same_inode(&now, placed) && is_one_name(&now, &from, &to))
		return true;
	if (unlinkat(dir, p->from_name, 0) != 0)
		return place_fail_from(e, "remove", p->from, errno);
	error = place_sync(dir);
	return error == 0 || place_fail_from(e, "remove", p->from, error);
}

bool place_adopt(struct tow_placing *p, struct tow_err *e)
{
	if (!settle(p, e))
		return false;
	if (p->rules.modes[0] == PLACE_MOVE && S_ISREG(p->there.st_mode) &&
	    !remove_source(p, &p->there, e))
		return false;
	p->placed.same = is_source_itself(p);
	end_as(p, PLACE_NONE, true, &p->there);
	return true;
}

bool place_leave(struct tow_placing *p, struct tow_err *e)
{
	end_as(p, PLACE_NONE, false, &p->there);
	return settle(p, e);
}

static bool end_placed(struct tow_placing *p, struct tow_err *e)
{
	struct stat st;

	if (!settle(p, e))
		return false;
	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return place_fail(e, "look at", p->to, errno);
	if (p->moving && !remove_source(p, &st, e))
		return false;
	end_as(p, place_mode(p), false, &st);
	return true;
}

/*--- the mode */

enum tow_place_mode place_mode(const struct tow_placing *p)
{
	return p->rules.modes[p->mode_at];
}

bool place_passes_on(int error)
{
	return error == EXDEV || error == EPERM || error == EMLINK || error == EOPNOTSUPP ||
	       error == ENOSYS || error == EINVAL || error == ENOTTY;
}

bool place_next_mode(struct tow_placing *p, int error)
{
	tow_buf_addf(&p->why_not, "%s%s: %s", p->why_not.len ? ", " : "",
		     tow_place_mode_name(place_mode(p)), strerror(error));
	p->last_error = error;
	p->mode_at++;
	p->state = AT_MODE;
	return true;
}

static bool fail_mode(struct tow_placing *p, struct tow_err *e)
{
	tow_fail_class(e, TOW_FINAL, "place.mode", "no mode that is allowed can place '%s' (%s)",
		       p->to, p->why_not.len ? p->why_not.data : "none is allowed");
	if (p->last_error == EXDEV)
		tow_hint(e, "the source and the library are different mounts, if not file systems: "
			    "make them one, or allow copy");
	if (p->last_error == EMLINK)
		tow_hint(e, "the file has as many names as its file system allows: remove some, or "
			    "allow copy");
	if (p->last_error == EPERM)
		tow_hint(e, "the kernel links only what the worker owns or may write "
			    "(fs.protected_hardlinks): let it, or allow copy");
	return false;
}

static bool begin_mode(struct tow_placing *p, struct tow_err *e)
{
	p->state = AT_PUT;
	if (p->staged)
		return true;
	if (p->mode_at == sizeof(p->rules.modes) / sizeof(*p->rules.modes) ||
	    place_mode(p) == PLACE_NONE)
		return fail_mode(p, e);
	if (p->moving || place_mode(p) == PLACE_COPY || place_mode(p) == PLACE_REFLINK)
		p->state = AT_STAGE;
	return true;
}

/* The name must still lead to what was looked at: a link to it does not. */
static int move(struct tow_placing *p)
{
	TOW_AUTO_FD dir = open_from_folder(p);
	struct stat now;
	int error;

	if (dir < 0 || fstatat(dir, p->from_name, &now, AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	if (!place_same_inode(&now, &p->st))
		return S_ISLNK(now.st_mode) ? EINVAL : ENOENT;
	error = now.st_nlink == 1 ? place_own(p->file, p->rules.file_mode, &p->rules) : 0;
	if (error)
		return error == EPERM ? EACCES : error;
	error = place_rename(dir, p->from_name, p->dir, p->name);
	return error ? error : place_sync(dir);
}

/* What is on the disk already costs nothing to sync, and what cannot get there is not placed. */
static int put(struct tow_placing *p)
{
	int error;

	if (p->staged)
		return p->part ? place_rename(p->dir, p->part, p->dir, p->name)
			       : place_link(p->stage, p->dir, p->name);
	if (place_mode(p) == PLACE_SYMLINK)
		return symlinkat(p->points_to, p->dir, p->name) == 0 ? 0 : errno;
	error = place_sync(p->file);
	if (error)
		return error;
	return place_mode(p) == PLACE_MOVE ? move(p) : place_link(p->file, p->dir, p->name);
}

static bool is_still_there(const struct tow_placing *p)
{
	struct stat now;

	return fstatat(p->dir, p->name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       place_same_inode(&now, &p->there);
}

/* The name is free for a moment only, and not at all when the file cannot be put there. */
static bool put_instead(struct tow_placing *p, int *error, struct tow_err *e)
{
	*error = place_recycle(&p->arena, p->library, p->dir, p->name, &p->rules, &p->replaced);
	if (*error)
		return place_fail_recycle(e, p->to, *error);
	p->placed.former = (struct tow_former){ p->there.st_size, p->there.st_ino };
	*error = put(p);
	if (*error && place_bring_back(p->library, p->replaced, NULL, p->dir, p->name) == 0)
		p->replaced = NULL;
	return true;
}

static bool put_there(struct tow_placing *p, struct tow_err *e)
{
	int error = put(p);

	if (error == EEXIST && p->replace && is_still_there(p) && !put_instead(p, &error, e))
		return false;
	if (!error)
		return end_placed(p, e);
	if (error == EEXIST) {
		p->state = AT_NAME;
		return true;
	}
	if (p->staged)
		return place_fail(e, "place", p->to, error);
	if (error == EXDEV && place_mode(p) == PLACE_MOVE) {
		p->moving = true;
		p->state = AT_STAGE;
		return true;
	}
	if (place_passes_on(error))
		return place_next_mode(p, error);
	return error == ENOENT ? place_fail_from(e, "place", p->from, error)
			       : place_fail(e, "place", p->to, error);
}

/*--- beginning */

static bool check_who(const struct tow_placing *p, struct tow_err *e)
{
	const char *who = p->rules.who;
	size_t len = who ? strlen(who) : 0;

	if (len > 0 && len <= LONGEST_WHO &&
	    strspn(who, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len)
		return true;
	return tow_fail(e, TOW_BUG, "a placing must say whose it is, in letters and digits");
}

/* O_NONBLOCK, because opening a FIFO waits for whoever writes to it. */
static bool open_source(struct tow_placing *p, struct tow_err *e)
{
	if (!place_root(&p->source, p->rules.source, O_PATH, e))
		return false;
	p->file = place_open(p->source, p->from, O_RDONLY | O_NONBLOCK | O_NOCTTY,
			     p->rules.inner_links);
	if (p->file < 0 || fstat(p->file, &p->st) != 0)
		return place_fail_from(e, "open", p->from, errno);
	if (!S_ISREG(p->st.st_mode))
		return tow_fail_class(e, TOW_FINAL, "place.kind", "'%s' is no regular file",
				      p->from);
	if (p->what.size >= 0 && p->what.size != p->st.st_size)
		return tow_fail_class(e, TOW_RETRY, "place.size",
				      "'%s' has %lld bytes, and should have %lld", p->from,
				      (long long)p->st.st_size, p->what.size);
	posix_fadvise(p->file, 0, 0, POSIX_FADV_SEQUENTIAL);
	return true;
}

static bool open_target(struct tow_placing *p, struct tow_err *e)
{
	if (!place_root(&p->library, p->rules.library, O_RDONLY, e))
		return false;
	p->dir = place_make(p->library, p->folder, &p->rules, &p->kept);
	return p->dir >= 0 || place_fail(e, "make the folder of", p->to, errno);
}

/* Where the source's root is said to be, for as long as that is said from the top. */
static bool resolve(struct tow_placing *p, struct tow_err *e)
{
	TOW_AUTO_FREE char *root = p->rules.source[0] == '/' ? tow_xstrdup(p->rules.source)
							     : realpath(p->rules.source, NULL);

	if (!root)
		return place_fail(e, "open the folder", p->rules.source, errno);
	if (!place_clean(&p->arena, p->what.from, &p->from, e) ||
	    !place_clean(&p->arena, p->what.to, &p->to, e))
		return false;
	place_split(&p->arena, p->from, &p->from_folder, &p->from_name);
	place_split(&p->arena, p->to, &p->folder, &p->base);
	p->name = p->base;
	p->points_to = tow_fmt(&p->arena, "%s/%s", root, p->from);
	return true;
}

bool tow_place_begin(struct tow_placing **p, const struct tow_place_rules *rules,
		     const struct tow_place_what *what, struct tow_err *e)
{
	struct tow_placing *made = tow_xcalloc(1, sizeof(*made));

	*made = (struct tow_placing){ .rules = *rules, .what = *what };
	made->source = made->file = made->library = made->dir = made->there_fd = made->stage = -1;
	made->hash = xxh_create();
	if (!check_who(made, e) || !resolve(made, e) || !open_source(made, e) ||
	    !open_target(made, e)) {
		tow_place_drop(made);
		return false;
	}
	*p = made;
	return true;
}

/*--- going on */

static bool step(struct tow_placing *p, struct tow_err *e)
{
	switch (p->state) {
	case AT_NAME:
		return place_look(p, e);
	case AT_COMPARE:
		return place_compare(p, e);
	case AT_MODE:
		return begin_mode(p, e);
	case AT_STAGE:
		return place_stage(p, e);
	case AT_REHASH:
		return place_rehash(p, e);
	case AT_COPY:
		return place_copy(p, e);
	case AT_SEAL:
		return place_seal(p, e);
	case AT_VERIFY:
		return place_verify(p, e);
	case AT_PUT:
		return put_there(p, e);
	case AT_END:
		break;
	}
	return true;
}

static bool takes_time(enum place_state state)
{
	return state == AT_COMPARE || state == AT_REHASH || state == AT_COPY || state == AT_VERIFY;
}

/* Once it is under its name there is nothing more to do, and so no moment to break off. */
bool tow_place_more(struct tow_placing *p)
{
	bool took_time = false;

	while (!took_time && !p->failed && p->state != AT_END) {
		took_time = takes_time(p->state);
		p->failed = !step(p, &p->err);
	}
	return !p->failed && p->state != AT_END;
}

long long tow_place_copied(const struct tow_placing *p)
{
	return p->at;
}

bool tow_place_end(struct tow_placing *p, struct tow_arena *a, struct tow_placed *placed,
		   struct tow_err *e)
{
	bool good;

	while (tow_place_more(p))
		;
	good = !p->failed;
	if (good) {
		*placed = p->placed;
		placed->to = path_of(a, p, p->name);
		placed->replaced = tow_strdup(a, p->replaced);
		placed->hash = p->hex[0] ? tow_strdup(a, p->hex) : NULL;
		placed->resumed = p->resumed;
	} else if (e) {
		*e = p->err;
	}
	tow_place_drop(p);
	return good;
}

/* A part is kept for whoever tries again; after a failure that is final nobody does. */
static void leave(struct tow_placing *p)
{
	bool is_final = p->failed && p->err.code != TOW_RETRY;

	if (p->state == AT_END)
		return;
	if (p->part && (p->spoilt || is_final || p->at + p->prefix == 0)) {
		unlinkat(p->dir, p->part, 0);
		p->part = NULL;
	}
	if (!p->part && p->folder && p->library >= 0)
		place_prune(p->library, p->folder, p->kept);
}

void tow_place_drop(struct tow_placing *p)
{
	if (!p)
		return;
	leave(p);
	tow_closep(&p->source);
	tow_closep(&p->file);
	tow_closep(&p->library);
	tow_closep(&p->dir);
	tow_closep(&p->there_fd);
	tow_closep(&p->stage);
	xxh_free(p->hash);
	tow_buf_release(&p->why_not);
	tow_arena_release(&p->arena);
	free(p);
}
