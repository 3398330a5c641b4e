#include "tests/unit/place_rig.h"

enum { BIG = 40 * 1024 * 1024 + 12345, SMALL = 100000 };

/*--- modes */

START_TEST(a_link_is_the_same_file)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_NONE);
	struct tow_placed done;

	make_file(path("in/a/film.mkv"), SMALL, 1);
	done = placed(&r, "a/film.mkv", "Films/Film (2024)/Film.mkv");
	ck_assert_int_eq(done.mode, PLACE_LINK);
	ck_assert_str_eq(done.to, "Films/Film (2024)/Film.mkv");
	ck_assert_uint_eq(stat_of(path("lib/%s", done.to)).st_ino,
			  stat_of(path("in/a/film.mkv")).st_ino);
	ck_assert_uint_eq(done.ino, stat_of(path("in/a/film.mkv")).st_ino);
	ck_assert_int_eq(done.size, SMALL);
	ck_assert_ptr_null(done.hash); /* nobody read it */
	ck_assert(!done.adopted);
	done = placed(&r, "a/film.mkv", "Films/Film (2024)/Film.mkv"); /* once more */
	ck_assert_int_eq(done.mode, PLACE_NONE);
	ck_assert(done.adopted);
}
END_TEST

START_TEST(a_copy_has_content_times_and_hash)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct timespec times[] = { { 1000000000, 5 }, { 1234567890, 0 } };
	struct tow_placed done;
	struct stat st;

	write_file(path("in/abc"), "abc", 3);
	ck_assert_int_eq(utimensat(AT_FDCWD, path("in/abc"), times, 0), 0);
	done = placed(&r, "abc", "x/abc");
	ck_assert_int_eq(done.mode, PLACE_COPY);
	ck_assert_str_eq(done.hash, "06b05ab6733a618578af5f94892f3950");
	st = stat_of(path("lib/x/abc"));
	ck_assert_int_eq(st.st_mtim.tv_sec, 1234567890);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_uint_ne(st.st_ino, stat_of(path("in/abc")).st_ino);
	write_file(path("in/empty"), "", 0);
	done = placed(&r, "empty", "x/empty");
	ck_assert_str_eq(done.hash, "99aa06d3014798d86001c324468d497f");
	make_file(path("in/big"), BIG, 1);
	done = placed(&r, "big", "big");
	check_file(path("lib/big"), BIG, 1);
	ck_assert_int_eq(done.size, BIG);
	ck_assert_int_eq(parts(), 0);
}
END_TEST

START_TEST(a_big_copy_takes_turns)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placing *p;
	struct tow_placed done;
	long long before = 0;
	int turns = 0;

	make_file(path("in/big"), BIG, 1);
	for (p = begun(&r, "big", "big", 0); tow_place_more(p); turns++) {
		ck_assert(!is_there(path("lib/big")));
		ck_assert_int_le(tow_place_copied(p) - before, 16 * MIB);
		before = tow_place_copied(p);
	}
	ck_assert_int_eq(turns, 3);
	ck_assert_int_eq(tow_place_copied(p), BIG);
	ck_assert(tow_place_end(p, &arena, &done, NULL));
	check_file(path("lib/big"), BIG, 1);
	p = begun(&r, "big", "again", 1);
	ck_assert(tow_place_end(p, &arena, &done, NULL)); /* it does what is left by itself */
	check_file(path("lib/again"), BIG, 1);
}
END_TEST

START_TEST(a_reflink_is_a_file_of_its_own)
{
	struct tow_place_rules r = rules_of(PLACE_REFLINK, PLACE_COPY);
	struct timespec times[] = { { 1000000000, 0 }, { 1234567890, 0 } };
	struct tow_placed done;

	make_file(path("in/big"), BIG, 1);
	ck_assert_int_eq(utimensat(AT_FDCWD, path("in/big"), times, 0), 0);
	done = placed(&r, "big", "a/big");
	check_file(path("lib/a/big"), BIG, 1);
	ck_assert_int_eq(parts(), 0);
	if (done.mode == PLACE_COPY) {
		skip("this file system cannot clone (TMPDIR on xfs or btrfs can)");
		return;
	}
	ck_assert_int_eq(done.mode, PLACE_REFLINK);
	ck_assert_ptr_null(done.hash);
	ck_assert_int_eq(stat_of(path("lib/a/big")).st_mtim.tv_sec, 1234567890);
	ck_assert_uint_eq(stat_of(path("in/big")).st_nlink, 1);
}
END_TEST

START_TEST(a_move_leaves_nothing_behind)
{
	struct tow_place_rules r = rules_of(PLACE_MOVE, PLACE_NONE);
	struct tow_placed done;
	ino_t ino;

	make_file(path("in/a/film.mkv"), SMALL, 1);
	ino = stat_of(path("in/a/film.mkv")).st_ino;
	done = placed(&r, "a/film.mkv", "b/film.mkv");
	ck_assert_int_eq(done.mode, PLACE_MOVE);
	ck_assert(!is_there(path("in/a/film.mkv")));
	ck_assert_uint_eq(stat_of(path("lib/b/film.mkv")).st_ino, ino);
	make_file(path("in/a/film.mkv"), SMALL, 1); /* the same again: the move is finished */
	done = placed(&r, "a/film.mkv", "b/film.mkv");
	ck_assert(done.adopted);
	ck_assert(!is_there(path("in/a/film.mkv")));
	check_file(path("lib/b/film.mkv"), SMALL, 1);
	make_file(path("in/a/film.mkv"), SMALL, 2); /* another: not lost, and not clobbered */
	refused(&r, "a/film.mkv", "b/film.mkv", TOW_FINAL, "place.taken");
	check_file(path("in/a/film.mkv"), SMALL, 2);
	check_file(path("lib/b/film.mkv"), SMALL, 1);
}
END_TEST

