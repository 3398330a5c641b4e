#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/place_rig.h"
#include "tow/walk.h"

static const struct tow_walk_limits plenty = { .entries = 1000, .depth = 64 };

static int by_path(const void *x, const void *y)
{
	return strcmp(((const struct tow_walked_file *)x)->path,
		      ((const struct tow_walked_file *)y)->path);
}

/* "path size, path size", in order. */
static const char *said(const struct tow_walked *w)
{
	const char *all = "";

	qsort(w->of, w->n, sizeof(*w->of), by_path);
	for (size_t i = 0; i < w->n; i++)
		all = tow_fmt(&arena, "%s%s%s %lld", all, i ? ", " : "", w->of[i].path,
			      w->of[i].size);
	return all;
}

static struct tow_walked walked(const char *what)
{
	struct tow_walked w = { 0 };
	struct tow_err e = { 0 };

	ck_assert_msg(tow_walk(&arena, path("in"), what, &plenty, &w, &e), "%s: %s", e.class,
		      e.text);
	return w;
}

static void refuses(const char *what, const struct tow_walk_limits *limits, enum tow_code code,
		    const char *class)
{
	struct tow_walked untouched = { .n = 77 };
	struct tow_err e = { 0 };

	ck_assert_msg(!tow_walk(&arena, path("in"), what, limits, &untouched, &e),
		      "'%s' was walked", what);
	ck_assert_str_eq(e.class, class);
	ck_assert_int_eq(e.code, code);
	ck_assert_uint_eq(untouched.n, 77);
}

START_TEST(all_files_of_a_folder_and_none_beside_it)
{
	struct tow_walked w;

	make_file(path("in/job/film.mkv"), 5, 1);
	make_file(path("in/job/Subs/en.srt"), 3, 1);
	make_file(path("in/job/.hidden"), 0, 1);
	make_file(path("in/other/secret"), 9, 1);
	ck_assert_int_eq(mkdir(path("in/job/empty"), 0755), 0);
	w = walked("job");
	ck_assert_str_eq(said(&w), "job/.hidden 0, job/Subs/en.srt 3, job/film.mkv 5");
	ck_assert_uint_eq(w.left_out, 0);
	ck_assert_ptr_null(w.first_out);
	w = walked("job/empty");
	ck_assert_uint_eq(w.n, 0);
}
END_TEST

START_TEST(one_file_is_itself)
{
	struct tow_walked w;

	make_file(path("in/film.mkv"), 5, 1);
	make_file(path("in/other.mkv"), 6, 1);
	w = walked("film.mkv");
	ck_assert_str_eq(said(&w), "film.mkv 5");
}
END_TEST

START_TEST(names_are_bytes)
{
	struct tow_walked w;

	make_file(path("in/job/caf\xe9/\xff\n.mkv"), 5, 1);
	w = walked("job");
	ck_assert_str_eq(said(&w), "job/caf\xe9/\xff\n.mkv 5");
}
END_TEST

START_TEST(links_and_special_files_are_left_out)
{
	struct sockaddr_un u = { .sun_family = AF_UNIX };
	TOW_AUTO_FD s = socket(AF_UNIX, SOCK_STREAM, 0);
	struct tow_walked w;

	make_file(path("in/job/film.mkv"), 5, 1);
	make_file(path("in/other/secret"), 9, 1);
	ck_assert_int_eq(symlink("/etc/passwd", path("in/job/passwd")), 0);
	ck_assert_int_eq(symlink("../other", path("in/job/other")), 0);
	ck_assert_int_eq(symlink("film.mkv", path("in/job/again.mkv")), 0);
	ck_assert_int_eq(symlink(".", path("in/job/round")), 0);
	ck_assert_int_eq(mkfifo(path("in/job/pipe"), 0600), 0);
	snprintf(u.sun_path, sizeof(u.sun_path), "%s", path("in/job/socket"));
	ck_assert_int_eq(bind(s, (struct sockaddr *)&u, sizeof(u)), 0);
	w = walked("job");
	ck_assert_str_eq(said(&w), "job/film.mkv 5");
	ck_assert_uint_eq(w.left_out, 6);
	ck_assert(strncmp(w.first_out, "job/", 4) == 0);
}
END_TEST

