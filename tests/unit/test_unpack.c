#include <archive.h>
#include <archive_entry.h>
#include <sys/statvfs.h>

#include "place_rig.h"
#include "tow/unpack.h"

#define FOLDER ".tow-unpack/tow42/a.rar"

/*--- making archives */

enum { ZIP, SEVEN, TAR_GZ };

struct entry {
	const char *name;
	const char *data; /* NULL: noise of size */
	size_t size;
	int type;	    /* 0: a file */
	const char *points; /* what a link points to */
};

static void put(struct archive *made, const struct entry *x)
{
	struct archive_entry *entry = archive_entry_new();
	size_t size = x->data ? strlen(x->data) : x->size;

	archive_entry_copy_pathname(entry, x->name);
	archive_entry_set_filetype(entry, x->type ? (unsigned)x->type : AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, 1000000000, 0);
	if (x->type == AE_IFLNK)
		archive_entry_copy_symlink(entry, x->points);
	else if (x->points)
		archive_entry_copy_hardlink(entry, x->points);
	if (!x->type && !x->points)
		archive_entry_set_size(entry, (la_int64_t)size);
	ck_assert_msg(archive_write_header(made, entry) >= ARCHIVE_WARN, "%s",
		      archive_error_string(made));
	if (!x->type && !x->points && size > 0)
		ck_assert_int_eq(archive_write_data(made, x->data ? x->data : noise(size, size),
						    size),
				 (la_ssize_t)size);
	archive_entry_free(entry);
}

static void make(const char *file, int how, const char *password, const struct entry *entries)
{
	struct archive *made = archive_write_new();

	if (how == ZIP)
		archive_write_set_format_zip(made);
	else if (how == SEVEN)
		archive_write_set_format_7zip(made);
	else
		archive_write_set_format_gnutar(made);
	if (how == TAR_GZ)
		archive_write_add_filter_gzip(made);
	if (password) {
		ck_assert_int_eq(archive_write_set_options(made, "zip:encryption=zipcrypt"),
				 ARCHIVE_OK);
		ck_assert_int_eq(archive_write_set_passphrase(made, password), ARCHIVE_OK);
	}
	ck_assert_int_eq(archive_write_open_filename(made, file), ARCHIVE_OK);
	for (; entries->name; entries++)
		put(made, entries);
	ck_assert_int_eq(archive_write_close(made), ARCHIVE_OK);
	archive_write_free(made);
}

/* Stored RAR 4, which no free program writes: a marker, a header, for each volume a part of the one
 * file, an end. */