START_TEST(a_move_to_where_it_is_keeps_it)
{
	struct tow_place_rules r = rules_of(PLACE_MOVE, PLACE_NONE);

	r.source = r.library;
	make_file(path("lib/a/film.mkv"), SMALL, 1);
	ck_assert(placed(&r, "a/film.mkv", "a/film.mkv").same);
	check_file(path("lib/a/film.mkv"), SMALL, 1);
	ck_assert_int_eq(link(path("lib/a/film.mkv"), path("lib/other")), 0);
	ck_assert(placed(&r, "a/film.mkv", "a/film.mkv").same); /* two names, but not of ours */
	check_file(path("lib/a/film.mkv"), SMALL, 1);
	r.modes[0] = PLACE_LINK;
	ck_assert(placed(&r, "a/film.mkv", "a/film.mkv").same);
	ck_assert(
		!placed(&r, "a/film.mkv", "other").same); /* which stays when the first one goes */
}
END_TEST

START_TEST(a_move_that_nobody_heard_of_is_found)
{
	struct tow_place_rules r = rules_of(PLACE_MOVE, PLACE_NONE);
	struct tow_place_what what = { .from = "film.mkv", .to = "a//film.mkv", .size = SMALL };
	struct tow_placed done, found;

	ck_assert(!tow_place_moved(r.library, &what, &arena, &found));
	make_file(path("in/film.mkv"), SMALL, 1);
	done = placed(&r, "film.mkv", "a/film.mkv");
	ck_assert(tow_place_moved(r.library, &what, &arena, &found));
	ck_assert_int_eq(found.mode, PLACE_MOVE);
	ck_assert_str_eq(found.to, done.to);
	ck_assert_uint_eq(found.ino, done.ino);
	ck_assert_int_eq(found.size, SMALL);
	what.size--;
	ck_assert(!tow_place_moved(r.library, &what, &arena, &found));
	what = (struct tow_place_what){ .from = "film.mkv", .to = "a/link", .size = 8 };
	ck_assert_int_eq(symlink("film.mkv", path("lib/a/link")), 0);
	ck_assert(!tow_place_moved(r.library, &what, &arena, &found));
}
END_TEST

START_TEST(a_symlink_points_to_the_source)
{
	struct tow_place_rules r = rules_of(PLACE_SYMLINK, PLACE_NONE);
	struct tow_placed done;

	make_file(path("in/a/film.mkv"), SMALL, 1);
	done = placed(&r, "a/film.mkv", "b/film.mkv");
	ck_assert_int_eq(done.mode, PLACE_SYMLINK);
	ck_assert_int_eq(done.size, SMALL);
	ck_assert(S_ISLNK(stat_of(path("lib/b/film.mkv")).st_mode));
	check_file(path("lib/b/film.mkv"), SMALL, 1);
	ck_assert(placed(&r, "a/film.mkv", "b/film.mkv").adopted);
	r.modes[0] = PLACE_COPY; /* which a link is not */
	refused(&r, "a/film.mkv", "b/film.mkv", TOW_FINAL, "place.taken");
}
END_TEST

START_TEST(no_mode_is_no_placing)
{
	struct tow_place_rules r = rules_of(PLACE_NONE, PLACE_NONE);

	make_file(path("in/a"), SMALL, 1);
	refused(&r, "a", "deep/er/a", TOW_FINAL, "place.mode");
	ck_assert_int_eq(entries(path("lib")), 0); /* the folders that it made are gone */
	ck_assert_int_eq(tow_place_mode_from("link"), PLACE_LINK);
	ck_assert_int_eq(tow_place_mode_from("hardlink"), PLACE_NONE);
	ck_assert_str_eq(tow_place_mode_name(PLACE_REFLINK), "reflink");
}
END_TEST

START_TEST(sparse_files_stay_sparse)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	const off_t size = 60 * MIB + 777;
	char *dense = tow_alloc(&arena, (size_t)size), *read = NULL;
	size_t len = 0;
	struct tow_placed done;
	struct stat st;
	int fd = open(path("in/sparse"), O_RDWR | O_CREAT, 0644);

	ck_assert_int_eq(pwrite(fd, noise(MIB, 5), MIB, 30 * MIB), MIB);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	close(fd);
	memcpy(dense + 30 * MIB, noise(MIB, 5), MIB);
	write_file(path("in/dense"), dense, (size_t)size);
	done = placed(&r, "sparse", "sparse");
	st = stat_of(path("lib/sparse"));
	ck_assert_int_eq(st.st_size, size);
	ck_assert_int_le(st.st_blocks * 512, 3 * MIB);
	ck_assert_str_eq(done.hash, placed(&r, "dense", "dense").hash);
	ck_assert(tow_fs_read(&arena, path("lib/sparse"), &read, &len, NULL));
	ck_assert_int_eq(len, size);
	ck_assert_mem_eq(read, dense, (size_t)size);
}
END_TEST

