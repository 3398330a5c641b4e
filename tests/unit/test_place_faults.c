/* Placing where something is in the way: other file systems, full and read-only ones, other users,
 * kernels that lack a call, a process that dies. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/place_rig.h"

enum { BIG = 40 * 1024 * 1024 + 12345, SMALL = 100000, NOBODY = 65534 };

/*--- other file systems */

/* A source in memory; NULL where that is no other file system. */
static const char *elsewhere(void)
{
	struct stat here = stat_of(path("lib")), there;

	if (stat("/dev/shm", &there) == 0 && there.st_dev != here.st_dev &&
	    access("/dev/shm", W_OK) == 0)
		return make_room("/dev/shm");
	skip("/dev/shm is no file system of its own");
	return NULL;
}

START_TEST(across_file_systems_the_next_mode_is_tried)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_REFLINK);
	struct tow_placed done = { 0 };
	struct tow_err e;

	r.source = elsewhere();
	if (!r.source)
		return;
	make_file(path("%s/a", r.source), BIG, 1);
	ck_assert(!place(&r, "a", "x/a", &done, &e));
	ck_assert_str_eq(e.class, "place.mode");
	ck_assert_int_eq(e.code, TOW_FINAL);
	ck_assert_ptr_nonnull(strstr(e.text, "link: Invalid cross-device link, reflink: "));
	ck_assert_int_eq(entries(path("lib")), 0);
	r.modes[2] = PLACE_COPY;
	ck_assert_int_eq(placed(&r, "a", "x/a").mode, PLACE_COPY);
	check_file(path("lib/x/a"), BIG, 1);
	remove_all(r.source);
}
END_TEST

START_TEST(a_move_across_file_systems_copies_and_removes)
{
	struct tow_place_rules r = rules_of(PLACE_MOVE, PLACE_NONE);
	struct tow_placed done;
	struct tow_unplaced did = { .kept = true };

	r.source = elsewhere();
	if (!r.source)
		return;
	make_file(path("%s/b/a", r.source), BIG, 1);
	tow_place_drop(begun(&r, "b/a", "x/a", 2));
	check_file(path("%s/b/a", r.source), BIG, 1);
	done = placed(&r, "b/a", "x/a");
	ck_assert_int_eq(done.mode, PLACE_MOVE);
	ck_assert(done.resumed);
	ck_assert_ptr_nonnull(done.hash);
	check_file(path("lib/x/a"), BIG, 1);
	ck_assert(!is_there(path("%s/b/a", r.source)));
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	ck_assert_int_eq(entries(path("lib/.tow-recycle")), 1);
	remove_all(r.source);
}
END_TEST

START_TEST(what_cannot_be_replaced_stays)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_NONE);
	struct tow_placed done;

	r.source = elsewhere();
	if (!r.source)
		return;
	r.taken = TAKEN_REPLACE;
	make_file(path("%s/a", r.source), SMALL, 1);
	make_file(path("lib/x/a"), SMALL, 2);
	refused(&r, "a", "x/a", TOW_FINAL, "place.mode");
	check_file(path("lib/x/a"), SMALL, 2);
	ck_assert(!is_there(path("lib/.tow-recycle")));
	r.modes[1] = PLACE_COPY;
	done = placed(&r, "a", "x/a");
	check_file(path("lib/x/a"), SMALL, 1);
	check_file(path("lib/%s", done.replaced), SMALL, 2);
	remove_all(r.source);
}
END_TEST

/* In a namespace of its own, so that it goes with this process. */
START_TEST(two_mounts_of_one_file_system)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_NONE);

	make_file(path("in/a"), SMALL, 1);
	if (!may_mount())
		return;
	ck_assert_int_eq(mount(path("lib"), path("lib"), NULL, MS_BIND, NULL), 0);
	ck_assert_uint_eq(stat_of(path("lib")).st_dev, stat_of(path("in")).st_dev); /* a lie */
	refused(&r, "a", "a", TOW_FINAL, "place.mode");
	r.modes[1] = PLACE_COPY;
	ck_assert_int_eq(placed(&r, "a", "a").mode, PLACE_COPY);
}
END_TEST