START_TEST(what_is_mounted_is_left_out)
{
	struct tow_walked w;

	if (!may_mount())
		return;
	make_file(path("in/job/film.mkv"), 5, 1);
	make_file(path("in/job/elsewhere/x"), 1, 1);
	make_file(path("in/job/one"), 1, 1);
	make_file(path("lib/secret"), 9, 1);
	/* Of the same file system: its device says nothing. */
	ck_assert_int_eq(mount(path("lib"), path("in/job/elsewhere"), NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(mount(path("lib/secret"), path("in/job/one"), NULL, MS_BIND, NULL), 0);
	w = walked("job");
	umount2(path("in/job/elsewhere"), MNT_DETACH);
	umount2(path("in/job/one"), MNT_DETACH);
	ck_assert_str_eq(said(&w), "job/film.mkv 5");
	ck_assert_uint_eq(w.left_out, 2);
}
END_TEST

START_TEST(the_folder_itself_is_what_it_says)
{
	make_file(path("lib/film.mkv"), 5, 1);
	make_file(path("in/job/film.mkv"), 5, 1);
	ck_assert_int_eq(symlink(path("lib"), path("in/link")), 0);
	ck_assert_int_eq(symlink("job", path("in/inner")), 0);
	ck_assert_int_eq(mkfifo(path("in/pipe"), 0600), 0);
	refuses("link", &plenty, TOW_FINAL, "place.link");
	refuses("link/film.mkv", &plenty, TOW_FINAL, "place.link");
	refuses("inner", &plenty, TOW_FINAL, "place.link");
	refuses("pipe", &plenty, TOW_FINAL, "place.kind");
	refuses("none", &plenty, TOW_RETRY, "place.gone");
	refuses("../lib", &plenty, TOW_FINAL, "place.name");
	refuses("job/..", &plenty, TOW_FINAL, "place.name");
	refuses(".", &plenty, TOW_FINAL, "place.name");
	refuses("/", &plenty, TOW_FINAL, "place.name");
}
END_TEST

START_TEST(the_root_may_be_a_link)
{
	struct tow_walked w = { 0 };

	make_file(path("in/job/film.mkv"), 5, 1);
	ck_assert_int_eq(symlink("in", path("there")), 0);
	ck_assert(tow_walk(&arena, path("there"), "job", &plenty, &w, NULL));
	ck_assert_str_eq(said(&w), "job/film.mkv 5");
}
END_TEST

START_TEST(there_are_limits)
{
	const char *deep = "in/job";

	for (int i = 0; i < 5; i++)
		deep = tow_fmt(&arena, "%s/d", deep);
	make_file(path("%s/film.mkv", deep), 5, 1); /* 5 folders and a file */
	refuses("job", &(struct tow_walk_limits){ 1000, 4 }, TOW_FINAL, "release.files");
	refuses("job", &(struct tow_walk_limits){ 5, 5 }, TOW_FINAL, "release.files");
	ck_assert(tow_walk(&arena, path("in"), "job", &(struct tow_walk_limits){ 6, 5 },
			   &(struct tow_walked){ 0 }, NULL));
}
END_TEST

START_TEST(what_may_not_be_read_is_not_passed_over)
{
	make_file(path("in/job/locked/film.mkv"), 5, 1);
	ck_assert_int_eq(chmod(room, 0755), 0);
	ck_assert_int_eq(chmod(path("in/job/locked"), 0), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	refuses("job", &plenty, TOW_RETRY, "local.denied");
	ck_assert_int_eq(seteuid(getuid()), 0);
	ck_assert_int_eq(chmod(path("in/job/locked"), 0755), 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("place walk");
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, all_files_of_a_folder_and_none_beside_it);
	tcase_add_test(t, one_file_is_itself);
	tcase_add_test(t, names_are_bytes);
	tcase_add_test(t, links_and_special_files_are_left_out);
	tcase_add_test(t, what_is_mounted_is_left_out);
	tcase_add_test(t, the_folder_itself_is_what_it_says);
	tcase_add_test(t, the_root_may_be_a_link);
	tcase_add_test(t, there_are_limits);
	tcase_add_test(t, what_may_not_be_read_is_not_passed_over);
	Suite *s = suite_create("place walk");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
