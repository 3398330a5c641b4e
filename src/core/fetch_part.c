#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fetching.h"
#include "placing.h"
#include "tow/db.h"
#include "tow/fs.h"
#include "tow/json.h"

#define NEW_MEMO FETCH_MEMO ".new"

enum { SUFFIXES = 10, MEMO_BYTES = 64 * 1024 };

/*--- what is remembered */

static void add_text(struct tow_buf *b, const char *name, const char *text)
{
	if (!text)
		return;
	tow_buf_addf(b, ",\"%s\":", name);
	tow_json_quote(b, text, strlen(text));
}

static int write_all(int fd, const char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, at);

		if (n < 0 && errno != EINTR)
			return errno;
		data += n > 0 ? n : 0;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int write_memo(int dir, const struct tow_buf *b)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
	TOW_AUTO_FD fd = openat(dir, NEW_MEMO, flags, 0666);
	int error = fd < 0 ? errno : write_all(fd, b->data, b->len, 0);

	if (!error)
		error = place_sync(fd);
	if (!error && renameat(dir, NEW_MEMO, dir, FETCH_MEMO) != 0)
		error = errno;
	return error ? error : place_sync(dir);
}

static bool remember(struct tow_fetch *f, struct tow_err *e)
{
	const struct fetch_memo *m = &f->memo;
	TOW_AUTO_BUF b = { 0 };
	int error;

	tow_buf_addf(&b, "{\"size\":%lld,\"ino\":\"%llu\",\"done\":%s", m->size, m->ino,
		     m->done ? "true" : "false");
	add_text(&b, "of", m->of);
	add_text(&b, "name", m->name);
	add_text(&b, "part", m->part);
	add_text(&b, "etag", m->etag);
	add_text(&b, "modified", m->modified);
	tow_buf_adds(&b, "}\n");
	error = write_memo(f->dir, &b);
	return !error || place_fail(e, "write " FETCH_MEMO " in", f->key, error);
}

static bool is_in_folder(const char *name)
{
	return !name || (*name != '.' && !strchr(name, '/'));
}

/* One that cannot be read, or names what is not beside it, is nobody's. */
static bool recall(struct tow_arena *a, int dir, struct fetch_memo *m)
{
	TOW_AUTO_FD fd = place_open(dir, FETCH_MEMO, O_RDONLY | O_NONBLOCK, false);
	char *text = tow_alloc(a, MEMO_BYTES);
	ssize_t n = fd < 0 ? -1 : read(fd, text, MEMO_BYTES);
	TOW_AUTO_JSON *doc = NULL;

	*m = (struct fetch_memo){ .size = -1 };
	if (n <= 0 || !tow_json_parse(&doc, text, (size_t)n, NULL))
		return false;
	*m = (struct fetch_memo){
		.of = tow_strdup(a, tow_json_str(doc, "of", "")),
		.name = tow_strdup(a, tow_json_str(doc, "name", NULL)),
		.part = tow_strdup(a, tow_json_str(doc, "part", NULL)),
		.etag = tow_strdup(a, tow_json_str(doc, "etag", NULL)),
		.modified = tow_strdup(a, tow_json_str(doc, "modified", NULL)),
		.size = tow_json_int(doc, "size", -1),
		.ino = strtoull(tow_json_str(doc, "ino", "0"), NULL, 10),
		.done = tow_json_bool(doc, "done", false),
	};
	if (is_in_folder(m->name) && is_in_folder(m->part))
		return true;
	*m = (struct fetch_memo){ .size = -1 };
	return false;
}

/*--- its folder */

static bool is_empty(int dir)
{
	TOW_AUTO_FD fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char entries[1024];
	ssize_t n = fd < 0 ? -1 : getdents64(fd, entries, sizeof(entries));
	size_t count = 0;

	for (ssize_t at = 0; at < n; count++) {
		struct dirent64 *entry = (struct dirent64 *)(void *)(entries + at);

		at += entry->d_reclen;
	}
	return count == 2; /* . and .. */
}