/*--- owners and modes */

START_TEST(modes_are_as_the_rules_say)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);

	make_file(path("in/a"), SMALL, 1);
	chmod(path("in/a"), 0600);
	umask(0027);
	placed(&r, "a", "one/a"); /* as the umask has it */
	ck_assert_uint_eq(stat_of(path("lib/one/a")).st_mode & 07777, 0640);
	ck_assert_uint_eq(stat_of(path("lib/one")).st_mode & 07777, 0750);
	r.file_mode = 0664;
	r.dir_mode = 02775;
	r.group = getegid();
	placed(&r, "a", "one/two/a");
	ck_assert_uint_eq(stat_of(path("lib/one/two/a")).st_mode & 07777, 0664);
	ck_assert_uint_eq(stat_of(path("lib/one/two")).st_mode & 07777, 02775);
	ck_assert_uint_eq(stat_of(path("lib/one")).st_mode & 07777, 0750); /* was there */
	r.modes[0] = PLACE_LINK;					   /* which has its own */
	placed(&r, "a", "three/a");
	ck_assert_uint_eq(stat_of(path("in/a")).st_mode & 07777, 0600);
	r.modes[0] = PLACE_MOVE; /* two names: another's, too */
	placed(&r, "a", "four/a");
	ck_assert_uint_eq(stat_of(path("lib/four/a")).st_mode & 07777, 0600);
	make_file(path("in/b"), SMALL, 1);
	placed(&r, "b", "four/b");
	ck_assert_uint_eq(stat_of(path("lib/four/b")).st_mode & 07777, 0664);
}
END_TEST

START_TEST(owners_are_as_the_rules_say)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);

	if (geteuid() != 0) {
		skip("only root gives files away");
		return;
	}
	make_file(path("in/a"), SMALL, 1);
	r.owner = 1234;
	r.group = 4321;
	placed(&r, "a", "x/a");
	ck_assert_uint_eq(stat_of(path("lib/x/a")).st_uid, 1234);
	ck_assert_uint_eq(stat_of(path("lib/x/a")).st_gid, 4321);
	ck_assert_uint_eq(stat_of(path("lib/x")).st_uid, 1234);
	ck_assert_uint_eq(stat_of(path("in/a")).st_uid, 0);
}
END_TEST

/*--- a name that is taken */

START_TEST(the_same_content_is_adopted)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);
	struct tow_placed done;

	make_file(path("in/a"), BIG, 1);
	make_file(path("lib/a"), BIG, 1);
	done = placed(&r, "a", "a");
	ck_assert(done.adopted);
	ck_assert_int_eq(done.mode, PLACE_NONE);
	ck_assert_uint_eq(done.ino, stat_of(path("lib/a")).st_ino);
	ck_assert_ptr_nonnull(done.hash);
	ck_assert_uint_ne(stat_of(path("lib/a")).st_ino, stat_of(path("in/a")).st_ino);
}
END_TEST

START_TEST(the_same_size_is_not_the_same_file)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	char *data = noise(BIG, 1);

	make_file(path("in/a"), BIG, 1);
	data[BIG - 1] ^= 1;
	write_file(path("lib/a"), data, BIG);
	refused(&r, "a", "a", TOW_FINAL, "place.taken");
	ck_assert_int_eq(entries(path("lib")), 1);
}
END_TEST

START_TEST(suffixes_are_few_and_in_order)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	char from[16];

	r.taken = TAKEN_SUFFIX;
	for (int i = 0; i <= 11; i++) {
		snprintf(from, sizeof(from), "%d", i);
		make_file(path("in/%s", from), SMALL, (uint64_t)i + 1);
		if (i == 0)
			ck_assert_str_eq(placed(&r, from, "d/Film.mkv").to, "d/Film.mkv");
		else if (i <= 10)
			ck_assert_str_eq(placed(&r, from, "d/Film.mkv").to,
					 path("/d/Film.%d.mkv", i) + 1);
		else
			refused(&r, from, "d/Film.mkv", TOW_FINAL, "place.taken");
	}
	ck_assert(placed(&r, "4", "d/Film.mkv").adopted); /* whatever it is called */
	ck_assert_str_eq(placed(&r, "4", "d/Film.mkv").to, "d/Film.4.mkv");
	ck_assert_int_eq(entries(path("lib/d")), 11);
	check_file(path("lib/d/Film.mkv"), SMALL, 1);
	check_file(path("lib/d/Film.10.mkv"), SMALL, 11);
}
END_TEST

START_TEST(what_is_there_may_be_left)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);
	struct tow_placed done;

	r.taken = TAKEN_SKIP;
	make_file(path("in/a"), SMALL, 1);
	make_file(path("lib/a"), 10, 2);
	done = placed(&r, "a", "a");
	ck_assert_int_eq(done.mode, PLACE_NONE);
	ck_assert(!done.adopted);
	ck_assert_int_eq(done.size, 10);
	check_file(path("lib/a"), 10, 2);
}
END_TEST

