/* The lock of tow up: one holds it, and whoever looks is in nobody's way. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tow/fs.h"
#include "tow/uplock.h"

static struct tow_arena arena;
static struct tow_err err;
static char home[] = "/tmp/tow-uplock-XXXXXX";

static void make_home(void)
{
	ck_assert_ptr_nonnull(mkdtemp(home));
}

static void remove_home(void)
{
	unlink(tow_fmt(&arena, "%s/up.lock", home));
	rmdir(home);
	tow_arena_release(&arena);
}

START_TEST(one_holds_it)
{
	int fd = -1, other = -1;
	ck_assert(!tow_uplock_is_held(&arena, home));
	ck_assert(tow_uplock_take(&arena, home, &fd, &err));
	ck_assert(tow_uplock_is_held(&arena, home));
	ck_assert(!tow_uplock_take(&arena, home, &other, &err));
	close(other);
	ck_assert(tow_uplock_is_held(&arena, home));
	ck_assert_int_eq(tow_uplock_holder(&arena, home), getpid());
	ck_assert(tow_uplock_stands(fd));
	unlink(tow_fmt(&arena, "%s/up.lock", home));
	ck_assert(!tow_uplock_stands(fd));
	close(fd);
	ck_assert_int_eq(tow_uplock_holder(&arena, home), 0);
	ck_assert(!tow_uplock_is_held(&arena, home));
}
END_TEST

/* As `tow db stop` asks, ever again. */
START_TEST(whoever_looks_holds_nobody_up)
{
	pid_t looker = fork();
	if (looker == 0)
		for (;; tow_arena_reset(&arena))
			tow_uplock_is_held(&arena, home);
	for (int i = 0; i < 20000; i++) {
		int fd = -1;
		ck_assert_msg(tow_uplock_take(&arena, home, &fd, &err), "%d: %s", i, err.text);
		close(fd);
	}
	kill(looker, SIGKILL);
	waitpid(looker, NULL, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("uplock");
	TCase *t = tcase_create("uplock");
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, make_home, remove_home);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, one_holds_it);
	tcase_add_test(t, whoever_looks_holds_nobody_up);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