static uint32_t crc32_of(const void *data, size_t len)
{
	const unsigned char *s = data;
	uint32_t crc = ~0u;

	while (len--) {
		crc ^= *s++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void add_number(struct tow_buf *b, unsigned long long value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		tow_buf_addc(b, (char)(value >> 8 * i));
}

static void add_block(struct tow_buf *b, int type, int flags, const struct tow_buf *rest)
{
	TOW_AUTO_BUF block = { 0 };

	add_number(&block, (unsigned)type, 1);
	add_number(&block, (unsigned)flags, 2);
	add_number(&block, 7 + rest->len, 2);
	tow_buf_add(&block, rest->data, rest->len);
	add_number(b, crc32_of(block.data, block.len) & 0xffff, 2);
	tow_buf_add(b, block.data, block.len);
}

static void make_rar(const char *file, const char *name, const char *data, size_t size, size_t from,
		     size_t to)
{
	bool first = from == 0, last = to == size, alone = first && last;
	TOW_AUTO_BUF rar = { 0 };
	TOW_AUTO_BUF rest = { 0 };

	tow_buf_add(&rar, "Rar!\x1a\x07\0", 7);
	add_number(&rest, 0, 6);
	add_block(&rar, 0x73, alone ? 0 : 0x0001 | (first ? 0x0100 : 0), &rest);
	tow_buf_reset(&rest);
	add_number(&rest, to - from, 4);
	add_number(&rest, size, 4);
	add_number(&rest, 3, 1); /* from Unix */
	add_number(&rest, last ? crc32_of(data, size) : crc32_of(data + from, to - from), 4);
	add_number(&rest, 0x2d2d6c20, 4);
	add_number(&rest, 20, 1);
	add_number(&rest, 0x30, 1); /* stored */
	add_number(&rest, strlen(name), 2);
	add_number(&rest, 0100644, 4);
	tow_buf_adds(&rest, name);
	add_block(&rar, 0x74, 0x8000 | (first ? 0 : 1) | (last ? 0 : 2), &rest);
	tow_buf_add(&rar, data + from, to - from);
	tow_buf_reset(&rest);
	add_block(&rar, 0x7b, last ? 0x4000 : 0x4001, &rest);
	write_file(file, rar.data, rar.len);
}

/*--- unpacking */

static struct tow_unpack_rules to_lib(void)
{
	return (struct tow_unpack_rules){ .source = path("in"),
					  .root = path("lib"),
					  .folder = FOLDER,
					  .most_bytes = 1LL << 39,
					  .most_entries = 100,
					  .most_times = 50 };
}

/* As big as they are. */
static const struct tow_unpack_volume *volumes_of(const char *const *paths)
{
	struct tow_unpack_volume *made = tow_alloc(&arena, 10 * sizeof(*made));

	for (size_t i = 0; paths[i]; i++)
		made[i] = (struct tow_unpack_volume){ paths[i], -1 };
	return made;
}
#define VOLUMES(...) volumes_of((const char *const[]){ __VA_ARGS__, NULL })

static bool unpack(const struct tow_unpack_rules *r, const struct tow_unpack_volume *volumes,
		   struct tow_unpacked *got, struct tow_err *e)
{
	struct tow_unpacking *u;

	if (!tow_unpack_begin(&u, r, volumes, e))
		return false;
	while (tow_unpack_more(u))
		;
	return tow_unpack_end(u, &arena, got, e);
}

static struct tow_unpacked unpacked(const struct tow_unpack_rules *r,
				    const struct tow_unpack_volume *volumes)
{
	struct tow_unpacked got = { 0 };
	struct tow_err e = { 0 };

	ck_assert_msg(unpack(r, volumes, &got, &e), "%s: %s", e.class, e.text);
	return got;
}

/* Listed and unpacked alike: refused, with nothing outside and, when swept, nothing at all. */
static const char *refuses(const struct tow_unpack_rules *rules, const char *volume,
			   enum tow_code code, const char *class)
{
	struct tow_unpacked got = { .n = 77 };
	struct tow_err e = { 0 };

	ck_assert_msg(!unpack(rules, VOLUMES(volume), &got, &e), "'%s' was unpacked", volume);
	ck_assert_msg(strcmp(e.class, class) == 0, "%s: %s, not %s", e.class, e.text, class);
	ck_assert_int_eq(e.code, code);
	ck_assert_uint_eq(got.n, 77);
	ck_assert(tow_unpack_sweep(path("lib"), FOLDER, NULL));
	ck_assert_int_eq(entries(path("lib")), 0);
	return tow_fmt(&arena, "%s (%s)", e.text, e.hint);
}

static void no_release(const char *volume, const char *class)
{
	struct tow_unpack_rules r = to_lib();

	refuses(&r, volume, TOW_FINAL, class);
}

static void read_as(const char *file, const char *data)
{
	char *got;
	size_t len;

	ck_assert_msg(tow_fs_read(&arena, file, &got, &len, NULL), "%s", file);
	ck_assert_str_eq(got, data);
}

static const struct entry good[] = { { .name = "./", .type = AE_IFDIR },
				     { .name = "Sub/", .type = AE_IFDIR },
				     { "Sub/a.txt", "a text", 0, 0, NULL },
				     { "b.bin", NULL, 300001, 0, NULL },
				     { "./c", "", 0, 0, NULL },
				     { 0 } };

START_TEST(each_kind_of_archive)
{
	static const char *const names[] = { "a.zip", "a.7z", "a.tar.gz" };

	for (int how = ZIP; how <= TAR_GZ; how++) {
		struct tow_unpack_rules r = to_lib(), list = to_lib();
		struct tow_unpacked got, listed;

		list.root = NULL;
		make(path("in/%s", names[how]), how, NULL, good);
		got = unpacked(&r, VOLUMES(names[how]));
		ck_assert_uint_eq(got.n, 3);
		ck_assert_int_eq(got.bytes, 300007);
		read_as(path("lib/" FOLDER "/Sub/a.txt"), "a text");
		check_file(path("lib/" FOLDER "/b.bin"), 300001, 300001);
		ck_assert_int_eq(stat_of(path("lib/" FOLDER "/b.bin")).st_mtime, 1000000000);
		ck_assert_int_eq(stat_of(path("lib/" FOLDER "/c")).st_size, 0);
		ck_assert(tow_unpack_sweep(path("lib"), FOLDER, NULL));
		ck_assert_int_eq(entries(path("lib")), 0);
		listed = unpacked(&list, VOLUMES(names[how]));
		ck_assert_uint_eq(listed.n, got.n);
		for (size_t i = 0; i < got.n; i++) {
			ck_assert_str_eq(listed.of[i].path, got.of[i].path);
			ck_assert_int_eq(listed.of[i].size, got.of[i].size);
		}
		ck_assert_int_eq(entries(path("lib")), 0);
	}
}
END_TEST

START_TEST(rar_in_volumes)
{
	struct tow_unpack_rules r = to_lib();
	struct tow_unpacked got;
	const char *data = noise(900000, 5);

	make_rar(path("in/one.rar"), "film.mkv", data, 1000, 0, 1000);
	got = unpacked(&r, VOLUMES("one.rar"));
	ck_assert_uint_eq(got.n, 1);
	ck_assert(tow_unpack_sweep(path("lib"), FOLDER, NULL));
	make_rar(path("in/x.rar"), "film.mkv", data, 900000, 0, 400000);
	make_rar(path("in/x.r00"), "film.mkv", data, 900000, 400000, 800000);
	make_rar(path("in/x.r01"), "film.mkv", data, 900000, 800000, 900000);
	got = unpacked(&r, VOLUMES("x.rar", "x.r00", "x.r01"));
	ck_assert_uint_eq(got.n, 1);
	ck_assert_str_eq(got.of[0].path, "film.mkv");
	check_file(path("lib/" FOLDER "/film.mkv"), 900000, 5);
	ck_assert(tow_unpack_sweep(path("lib"), FOLDER, NULL));
	no_release("x.rar", "release.volumes"); /* the others are missing */
}
END_TEST

START_TEST(split_anywhere)
{
	struct tow_unpack_rules r = to_lib();
	size_t len;
	char *data;

	make(path("in/whole.7z"), SEVEN, NULL, good);
	ck_assert(tow_fs_read(&arena, path("in/whole.7z"), &data, &len, NULL));
	write_file(path("in/x.7z.001"), data, 1000);
	write_file(path("in/x.7z.002"), data + 1000, 100000);
	write_file(path("in/x.7z.003"), data + 101000, len - 101000);
	ck_assert_uint_eq(unpacked(&r, VOLUMES("x.7z.001", "x.7z.002", "x.7z.003")).n, 3);
	check_file(path("lib/" FOLDER "/b.bin"), 300001, 300001);
}
END_TEST

/* A path in an archive of each kind that can hold it is refused, whatever is before it. */
static void hostile(const struct entry *bad)
{
	const struct entry entries_of[] = { { "good.txt", "good", 0, 0, NULL }, *bad, { 0 } };

	for (int how = ZIP; how <= TAR_GZ; how++) {
		if (how != TAR_GZ && (bad->points || (bad->type && bad->type != AE_IFLNK)))
			continue;
		make(path("in/bad"), how, NULL, entries_of);
		no_release("bad", "release.refused");
		ck_assert(!is_there(path("evil")));
	}
}

START_TEST(entries_that_would_get_out)
{
	hostile(&(struct entry){ "../evil", "x", 0, 0, NULL });
	hostile(&(struct entry){ "a/../../evil", "x", 0, 0, NULL });
	hostile(&(struct entry){ path("evil"), "x", 0, 0, NULL });
	hostile(&(struct entry){ "link", NULL, 0, AE_IFLNK, "/etc" });
	hostile(&(struct entry){ "hard", NULL, 0, 0, "../../../../in/secret" });
	hostile(&(struct entry){ "hard", NULL, 0, 0, "good.txt" });
	hostile(&(struct entry){ "pipe", NULL, 0, AE_IFIFO, NULL });
	hostile(&(struct entry){ "device", NULL, 0, AE_IFCHR, NULL });
	hostile(&(struct entry){ "good.txt", "again", 0, 0, NULL });
	hostile(&(struct entry){ "good.txt/below", "x", 0, 0, NULL });
}
END_TEST

START_TEST(names_that_are_too_much)
{
	char longest[300], deepest[400];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	hostile(&(struct entry){ longest, "x", 0, 0, NULL });
	for (size_t i = 0; i < sizeof(deepest); i++)
		deepest[i] = i % 2 ? '/' : 'd';
	deepest[sizeof(deepest) - 1] = '\0';
	hostile(&(struct entry){ deepest, "x", 0, 0, NULL });
}
END_TEST

START_TEST(names_that_are_no_text_stay)
{
	const struct entry latin[] = { { "caf\xe9.txt", "latin", 0, 0, NULL },
				       { "\u00e9t\u00e9", "utf", 0, 0, NULL },
				       { 0 } };
	struct tow_unpack_rules r = to_lib();
	struct tow_unpacked got;

	make(path("in/a.tgz"), TAR_GZ, NULL, latin);
	got = unpacked(&r, VOLUMES("a.tgz"));
	ck_assert_str_eq(got.of[0].path, "caf\xe9.txt");
	read_as(path("lib/" FOLDER "/caf\xe9.txt"), "latin");
	read_as(path("lib/" FOLDER "/\u00e9t\u00e9"), "utf");
}
END_TEST

START_TEST(bombs)
{
	const size_t size = 20 * MIB;
	char *zeros = tow_xcalloc(1, size + 1);
	struct tow_unpack_rules r = to_lib();
	const struct entry one[] = { { "zeros", memset(zeros, '0', size), 0, 0, NULL }, { 0 } };

	make(path("in/bomb"), ZIP, NULL, one);
	ck_assert_ptr_nonnull(strstr(refuses(&r, "bomb", TOW_FINAL, "release.refused"), "bomb"));
	r.most_times = 100000;
	ck_assert_uint_eq(unpacked(&r, VOLUMES("bomb")).n, 1);
	ck_assert(tow_unpack_sweep(path("lib"), FOLDER, NULL));
	r.most_bytes = 1000;
	ck_assert_ptr_nonnull(
		strstr(refuses(&r, "bomb", TOW_FINAL, "release.refused"), "--unpack-bytes"));
	r = to_lib();
	r.most_entries = 2;
	make(path("in/many"), ZIP, NULL, good);
	ck_assert_ptr_nonnull(
		strstr(refuses(&r, "many", TOW_FINAL, "release.refused"), "--unpack-files"));
	r.most_entries = 3;
	unpacked(&r, VOLUMES("many"));
	free(zeros);
}
END_TEST

START_TEST(what_is_encrypted)
{
	make(path("in/a.zip"), ZIP, "secret", good);
	no_release("a.zip", "release.password");
}
END_TEST

START_TEST(what_is_damaged)
{
	struct tow_err e = { 0 };
	static const char *const names[] = { "a.zip", "a.7z", "a.tar.gz" };
	struct tow_unpack_rules r = to_lib();

	for (int how = ZIP; how <= TAR_GZ; how++) {
		off_t size;
		int fd;

		make(path("in/%s", names[how]), how, NULL, good);
		size = stat_of(path("in/%s", names[how])).st_size;
		fd = open(path("in/%s", names[how]), O_WRONLY);
		ck_assert_int_eq(pwrite(fd, "damaged", 7, size / 2), 7);
		close(fd);
		if (how != TAR_GZ) /* whose checksum the library does not look at */
			no_release(names[how], "release.archive");
		ck_assert_int_eq(truncate(path("in/%s", names[how]), size / 2), 0);
		no_release(names[how], "release.archive");
	}
	make_file(path("in/noise"), 5000, 1);
	no_release("noise", "release.archive");
	make_file(path("in/empty"), 0, 1);
	no_release("empty", "release.archive");
	ck_assert(!unpack(&r, (struct tow_unpack_volume[]){ { "noise", 4999 }, { 0 } }, NULL, &e));
	ck_assert_str_eq(e.class, "place.size"); /* before anybody blames the release */
	refuses(&r, "not there", TOW_RETRY, "place.gone");
	refuses(&r, "../lib", TOW_FINAL, "place.name");
	ck_assert_int_eq(symlink(path("in/noise"), path("in/link")), 0);
	refuses(&r, "link", TOW_FINAL, "place.link");
}
END_TEST

START_TEST(what_the_disk_cannot_take)
{
	struct tow_unpack_rules r = to_lib();
	struct statvfs v;

	make(path("in/a.zip"), ZIP, NULL, good);
	ck_assert_int_eq(statvfs(path("lib"), &v), 0);
	r.reserve = (long long)v.f_bavail * (long long)v.f_frsize + (1LL << 40);
	refuses(&r, "a.zip", TOW_RETRY, "local.space");
	r = to_lib();
	r.root = path("nowhere");
	ck_assert(!unpack(&r, VOLUMES("a.zip"), &(struct tow_unpacked){ 0 }, NULL));
}
END_TEST

START_TEST(a_disk_that_fills_up)
{
	struct tow_unpack_rules r = to_lib();

	make(path("in/a.zip"), ZIP, NULL, good);
	if (!mounted("size=200k"))
		return;
	refuses(&r, "a.zip", TOW_RETRY, "local.space");
}
END_TEST

START_TEST(broken_off)
{
	struct tow_unpack_rules r = to_lib();
	struct tow_unpacking *u;

	make_file(path("lib/mine"), 10, 1);
	make_file(path("lib/.tow-unpack/tow43/theirs"), 10, 1);
	make(path("in/a.zip"), ZIP, NULL, good);
	ck_assert(tow_unpack_begin(&u, &r, VOLUMES("a.zip"), NULL));
	for (int i = 0; i < 4; i++)
		ck_assert(tow_unpack_more(u));
	tow_unpack_drop(u);
	tow_unpack_drop(NULL);
	ck_assert(is_there(path("lib/" FOLDER "/Sub/a.txt")));
	ck_assert_int_eq(symlink(path("lib/mine"), path("lib/" FOLDER "/link")), 0);
	ck_assert_int_eq(symlink(path("lib"), path("lib/" FOLDER "/folder")), 0);
	ck_assert(tow_unpack_sweep(path("lib"), ".tow-unpack/tow42", NULL));
	ck_assert(tow_unpack_sweep(path("lib"), ".tow-unpack/tow42", NULL));
	ck_assert(!is_there(path("lib/.tow-unpack/tow42")));
	ck_assert(is_there(path("lib/mine")) && is_there(path("lib/.tow-unpack/tow43/theirs")));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("unpack");
	tcase_add_checked_fixture(t, enter, leave);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, each_kind_of_archive);
	tcase_add_test(t, rar_in_volumes);
	tcase_add_test(t, split_anywhere);
	tcase_add_test(t, entries_that_would_get_out);
	tcase_add_test(t, names_that_are_too_much);
	tcase_add_test(t, names_that_are_no_text_stay);
	tcase_add_test(t, bombs);
	tcase_add_test(t, what_is_encrypted);
	tcase_add_test(t, what_is_damaged);
	tcase_add_test(t, what_the_disk_cannot_take);
	tcase_add_test(t, a_disk_that_fills_up);
	tcase_add_test(t, broken_off);
	Suite *s = suite_create("unpack");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