START_TEST(what_is_there_may_be_replaced)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);
	struct tow_placed done;
	struct tow_unplaced did = { .kept = true };

	r.taken = TAKEN_REPLACE;
	make_file(path("in/a"), SMALL, 1);
	make_file(path("lib/x/a.mkv"), SMALL, 2);
	done = placed(&r, "a", "x/a.mkv");
	ck_assert_ptr_nonnull(done.replaced);
	ck_assert_int_eq(strncmp(done.replaced, ".tow-recycle/", 13), 0);
	check_file(path("lib/%s", done.replaced), SMALL, 2);
	check_file(path("lib/x/a.mkv"), SMALL, 1);
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert(!did.kept);
	check_file(path("lib/x/a.mkv"), SMALL, 2);
	ck_assert(!is_there(path("lib/.tow-recycle")));
	ck_assert(did.former);
	check_file(path("in/a"), SMALL, 1);
	done = placed(&r, "a", "x/a.mkv"); /* what was replaced is changed in the bin: it stays */
	make_file(path("lib/%s", done.replaced), SMALL + 1, 3);
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert(!did.kept && !did.former && !is_there(path("lib/x/a.mkv")));
	remove_all(path("lib/.tow-recycle"));
	make_file(path("lib/x/a.mkv"), SMALL, 2);
	for (int i = 0; i < 3; i++) { /* in one second: each has a name of its own */
		make_file(path("in/%d", i), SMALL, (uint64_t)i + 3);
		ck_assert_ptr_nonnull(placed(&r, path("/%d", i) + 1, "x/a.mkv").replaced);
	}
	ck_assert_int_eq(entries(path("lib/.tow-recycle")), 3);
	ck_assert_int_eq(mkdir(path("lib/folder"), 0755), 0);
	refused(&r, "a", "folder", TOW_FINAL, "place.taken");
}
END_TEST

START_TEST(who_comes_while_it_is_copied_is_not_clobbered)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placing *p;
	struct tow_placed done;
	struct tow_err e;

	make_file(path("in/big"), BIG, 1);
	p = begun(&r, "big", "big.bin", 1);
	make_file(path("lib/big.bin"), BIG, 2);
	ck_assert(!tow_place_end(p, &arena, &done, &e));
	ck_assert_str_eq(e.class, "place.taken");
	check_file(path("lib/big.bin"), BIG, 2);
	ck_assert_int_eq(parts(), 0); /* nobody will go on with it */
	r.taken = TAKEN_SUFFIX;
	p = begun(&r, "big", "big.bin", 2);
	make_file(path("lib/big.1.bin"), SMALL, 3);
	ck_assert(tow_place_end(p, &arena, &done, &e));
	ck_assert_str_eq(done.to, "big.2.bin");
	check_file(path("lib/big.2.bin"), BIG, 1);
	check_file(path("lib/big.1.bin"), SMALL, 3);
	ck_assert_int_eq(parts(), 0);
	p = begun(&r, "big", "new.bin", 1);
	make_file(path("lib/new.bin"), BIG, 1); /* somebody was quicker with the same */
	ck_assert(tow_place_end(p, &arena, &done, &e));
	ck_assert(done.adopted);
	ck_assert_int_eq(parts(), 0);
}
END_TEST

/*--- going on */

START_TEST(what_was_broken_off_goes_on)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placing *p;
	struct tow_placed done;

	make_file(path("in/big"), BIG, 1);
	tow_place_drop(begun(&r, "big", "x/big", 2));
	ck_assert(!is_there(path("lib/x/big")));
	ck_assert_int_eq(parts(), 1);
	p = begun(&r, "big", "x/big", 1);
	ck_assert_int_eq(parts(), 1);
	ck_assert(tow_place_end(p, &arena, &done, NULL));
	ck_assert(done.resumed);
	check_file(path("lib/x/big"), BIG, 1);
	ck_assert_int_eq(parts(), 0);
	ck_assert_str_eq(done.hash, placed(&r, "big", "whole").hash);
	tow_place_drop(NULL);
	tow_place_drop(begun(&r, "big", "y/big", 0)); /* before anything was done */
	ck_assert(!is_there(path("lib/y")));
}
END_TEST

static const char *the_part(const char *folder)
{
	DIR *d = opendir(folder);
	const char *found = NULL;

	for (struct dirent *x; (x = readdir(d));)
		if (strncmp(x->d_name, ".tow-d42-", 9) == 0)
			found = path("%s/%s", folder, x->d_name);
	closedir(d);
	ck_assert_ptr_nonnull(found);
	return found;
}

static void spoil(const char *file, off_t at)
{
	int fd = open(file, O_RDWR);

	ck_assert_int_eq(pwrite(fd, "spoilt", 6, at), 6);
	close(fd);
}