START_TEST(a_full_disk_is_no_fault_of_the_file)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);

	if (!mounted("size=1m"))
		return;
	make_file(path("in/a"), 2 * MIB, 1);
	refused(&r, "a", "x/a", TOW_RETRY, "local.space");
	ck_assert_int_eq(entries(path("lib")), 0);
	make_file(path("in/b"), MIB / 2, 1);
	r.reserve = MIB;
	refused(&r, "b", "x/b", TOW_RETRY, "local.space");
	r.reserve = MIB / 4;
	placed(&r, "b", "x/b");
	r.source = r.library;
	r.modes[0] = PLACE_LINK; /* which needs none */
	r.reserve = 1000 * MIB;
	ck_assert_int_eq(placed(&r, "x/b", "y/b").mode, PLACE_LINK);
}
END_TEST

START_TEST(a_disk_that_fills_up_leaves_a_part_to_go_on_with)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placing *p;
	struct tow_placed done;
	struct tow_err e;

	if (!mounted("size=48m"))
		return;
	make_file(path("in/big"), BIG, 1);
	p = begun(&r, "big", "x/big", 1);
	make_file(path("lib/filler"), 24 * MIB, 1);
	ck_assert(!tow_place_end(p, &arena, &done, &e));
	ck_assert_str_eq(e.class, "local.space");
	ck_assert_int_eq(e.code, TOW_RETRY);
	ck_assert_int_eq(parts(), 1);
	ck_assert(!is_there(path("lib/x/big")));
	refused(&r, "big", "x/big", TOW_RETRY, "local.space"); /* still */
	ck_assert_int_eq(parts(), 1);
	unlink(path("lib/filler"));
	done = placed(&r, "big", "x/big");
	ck_assert(done.resumed);
	check_file(path("lib/x/big"), BIG, 1);
	ck_assert_int_eq(parts(), 0);
}
END_TEST

START_TEST(a_library_that_is_read_only)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);

	if (!mounted("size=1m"))
		return;
	make_file(path("in/a"), SMALL, 1);
	ck_assert_int_eq(mkdir(path("lib/x"), 0755), 0);
	ck_assert_int_eq(mount(NULL, path("lib"), NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	refused(&r, "a", "a", TOW_RETRY, "local.readonly");
	refused(&r, "a", "x/a", TOW_RETRY, "local.readonly");
	refused(&r, "a", "y/a", TOW_RETRY, "local.readonly");
}
END_TEST

/*--- other users */

/* The kernel keeps /proc/self from whoever has just changed his user. */
static bool as_nobody(void)
{
	if (geteuid() != 0) {
		skip("only root becomes another user");
		return false;
	}
	chmod(room, 0755);
	return setegid(NOBODY) == 0 && seteuid(NOBODY) == 0 &&
	       prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static void as_root(void)
{
	ck_assert(seteuid(0) == 0 && setegid(0) == 0);
}

START_TEST(what_is_denied_is_for_somebody_to_mend)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);

	make_file(path("in/a"), SMALL, 1);
	make_file(path("in/closed"), SMALL, 1);
	chmod(path("in/closed"), 0600);
	if (!as_nobody())
		return;
	refused(&r, "closed", "a", TOW_RETRY, "local.denied");
	refused(&r, "a", "a", TOW_RETRY, "local.denied");
	refused(&r, "a", "x/a", TOW_RETRY, "local.denied");
	as_root();
	chmod(path("lib"), 0777);
	r.group = 4242; /* nobody is not in it */
	ck_assert(as_nobody());
	r.modes[0] = PLACE_COPY;
	refused(&r, "a", "a", TOW_RETRY, "local.denied");
	ck_assert_int_eq(entries(path("lib")), 0);
	as_root();
}
END_TEST