/* Some file systems know no such locks; there the queue alone keeps two from one download. */
static bool is_locked_by_another(int dir)
{
	return flock(dir, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

static bool busy(struct tow_err *e, const char *key)
{
	return tow_fail_class(e, TOW_RETRY, "place.busy", "another process is at '%s'", key);
}

static int enter(int root, const char *key)
{
	if (mkdirat(root, key, 0777) != 0 && errno != EEXIST)
		return -1;
	return openat(root, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Folders of the same name are left by another database, and by people. */
static bool take_folder(struct tow_fetch *f, bool *ours, struct tow_err *e)
{
	bool known, locked;

	tow_closep(&f->dir);
	f->dir = enter(f->root, f->key);
	*ours = false;
	if (f->dir < 0)
		return errno == ENOTDIR || errno == ELOOP ||
		       place_fail(e, "make the folder", f->key, errno);
	locked = is_locked_by_another(f->dir);
	known = recall(&f->arena, f->dir, &f->memo);
	*ours = known ? strcmp(f->memo.of, f->what.of) == 0 : is_empty(f->dir);
	if (*ours && locked)
		return busy(e, f->key);
	if (*ours && !known) {
		f->memo.of = f->what.of;
		return remember(f, e);
	}
	return true;
}

static bool open_folder(struct tow_fetch *f, struct tow_err *e)
{
	bool ours = false;

	if (!place_root(&f->root, f->what.root, O_RDONLY, e))
		return false;
	for (int n = 0; n <= SUFFIXES && !ours; n++) {
		f->key = n ? tow_fmt(&f->arena, "%s.%d", f->what.key, n) : f->what.key;
		if (!take_folder(f, &ours, e))
			return false;
	}
	return ours || tow_fail_class(e, TOW_FINAL, "place.taken",
				      "'%s' and its like are somebody else's in '%s'", f->what.key,
				      f->what.root);
}

/*--- the part */

static bool is_published(const struct tow_fetch *f)
{
	struct stat st;

	return f->memo.done && f->memo.name &&
	       fstatat(f->dir, f->memo.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_ino == f->memo.ino && st.st_size == f->memo.size;
}

/* Of no use, or of no use without something that tells whether the file is the same: then it is
 * overwritten when the answer is there. */
static bool is_useful(const struct tow_fetch *f, off_t size)
{
	bool fits = f->memo.size < 0 || size <= f->memo.size;

	return fits && (fetch_validator(&f->memo) || size == f->memo.size);
}

static bool open_part(struct tow_fetch *f, struct tow_err *e)
{
	struct stat st;

	f->part = openat(f->dir, f->memo.part, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (f->part < 0 && errno == ENOENT)
		return true;
	if (f->part < 0 || fstat(f->part, &st) != 0)
		return place_fail(e, "open", f->memo.part, errno);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return tow_fail_class(e, TOW_FINAL, "place.taken", "'%s' is not what it was",
				      f->memo.part);
	f->found = st.st_size;
	f->at = is_useful(f, st.st_size) ? st.st_size : 0;
	f->resumed = f->at > 0;
	return true;
}

bool fetch_open(struct tow_fetch *f, struct tow_err *e)
{
	if (!open_folder(f, e))
		return false;
	if (is_published(f)) {
		f->at = f->memo.size;
		f->state = FETCH_OVER;
		return true;
	}
	f->memo.done = false;
	return !f->memo.part || open_part(f, e);
}

void fetch_discard(struct tow_fetch *f)
{
	tow_closep(&f->part);
	if (f->memo.part)
		unlinkat(f->dir, f->memo.part, 0);
	f->memo = (struct fetch_memo){ .of = f->what.of, .size = -1 };
	f->at = f->seen = 0;
	f->resumed = false;
	checksum_reset(&f->sum);
}

/* What is remembered says at no instant more than what the part holds: it is emptied first. */
static bool empty(struct tow_fetch *f, const struct fetch_memo *fresh, struct tow_err *e)
{
	if (f->part < 0 || strcmp(f->memo.part, fresh->part) != 0) {
		fetch_discard(f);
		return true;
	}
	if (ftruncate(f->part, 0) != 0 || fsync(f->part) != 0)
		return place_fail(e, "empty", fresh->part, errno);
	f->at = f->seen = 0;
	f->resumed = false;
	checksum_reset(&f->sum);
	return true;
}

bool fetch_start(struct tow_fetch *f, const struct fetch_memo *fresh, struct tow_err *e)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	if (!empty(f, fresh, e))
		return false;
	f->memo = *fresh;
	if (!remember(f, e))
		return false;
	if (f->part < 0)
		f->part = openat(f->dir, fresh->part, flags, 0666);
	return f->part >= 0 || place_fail(e, "make", fresh->part, errno);
}

static bool has_room(struct tow_fetch *f, int dir, const char *path, long long need,
		     struct tow_err *e)
{
	struct statvfs fs;
	long long is_free;

	if (fstatvfs(dir, &fs) != 0 || fs.f_blocks == 0) /* some do not know */
		return true;
	is_free = (long long)fs.f_bavail * (long long)fs.f_frsize;
	if (need <= is_free)
		return true;
	tow_fail_class(e, TOW_RETRY, "local.space",
		       "not enough room in '%s': it needs %s, and %s are free", path,
		       tow_bytes(&f->arena, need), tow_bytes(&f->arena, is_free));
	return tow_hint(e, "make room there");
}

/* On another file system it will be a copy. What is not there may be by then. */
static bool has_room_beyond(struct tow_fetch *f, struct tow_err *e)
{
	TOW_AUTO_FD dir =
		f->what.then ? open(f->what.then, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct stat here, there;

	if (dir < 0 || fstat(dir, &there) != 0 || fstat(f->dir, &here) != 0 ||
	    here.st_dev == there.st_dev)
		return true;
	return has_room(f, dir, f->what.then, f->memo.size + f->what.reserve, e);
}

bool fetch_has_room(struct tow_fetch *f, struct tow_err *e)
{
	return f->memo.size < 0 || (has_room(f, f->dir, f->what.root, f->memo.size - f->at, e) &&
				    has_room_beyond(f, e));
}

bool fetch_write(struct tow_fetch *f, const char *data, size_t len, struct tow_err *e)
{
	int error = write_all(f->part, data, len, f->at);

	if (error)
		return place_fail(e, "write", f->memo.part, error);
	checksum_add(&f->sum, data, len);
	f->at += (off_t)len;
	return true;
}

bool fetch_rehash(struct tow_fetch *f, struct tow_err *e)
{
	TOW_AUTO_FREE char *buffer = tow_xcalloc(1, PLACE_BUFFER);
	off_t end = f->seen + PLACE_TURN < f->at ? f->seen + PLACE_TURN : f->at;

	if (!*f->sum.wanted)
		f->seen = end = f->at;
	while (f->seen < end) {
		off_t left = end - f->seen;
		ssize_t n = pread(f->part, buffer,
				  left < PLACE_BUFFER ? (size_t)left : PLACE_BUFFER, f->seen);

		if (n == 0 || (n < 0 && errno != EINTR))
			return place_fail(e, "read", f->memo.part, n ? errno : EIO);
		checksum_add(&f->sum, buffer, n > 0 ? (size_t)n : 0);
		f->seen += n > 0 ? n : 0;
	}
	return true;
}

/*--- the file itself */

/* The inode is remembered before the part is renamed: whoever looks after a crash knows the file by
 * it, under either name. */
static int publish_as(struct tow_fetch *f, const char *name, struct tow_err *e)
{
	struct stat st;

	if (fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return EEXIST;
	if (fstat(f->part, &st) != 0)
		return errno;
	f->memo.name = name;
	f->memo.size = st.st_size;
	f->memo.ino = st.st_ino;
	f->memo.done = true;
	return remember(f, e) ? place_rename(f->dir, f->memo.part, f->dir, name) : -1;
}

bool fetch_publish(struct tow_fetch *f, struct tow_err *e)
{
	const char *wanted = f->memo.name;
	int error = place_sync(f->part);

	if (error)
		return place_fail(e, "write", f->memo.part, error);
	for (int n = 0; n <= SUFFIXES; n++) {
		const char *suffix = n ? tow_fmt(&f->arena, ".%d", n) : "";

		error = publish_as(f, place_fit(&f->arena, wanted, suffix, PLACE_NAME_MAX), e);
		if (error != EEXIST)
			break;
	}
	if (!error)
		error = place_sync(f->dir);
	return !error || (error > 0 && place_fail(e, "publish", wanted, error));
}

/*--- for others than the fetch */

bool tow_fetch_root(struct tow_arena *a, const char *url, const char **root, struct tow_err *e)
{
	if (strncmp(url, "file://", 7) == 0) {
		*root = tow_strdup(a, url + 7);
		return true;
	}
	*root = tow_fmt(a, "%s/downloads", tow_home(a));
	return tow_fs_mkdirs(*root, 0755, e);
}

static bool find_folder(const char *root, const char *key, int *top, int *dir, struct tow_err *e)
{
	if (!*key || strchr(key, '/') || *key == '.')
		return tow_fail_class(e, TOW_FINAL, "place.name", "'%s' is no folder of ours", key);
	if (!place_root(top, root, O_RDONLY, e))
		return false;
	*dir = openat(*top, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*dir < 0 && errno == ENOENT)
		return tow_fail_class(e, TOW_FINAL, "client.gone", "there is no '%s' in '%s'", key,
				      root);
	return *dir >= 0 || place_fail(e, "open", key, errno);
}

bool tow_fetch_look(struct tow_arena *a, const char *root, const char *key,
		    struct tow_fetch_file *file, struct tow_err *e)
{
	TOW_AUTO_FD top = -1;
	TOW_AUTO_FD dir = -1;
	struct fetch_memo m;
	struct stat st;

	if (!find_folder(root, key, &top, &dir, e))
		return false;
	if (!recall(a, dir, &m) || !m.name ||
	    fstatat(dir, m.done ? m.name : m.part, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return tow_fail_class(e, TOW_FINAL, "client.gone", "'%s' holds no file of ours",
				      key);
	*file = (struct tow_fetch_file){ .name = m.name, .size = m.size, .done = st.st_size };
	return true;
}

bool tow_fetch_remove(const char *root, const char *key, bool data, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_FD top = -1;
	TOW_AUTO_FD dir = -1;
	struct fetch_memo m;

	if (!find_folder(root, key, &top, &dir, e))
		return false;
	if (is_locked_by_another(dir))
		return busy(e, key);
	if (recall(&a, dir, &m)) {
		if (m.part)
			unlinkat(dir, m.part, 0);
		if (m.done && data)
			unlinkat(dir, m.name, 0);
		unlinkat(dir, FETCH_MEMO, 0);
	}
	unlinkat(top, key, AT_REMOVEDIR); /* not if it holds anything else */
	return true;
}