START_TEST(a_changed_source_begins_anew)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placed done;
	char *wanted = NULL, *got = NULL;

	make_file(path("in/big"), BIG, 1);
	tow_place_drop(begun(&r, "big", "x/big", 2));
	spoil(path("in/big"), 5); /* where nobody compares: the time tells */
	done = placed(&r, "big", "x/big");
	ck_assert(!done.resumed);
	ck_assert(tow_fs_read(&arena, path("in/big"), &wanted, NULL, NULL));
	ck_assert(tow_fs_read(&arena, path("lib/x/big"), &got, NULL, NULL));
	ck_assert_mem_eq(got, wanted, BIG);
	ck_assert_int_eq(parts(), 0); /* the old part is swept away */
}
END_TEST

START_TEST(a_source_that_changes_meanwhile_is_not_placed)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placing *p;
	struct tow_placed done;
	struct tow_err e;

	make_file(path("in/big"), BIG, 1);
	p = begun(&r, "big", "x/big", 1);
	spoil(path("in/big"), 3);
	ck_assert(!tow_place_end(p, &arena, &done, &e));
	ck_assert_str_eq(e.class, "place.size");
	ck_assert_int_eq(e.code, TOW_RETRY);
	ck_assert_int_eq(entries(path("lib")), 0);
	p = begun(&r, "big", "x/big", 1);
	ck_assert_int_eq(truncate(path("in/big"), 5), 0);
	ck_assert(!tow_place_end(p, &arena, &done, &e));
	ck_assert_str_eq(e.class, "place.size");
	ck_assert_int_eq(entries(path("lib")), 0);
}
END_TEST

START_TEST(a_part_whose_end_is_wrong_begins_anew)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placed done;

	make_file(path("in/big"), BIG, 1);
	tow_place_drop(begun(&r, "big", "x/big", 2));
	spoil(the_part(path("lib/x")), 32 * MIB - 100);
	done = placed(&r, "big", "x/big");
	ck_assert(!done.resumed);
	check_file(path("lib/x/big"), BIG, 1);
	ck_assert_int_eq(parts(), 0);
}
END_TEST

START_TEST(reading_again_finds_what_is_wrong)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);

	r.verify = true;
	make_file(path("in/big"), BIG, 1);
	tow_place_drop(begun(&r, "big", "x/big", 2));
	spoil(the_part(path("lib/x")), 5);
	refused(&r, "big", "x/big", TOW_RETRY, "local.io");
	ck_assert_int_eq(entries(path("lib/x")), 0);
	ck_assert(!placed(&r, "big", "x/big").resumed);
	check_file(path("lib/x/big"), BIG, 1);
}
END_TEST

START_TEST(a_part_with_two_names_is_not_written_into)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	const char *part;

	make_file(path("in/big"), BIG, 1);
	tow_place_drop(begun(&r, "big", "x/big", 1));
	part = the_part(path("lib/x"));
	ck_assert_int_eq(link(part, path("in/other")), 0);
	placed(&r, "big", "x/big");
	ck_assert_int_eq(stat_of(path("in/other")).st_size, 16 * MIB);
	check_file(path("lib/x/big"), BIG, 1);
	ck_assert_int_eq(unlink(path("lib/x/big")), 0);
	make_file(path("in/victim"), SMALL, 7);
	ck_assert_int_eq(symlink(path("in/victim"), part), 0); /* nor one that leads elsewhere */
	placed(&r, "big", "x/big");
	check_file(path("in/victim"), SMALL, 7);
	check_file(path("lib/x/big"), BIG, 1);
	ck_assert_int_eq(parts(), 0);
}
END_TEST

START_TEST(one_at_a_time_is_at_a_part)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placing *p;
	struct tow_placed done;

	make_file(path("in/big"), BIG, 1);
	p = begun(&r, "big", "big", 1);
	refused(&r, "big", "big", TOW_RETRY, "place.busy");
	ck_assert_int_eq(parts(), 1);
	ck_assert(tow_place_end(p, &arena, &done, NULL));
	check_file(path("lib/big"), BIG, 1);
}
END_TEST

START_TEST(a_part_that_is_needed_no_more_goes)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);

	make_file(path("in/big"), BIG, 1);
	tow_place_drop(begun(&r, "big", "big", 1));
	ck_assert_int_eq(parts(), 1);
	r.modes[0] = PLACE_LINK;
	ck_assert_int_eq(placed(&r, "big", "big").mode, PLACE_LINK);
	ck_assert_int_eq(parts(), 0);
}
END_TEST

/*--- what is not to be placed */

START_TEST(the_size_must_be_right)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);
	struct tow_place_what what = { .from = "a", .to = "x/a", .size = SMALL + 1 };
	struct tow_placing *p;
	struct tow_err e;

	make_file(path("in/a"), SMALL, 1);
	ck_assert(!tow_place_begin(&p, &r, &what, &e));
	ck_assert_str_eq(e.class, "place.size");
	ck_assert_int_eq(e.code, TOW_RETRY);
	ck_assert_int_eq(entries(path("lib")), 0);
	what.size = SMALL;
	ck_assert(tow_place_begin(&p, &r, &what, &e));
	tow_place_drop(p);
}
END_TEST

