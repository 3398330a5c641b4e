/* A room with a source ("in") and a library ("lib"), for the tests of placing. TMPDIR says where,
 * so that they can be run on any file system. */
#ifndef TESTS_UNIT_PLACE_RIG_H
#define TESTS_UNIT_PLACE_RIG_H

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tow/fs.h"
#include "tow/place.h"

#define MIB (1024L * 1024)

static struct tow_arena arena;
static const char *room;
static int leftovers; /* found by count_one */

static inline const char *path(const char *fmt, ...) TOW_PRINTF(1, 2);

static inline const char *path(const char *fmt, ...)
{
	char name[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	return *name == '/' ? tow_strdup(&arena, name) : tow_fmt(&arena, "%s/%s", room, name);
}

static inline void skip(const char *why)
{
	dprintf(STDOUT_FILENO, "SKIP: %s\n", why);
}

static inline const char *make_room(const char *where)
{
	char *made = tow_fmt(&arena, "%s/tow-place-XXXXXX", where);

	ck_assert_ptr_nonnull(mkdtemp(made));
	return made;
}

static inline void enter(void)
{
	const char *where = getenv("TMPDIR");

	umask(0022);
	room = make_room(where ? where : "/tmp");
	ck_assert_int_eq(mkdir(path("in"), 0755), 0);
	ck_assert_int_eq(mkdir(path("lib"), 0755), 0);
}

static inline int remove_one(const char *name, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return remove(name);
}

static inline void remove_all(const char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void leave(void)
{
	umount2(path("in"), MNT_DETACH);
	umount2(path("lib"), MNT_DETACH);
	remove_all(room);
	tow_arena_release(&arena);
}

/*--- other file systems, for this test alone */

static inline bool may_mount(void)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return true;
	skip("this user may not mount");
	return false;
}

static inline bool mounted(const char *options)
{
	if (!may_mount())
		return false;
	if (mount("tmpfs", path("lib"), "tmpfs", 0, options) == 0)
		return true;
	skip("no tmpfs can be mounted");
	return false;
}

/*--- files */

/* Bytes that repeat nowhere near; another seed, other bytes. */
static inline char *noise_in(struct tow_arena *a, size_t size, uint64_t seed)
{
	char *data = tow_alloc(a, size + 8);

	for (size_t i = 0; i < size; i += 8) {
		uint64_t x = ((i + 1) * 0x9e3779b97f4a7c15u) ^ (seed * 0xbf58476d1ce4e5b9u);

		x ^= x >> 31;
		memcpy(data + i, &x, sizeof(x));
	}
	return data;
}

static inline char *noise(size_t size, uint64_t seed)
{
	return noise_in(&arena, size, seed);
}

/* Folders are made. */
static inline void write_file(const char *file, const void *data, size_t size)
{
	const char *slash = strrchr(file, '/');
	int fd;

	ck_assert(tow_fs_mkdirs(tow_strndup(&arena, file, (size_t)(slash - file)), 0755, NULL));
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert_msg(fd >= 0, "%s: %s", file, strerror(errno));
	ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
	close(fd);
}

static inline void make_file(const char *file, size_t size, uint64_t seed)
{
	TOW_AUTO_ARENA a = { 0 };

	write_file(file, noise_in(&a, size, seed), size);
}

static inline void check_file(const char *file, size_t size, uint64_t seed)
{
	TOW_AUTO_ARENA a = { 0 };
	char *data = NULL;
	size_t len = 0;

	ck_assert_msg(tow_fs_read(&a, file, &data, &len, NULL), "%s", file);
	ck_assert_uint_eq(len, size);
	ck_assert_msg(memcmp(data, noise_in(&a, size, seed), size) == 0, "%s has another content",
		      file);
}

static inline struct stat stat_of(const char *file)
{
	struct stat st;

	ck_assert_msg(lstat(file, &st) == 0, "%s: %s", file, strerror(errno));
	return st;
}

static inline bool is_there(const char *file)
{
	struct stat st;

	return lstat(file, &st) == 0;
}

static inline int count_one(const char *name, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type;
	leftovers += strncmp(name + f->base, ".tow-", 5) == 0 &&
		     strcmp(name + f->base, ".tow-recycle") != 0;
	return 0;
}

/* Parts and the like, anywhere in the library. */
static inline int parts(void)
{
	leftovers = 0;
	nftw(path("lib"), count_one, 16, FTW_PHYS);
	return leftovers;
}

static inline int entries(const char *folder)
{
	DIR *d = opendir(folder);
	int n = -2; /* . .. */

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/*--- placing */

static inline struct tow_place_rules rules_of(enum tow_place_mode first, enum tow_place_mode second)
{
	return (struct tow_place_rules){
		.source = path("in"),
		.library = path("lib"),
		.modes = { first, second },
		.taken = TAKEN_FAIL,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
		.who = "d42",
	};
}

static inline bool place(const struct tow_place_rules *rules, const char *from, const char *to,
			 struct tow_placed *placed, struct tow_err *e)
{
	struct tow_place_what what = { .from = from, .to = to, .size = -1 };
	struct tow_placing *p;

	if (!tow_place_begin(&p, rules, &what, e))
		return false;
	while (tow_place_more(p))
		;
	return tow_place_end(p, &arena, placed, e);
}

static inline struct tow_placed placed(const struct tow_place_rules *rules, const char *from,
				       const char *to)
{
	struct tow_placed done = { 0 };
	struct tow_err e = { 0 };

	ck_assert_msg(place(rules, from, to, &done, &e), "%s: %s", e.class, e.text);
	return done;
}

/* Fails with that class, and says so for the reason that the caller knows. */
static inline void refused(const struct tow_place_rules *rules, const char *from, const char *to,
			   enum tow_code code, const char *class)
{
	struct tow_placed untouched = { .size = 77 };
	struct tow_err e = { 0 };

	ck_assert_msg(!place(rules, from, to, &untouched, &e), "'%s' to '%s' was placed", from, to);
	ck_assert_str_eq(e.class, class);
	ck_assert_int_eq(e.code, code);
	ck_assert_int_eq(untouched.size, 77);
}

/* A placing that has made so many turns. */
static inline struct tow_placing *begun(const struct tow_place_rules *rules, const char *from,
					const char *to, int turns)
{
	struct tow_place_what what = { .from = from, .to = to, .size = -1 };
	struct tow_placing *p = NULL;
	struct tow_err e = { 0 };

	ck_assert_msg(tow_place_begin(&p, rules, &what, &e), "%s: %s", e.class, e.text);
	while (turns-- > 0)
		ck_assert(tow_place_more(p));
	return p;
}

#endif