START_TEST(a_link_that_the_kernel_forbids_becomes_what_the_rules_say)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_NONE);
	struct tow_placed done;
	struct tow_err e;
	char *setting = NULL;

	if (!tow_fs_read(&arena, "/proc/sys/fs/protected_hardlinks", &setting, NULL, NULL) ||
	    *setting != '1') {
		skip("fs.protected_hardlinks is off");
		return;
	}
	make_file(path("in/a"), SMALL, 1);
	chmod(path("lib"), 0777);
	if (!as_nobody())
		return;
	ck_assert(!place(&r, "a", "x/a", &done, &e));
	ck_assert_str_eq(e.class, "place.mode");
	ck_assert_ptr_nonnull(strstr(e.hint, "protected_hardlinks"));
	r.modes[1] = PLACE_COPY;
	ck_assert_int_eq(placed(&r, "a", "x/a").mode, PLACE_COPY);
	as_root();
	chmod(path("in/a"), 0666);
	ck_assert(as_nobody());
	ck_assert_int_eq(placed(&r, "a", "y/a").mode, PLACE_LINK);
	as_root();
}
END_TEST

/*--- kernels that lack something */

/* From now on that call fails when its argument has one of these bits. */
static bool deny(unsigned call, unsigned argument, unsigned bits, unsigned error)
{
	const unsigned offset = (unsigned)(offsetof(struct seccomp_data, args) + 8 * argument);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0)
		return true;
	skip("no call can be forbidden here");
	return false;
}

static void check_ways(void)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placed done;
	struct tow_unplaced did = { .kept = true };

	make_file(path("in/deep/er/a"), SMALL, 1);
	make_file(path("in/deep/er/big"), BIG, 2);
	placed(&r, "deep/er/a", "x/a");
	check_file(path("lib/x/a"), SMALL, 1);
	tow_place_drop(begun(&r, "deep/er/big", "x/big", 2));
	ck_assert(placed(&r, "deep/er/big", "x/big").resumed);
	check_file(path("lib/x/big"), BIG, 2);
	refused(&r, "deep/er/a", "x/big", TOW_FINAL, "place.taken");
	ck_assert(placed(&r, "deep/er/a", "x/a").adopted);
	r.taken = TAKEN_REPLACE;
	done = placed(&r, "deep/er/a", "x/big");
	check_file(path("lib/%s", done.replaced), BIG, 2);
	ck_assert(tow_place_undo(r.library, &done, &did, NULL));
	check_file(path("lib/x/big"), BIG, 2);
	r.modes[0] = PLACE_LINK;
	placed(&r, "deep/er/a", "y/a");
	r.modes[0] = PLACE_MOVE;
	placed(&r, "deep/er/big", "y/big");
	check_file(path("lib/y/big"), BIG, 2);
	ck_assert(!is_there(path("in/deep/er/big")));
	ck_assert_int_eq(parts(), 0);
}

static void check_paths(void)
{
	struct tow_place_rules r = rules_of(PLACE_LINK, PLACE_COPY);

	make_file(path("secret/a"), SMALL, 2);
	ck_assert_int_eq(symlink("../secret", path("in/out")), 0);
	ck_assert_int_eq(symlink("../secret/a", path("in/file")), 0);
	refused(&r, "out/a", "z", TOW_FINAL, "place.link");
	refused(&r, "file", "z", TOW_FINAL, "place.link");
	refused(&r, "out", "z", TOW_FINAL, "place.link");
	refused(&r, "none/a", "z", TOW_RETRY, "place.gone");
	refused(&r, "deep/er/a/b", "z", TOW_RETRY, "place.gone");
}

START_TEST(without_openat2)
{
	if (!deny(SYS_openat2, 3, ~0U, ENOSYS))
		return;
	check_ways();
	check_paths();
}
END_TEST

START_TEST(with_openat2_forbidden)
{
	if (!deny(SYS_openat2, 3, ~0U, EPERM))
		return;
	check_ways();
	check_paths();
}
END_TEST

START_TEST(with_everything)
{
	check_ways();
	check_paths();
}
END_TEST

START_TEST(without_nameless_files)
{
	if (deny(SYS_openat, 2, O_TMPFILE & ~O_DIRECTORY, EOPNOTSUPP))
		check_ways();
}
END_TEST