START_TEST(only_regular_files_are_placed)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);

	ck_assert_int_eq(mkdir(path("in/folder"), 0755), 0);
	ck_assert_int_eq(mkfifo(path("in/fifo"), 0644), 0); /* that nobody writes to */
	refused(&r, "folder", "a", TOW_FINAL, "place.kind");
	refused(&r, "fifo", "a", TOW_FINAL, "place.kind");
	refused(&r, "none", "a", TOW_RETRY, "place.gone");
	refused(&r, "folder/none", "a", TOW_RETRY, "place.gone");
	make_file(path("in/file"), 1, 1);
	refused(&r, "file/none", "a", TOW_RETRY, "place.gone");
	r.source = path("elsewhere");
	refused(&r, "file", "a", TOW_RETRY, "local.lost");
	r = rules_of(PLACE_LINK, PLACE_COPY);
	r.library = path("elsewhere");
	refused(&r, "file", "a", TOW_RETRY, "local.lost");
	r.library = path("in/file");
	refused(&r, "file", "a", TOW_RETRY, "local.lost");
	r.library = path("lib");
	r.who = "../x";
	refused(&r, "file", "a", TOW_BUG, "");
}
END_TEST

START_TEST(nothing_leaves_its_root)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);

	make_file(path("in/a"), SMALL, 1);
	make_file(path("secret"), SMALL, 2);
	refused(&r, "../secret", "x", TOW_FINAL, "place.name");
	refused(&r, "b/../../secret", "x", TOW_FINAL, "place.name");
	refused(&r, path("secret"), "x", TOW_FINAL, "place.name");
	refused(&r, "", "x", TOW_FINAL, "place.name");
	refused(&r, ".", "x", TOW_FINAL, "place.name");
	refused(&r, "..", "x", TOW_FINAL, "place.name");
	refused(&r, "a", "../x", TOW_FINAL, "place.name");
	refused(&r, "a", "y/../../x", TOW_FINAL, "place.name");
	refused(&r, "a", path("x"), TOW_FINAL, "place.name");
	refused(&r, "a", "", TOW_FINAL, "place.name");
	refused(&r, "a", "y/..", TOW_FINAL, "place.name");
	ck_assert(!is_there(path("x")));
	ck_assert_int_eq(entries(path("lib")), 0);
	ck_assert_str_eq(placed(&r, "./a", "y//./a").to, "y/a"); /* odd, and harmless */
}
END_TEST

START_TEST(links_inside_are_refused_unless_allowed)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);

	make_file(path("in/real/a"), SMALL, 1);
	make_file(path("secret/a"), SMALL, 2);
	ck_assert_int_eq(symlink("real", path("in/folder")), 0);
	ck_assert_int_eq(symlink("real/a", path("in/file")), 0);
	ck_assert_int_eq(symlink("../secret", path("in/out")), 0);
	ck_assert_int_eq(symlink(path("secret"), path("in/far")), 0);
	ck_assert_int_eq(symlink("nowhere", path("in/dangling")), 0);
	refused(&r, "folder/a", "x/a", TOW_FINAL, "place.link");
	refused(&r, "file", "x/a", TOW_FINAL, "place.link");
	refused(&r, "out/a", "x/a", TOW_FINAL, "place.link");
	refused(&r, "dangling", "x/a", TOW_FINAL, "place.link");
	r.inner_links = true;
	refused(&r, "out/a", "x/a", TOW_FINAL, "place.name");
	refused(&r, "far/a", "x/a", TOW_FINAL, "place.name");
	refused(&r, "dangling", "x/a", TOW_RETRY, "place.gone");
	ck_assert_int_eq(entries(path("lib")), 0);
	ck_assert_uint_eq(placed(&r, "folder/a", "x/a").ino, stat_of(path("in/real/a")).st_ino);
	ck_assert_uint_eq(placed(&r, "file", "x/b").ino, stat_of(path("in/real/a")).st_ino);
	r.modes[0] = PLACE_MOVE; /* a link is not what is to be moved */
	r.modes[1] = PLACE_NONE;
	refused(&r, "file", "x/c", TOW_FINAL, "place.mode");
	ck_assert(is_there(path("in/file")) && is_there(path("in/real/a")));
}
END_TEST

START_TEST(roots_may_be_links_but_not_folders_of_a_library)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);

	make_file(path("in/a"), SMALL, 1);
	ck_assert_int_eq(symlink("in", path("in-link")), 0);
	ck_assert_int_eq(symlink("lib", path("lib-link")), 0);
	r.source = path("in-link");
	r.library = path("lib-link");
	placed(&r, "a", "x/a");
	check_file(path("lib/x/a"), SMALL, 1);
	ck_assert_int_eq(mkdir(path("outside"), 0755), 0);
	ck_assert_int_eq(symlink("../outside", path("lib/y")), 0);
	ck_assert_int_eq(symlink("nowhere", path("lib/z")), 0);
	refused(&r, "a", "y/a", TOW_FINAL, "place.link");
	refused(&r, "a", "z/a", TOW_FINAL, "place.link");
	ck_assert_int_eq(entries(path("outside")), 0);
	refused(&r, "a", "z", TOW_FINAL, "place.taken"); /* a link has the name */
	refused(&r, "a", "x/a/b", TOW_FINAL, "place.taken");
	ck_assert_int_eq(readlink(path("lib/z"), (char[8]){ 0 }, 8), 7);
}
END_TEST

START_TEST(names_are_bytes)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);
	static const char *const odd[] = { "new\nline", "\xff\xfe.mkv", "-rf *", "a\\b", "%s%n",
					   " ",		"..." };
	char *longest = memset(tow_alloc(&arena, 301), 'x', 300);

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		make_file(path("in/%s", odd[i]), SMALL, i);
		ck_assert_str_eq(placed(&r, odd[i], odd[i]).to, odd[i]);
		check_file(path("lib/%s", odd[i]), SMALL, i);
	}
	refused(&r, longest, "a", TOW_FINAL, "place.name");
	refused(&r, odd[0], longest, TOW_FINAL, "place.name");
	refused(&r, odd[0], path("/x/%s/a", longest) + 1, TOW_FINAL, "place.name");
	ck_assert(!is_there(path("lib/x")));
	longest[255] = '\0';
	placed(&r, odd[0], longest);
	r.taken = TAKEN_SUFFIX; /* room is made for it */
	ck_assert_uint_eq(strlen(placed(&r, odd[1], longest).to), 255);
}
END_TEST

/*--- taking back */

START_TEST(undo_takes_back_only_what_was_placed)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placed done;
	struct tow_unplaced did = { .kept = true };

	make_file(path("in/a"), SMALL, 1);
	done = placed(&r, "a", "x/y/a");
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert(!did.kept);
	ck_assert_int_eq(entries(path("lib")), 1);		 /* the recycle bin */
	ck_assert(tow_place_undo(r.library, &done, &did, NULL)); /* once more is fine */
	ck_assert(!did.kept);
	done = placed(&r, "a", "x/y/a");
	make_file(path("lib/x/other"), SMALL, 3);
	spoil(path("lib/x/y/a"), 5); /* somebody wrote into it: size and inode are the same */
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert(did.kept && is_there(path("lib/x/y/a")));
	unlink(path("lib/x/y/a"));
	make_file(path("lib/x/y/a"), SMALL, 1); /* restored: another inode, the same content */
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert(!did.kept);
	ck_assert(!is_there(path("lib/x/y")) && is_there(path("lib/x/other")));
	done = placed(&r, "a", "x/other2");
	done = placed(&r, "a", "x/other2"); /* adopted: not ours */
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert(did.kept && is_there(path("lib/x/other2")));
}
END_TEST

START_TEST(undo_never_takes_the_only_one)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_NONE);
	struct tow_placed done;
	struct tow_unplaced did = { .kept = true };

	make_file(path("in/a"), SMALL, 1);
	done = placed(&r, "a", "x/a");
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert_int_eq(entries(path("lib")), 0);
	done = placed(&r, "a", "x/a");
	unlink(path("lib/x/a"));
	make_file(path("lib/x/a"), SMALL, 2); /* of the same size, and somebody else's */
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert(did.kept);
	check_file(path("lib/x/a"), SMALL, 2);
	unlink(path("lib/x/a"));
	done = placed(&r, "a", "x/a");
	unlink(path("in/a")); /* the client is done with it */
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert(!did.kept && !is_there(path("lib/x")));
	ck_assert_int_eq(entries(path("lib/.tow-recycle")), 1);
	r.modes[0] = PLACE_MOVE;
	make_file(path("in/a"), SMALL, 2);
	done = placed(&r, "a", "x/a");
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert_int_eq(entries(path("lib/.tow-recycle")), 2);
	r.modes[0] = PLACE_COPY;
	make_file(path("in/a"), SMALL, 2);
	done = placed(&r, "a", "x/a");
	unlink(path("in/a"));
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert_int_eq(entries(path("lib/.tow-recycle")), 3);
	make_file(path("in/a"), SMALL, 2);
	done = placed(&r, "a", "x/a");
	done.mode = PLACE_REFLINK; /* which few file systems have */
	done.hash = NULL;
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert_int_eq(entries(path("lib/.tow-recycle")), 4);
	r.modes[0] = PLACE_SYMLINK;
	make_file(path("in/a"), SMALL, 2);
	done = placed(&r, "a", "x/a");
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert(!did.kept && !is_there(path("lib/x")));
	ck_assert_int_eq(entries(path("lib/.tow-recycle")), 4);
	check_file(path("in/a"), SMALL, 2);
}
END_TEST