START_TEST(without_rename_that_replaces_nothing)
{
	if (deny(SYS_renameat2, 4, 1, EINVAL) &&
	    deny(SYS_openat, 2, O_TMPFILE & ~O_DIRECTORY, EOPNOTSUPP))
		check_ways();
}
END_TEST

START_TEST(without_copying_in_the_kernel)
{
	if (deny(SYS_copy_file_range, 4, ~0U, EXDEV))
		check_ways();
}
END_TEST

START_TEST(without_syncing_ranges)
{
	if (deny(SYS_sync_file_range, 3, ~0U, ENOSYS))
		check_ways();
}
END_TEST

START_TEST(a_disk_that_fails_while_it_is_synced)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);

	make_file(path("in/a"), SMALL, 1);
	if (!deny(SYS_fsync, 0, ~0U, EIO))
		return;
	refused(&r, "a", "a", TOW_RETRY, "local.io");
	ck_assert(!is_there(path("lib/a")));
	r.modes[0] = PLACE_LINK;
	refused(&r, "a", "a", TOW_RETRY, "local.io");
	ck_assert(!is_there(path("lib/a")));
}
END_TEST

/*--- processes that die */

START_TEST(after_a_crash_it_goes_on)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	struct tow_placed done;
	int status;
	pid_t pid;

	make_file(path("in/big"), BIG, 1);
	pid = fork();
	if (pid == 0) {
		begun(&r, "big", "x/big", 2);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(!is_there(path("lib/x/big")));
	done = placed(&r, "big", "x/big");
	ck_assert(done.resumed);
	check_file(path("lib/x/big"), BIG, 1);
	ck_assert_int_eq(parts(), 0);
}
END_TEST

START_TEST(whoever_is_first_wins)
{
	struct tow_place_rules r = rules_of(PLACE_COPY, PLACE_NONE);
	enum { MANY = 8 };
	char names[MANY][8], who[MANY][8];
	int status, adopted = 0;

	r.taken = TAKEN_SUFFIX;
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%d", i);
		snprintf(who[i], sizeof(who[i]), "d%d", i);
		make_file(path("in/%d", i), 17 * MIB, (uint64_t)i / 2); /* two of each */
	}
	for (int i = 0; i < MANY; i++) {
		r.who = who[i];
		if (fork() == 0)
			_exit(placed(&r, names[i], "x/film.mkv").adopted);
	}
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status));
		adopted += WEXITSTATUS(status);
	}
	ck_assert_int_eq(adopted, MANY / 2);
	ck_assert_int_eq(entries(path("lib/x")), MANY / 2);
	ck_assert_int_eq(parts(), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("place faults");
	tcase_add_checked_fixture(t, enter, leave);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, across_file_systems_the_next_mode_is_tried);
	tcase_add_test(t, a_move_across_file_systems_copies_and_removes);
	tcase_add_test(t, what_cannot_be_replaced_stays);
	tcase_add_test(t, two_mounts_of_one_file_system);
	tcase_add_test(t, a_full_disk_is_no_fault_of_the_file);
	tcase_add_test(t, a_disk_that_fills_up_leaves_a_part_to_go_on_with);
	tcase_add_test(t, a_library_that_is_read_only);
	tcase_add_test(t, what_is_denied_is_for_somebody_to_mend);
	tcase_add_test(t, a_link_that_the_kernel_forbids_becomes_what_the_rules_say);
	tcase_add_test(t, with_everything);
	tcase_add_test(t, without_openat2);
	tcase_add_test(t, with_openat2_forbidden);
	tcase_add_test(t, without_nameless_files);
	tcase_add_test(t, without_rename_that_replaces_nothing);
	tcase_add_test(t, without_copying_in_the_kernel);
	tcase_add_test(t, without_syncing_ranges);
	tcase_add_test(t, a_disk_that_fails_while_it_is_synced);
	tcase_add_test(t, after_a_crash_it_goes_on);
	tcase_add_test(t, whoever_is_first_wins);
	Suite *s = suite_create("place faults");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