START_TEST(a_bin_is_emptied_of_what_is_old_and_ours)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placed done;
	struct tow_unplaced did = { .kept = true };
	struct tow_emptied gone;
	const char *bin = path("lib/.tow-recycle");

	ck_assert(tow_place_empty(r.library, "20300101T000000Z", &gone, NULL));
	ck_assert_int_eq(gone.files, 0); /* there is none */
	r.taken = TAKEN_REPLACE;
	make_file(path("in/a"), SMALL, 1);
	make_file(path("lib/a"), SMALL + 7, 2);
	done = placed(&r, "a", "a");
	make_file(path("%s/20291231T235959Z.old", bin), 100, 3);
	make_file(path("%s/20300101T000000Z.young", bin), 100, 3);
	make_file(path("%s/20291231T2359Z.mine", bin), 100, 3);
	make_file(path("%s/20291231T235959Z.folder/x", bin), 100, 3);
	make_file(path("out"), 100, 3);
	ck_assert_int_eq(symlink(path("out"), path("%s/20291231T235959Z.2.link", bin)), 0);
	ck_assert(tow_place_empty(r.library, "20000101T000000Z", &gone, NULL));
	ck_assert_int_eq(gone.files, 0);
	ck_assert(is_there(path("lib/%s", done.replaced)));
	ck_assert(tow_place_empty(r.library, "20300101T000000Z", &gone, NULL));
	ck_assert_int_eq(gone.files, 3);
	ck_assert_int_eq(entries(bin), 3);
	ck_assert(is_there(path("%s/20291231T235959Z.folder/x", bin)) && is_there(path("out")));
	ck_assert(tow_place_undo(r.library, &done, &did, NULL)); /* what it replaced is gone */
	ck_assert(!did.kept && !did.former);
	remove_all(bin);
	ck_assert_int_eq(symlink(path("in"), bin), 0); /* leads out of the library */
	make_file(path("in/20291231T235959Z.a"), SMALL, 1);
	ck_assert(!tow_place_empty(r.library, "20300101T000000Z", &gone, NULL));
	ck_assert(is_there(path("in/20291231T235959Z.a")));
	unlink(bin);
	make_file(path("%s/20291231T235959Z.a", bin), SMALL, 1);
	ck_assert(tow_place_empty(r.library, "20300101T000000Z", &gone, NULL));
	ck_assert_int_eq(gone.bytes, SMALL);
	ck_assert(!is_there(bin)); /* nor an empty bin */
}
END_TEST

START_TEST(undo_stays_in_the_library)
{
	struct tow_placed done = { .mode = PLACE_LINK, .to = "../secret", .size = SMALL };
	struct tow_err e;
	struct tow_unplaced did = { .kept = true };

	make_file(path("secret"), SMALL, 2);
	done.ino = stat_of(path("secret")).st_ino;
	ck_assert(!tow_place_undo(path("lib"), &done, &did, &e));
	ck_assert_str_eq(e.class, "place.name");
	ck_assert_int_eq(symlink("..", path("lib/up")), 0);
	done.to = "up/secret";
	ck_assert(!tow_place_undo(path("lib"), &done, &did, &e));
	ck_assert_str_eq(e.class, "place.link");
	done.to = "x";
	done.replaced = "../secret";
	ck_assert(!tow_place_undo(path("lib"), &done, &did, &e));
	ck_assert_str_eq(e.class, "place.name");
	ck_assert(did.kept);
	check_file(path("secret"), SMALL, 2);
}
END_TEST

static void add_more(TCase *t)
{
	tcase_add_test(t, what_was_broken_off_goes_on);
	tcase_add_test(t, a_changed_source_begins_anew);
	tcase_add_test(t, a_source_that_changes_meanwhile_is_not_placed);
	tcase_add_test(t, a_part_whose_end_is_wrong_begins_anew);
	tcase_add_test(t, reading_again_finds_what_is_wrong);
	tcase_add_test(t, a_part_with_two_names_is_not_written_into);
	tcase_add_test(t, one_at_a_time_is_at_a_part);
	tcase_add_test(t, a_part_that_is_needed_no_more_goes);
	tcase_add_test(t, the_size_must_be_right);
	tcase_add_test(t, only_regular_files_are_placed);
	tcase_add_test(t, nothing_leaves_its_root);
	tcase_add_test(t, links_inside_are_refused_unless_allowed);
	tcase_add_test(t, roots_may_be_links_but_not_folders_of_a_library);
	tcase_add_test(t, names_are_bytes);
	tcase_add_test(t, undo_takes_back_only_what_was_placed);
	tcase_add_test(t, undo_never_takes_the_only_one);
	tcase_add_test(t, a_bin_is_emptied_of_what_is_old_and_ours);
	tcase_add_test(t, undo_stays_in_the_library);
}

int main(void)
{
	TCase *t = tcase_create("place");
	tcase_add_checked_fixture(t, enter, leave);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_link_is_the_same_file);
	tcase_add_test(t, a_copy_has_content_times_and_hash);
	tcase_add_test(t, a_big_copy_takes_turns);
	tcase_add_test(t, a_reflink_is_a_file_of_its_own);
	tcase_add_test(t, a_move_leaves_nothing_behind);
	tcase_add_test(t, a_move_to_where_it_is_keeps_it);
	tcase_add_test(t, a_move_that_nobody_heard_of_is_found);
	tcase_add_test(t, a_symlink_points_to_the_source);
	tcase_add_test(t, no_mode_is_no_placing);
	tcase_add_test(t, sparse_files_stay_sparse);
	tcase_add_test(t, modes_are_as_the_rules_say);
	tcase_add_test(t, owners_are_as_the_rules_say);
	tcase_add_test(t, the_same_content_is_adopted);
	tcase_add_test(t, the_same_size_is_not_the_same_file);
	tcase_add_test(t, suffixes_are_few_and_in_order);
	tcase_add_test(t, what_is_there_may_be_left);
	tcase_add_test(t, what_is_there_may_be_replaced);
	tcase_add_test(t, who_comes_while_it_is_copied_is_not_clobbered);
	add_more(t);
	Suite *s = suite_create("place");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
