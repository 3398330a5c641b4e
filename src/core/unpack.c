#include "tow/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unpacking.h"

enum {
	BUFFER = 256 * 1024,
	TURN = 16 * 1024 * 1024,
	HARMLESS = 16 * 1024 * 1024,
	LONGEST_PATH = 1024,
	DEEPEST = 64
};

struct volume {
	struct tow_unpacking *u;
	const char *path;
	int fd;
	off_t at, size;
};

struct tow_unpacking {
	struct tow_arena arena;
	struct tow_unpack_rules rules;
	struct archive *archive;
	locale_t utf8; /* names are converted to the locale's characters */
	struct volume *volumes;
	size_t n_volumes;
	int source, room;
	char *buffer;
	int read_error; /* an errno, of read_path */
	const char *read_path;

	bool opened; /* its format is known: questions may be asked of it */
	bool failed, over;
	struct tow_err err;

	/* the entry that is being written */
	int file;
	const char *name;
	time_t changed;
	long long size;	 /* that it says; -1 */
	long long reach; /* where its data ends, as far as that is known */

	long long packed, most;	    /* bytes */
	long long written, entries; /* of what is complete */
	struct tow_unpacked_file *files;
	size_t n, room_for;
};

/*--- volumes, as the library reads them */

static int open_volume(struct volume *v)
{
	struct tow_unpacking *u = v->u;

	if (v->fd < 0)
		v->fd = place_open(u->source, v->path, O_RDONLY | O_NONBLOCK | O_NOCTTY,
				   u->rules.inner_links);
	return v->fd;
}

static la_ssize_t fail_read(struct archive *archive, struct volume *v)
{
	v->u->read_error = errno;
	v->u->read_path = v->path;
	archive_set_error(archive, errno, "cannot read");
	return ARCHIVE_FATAL;
}

static la_ssize_t read_some(struct archive *archive, void *data, const void **buffer)
{
	struct volume *v = data;
	ssize_t n;

	if (open_volume(v) < 0)
		return fail_read(archive, v);
	do
		n = pread(v->fd, v->u->buffer, BUFFER, v->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_read(archive, v);
	v->at += n;
	*buffer = v->u->buffer;
	return n;
}

/* No further than its end: what is beyond is the next one's. */
static la_int64_t skip_some(struct archive *archive, void *data, la_int64_t request)
{
	struct volume *v = data;
	off_t left = v->at < v->size ? v->size - v->at : 0, n = request < left ? request : left;

	(void)archive;
	v->at += n;
	return n;
}

static la_int64_t seek_to(struct archive *archive, void *data, la_int64_t offset, int whence)
{
	struct volume *v = data;
	off_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? v->at : v->size;

	if (offset > v->size || from + offset < 0) {
		archive_set_error(archive, EINVAL, "it points beyond its end");
		return ARCHIVE_FATAL;
	}
	v->at = from + offset;
	return v->at;
}

static int change_volume(struct archive *archive, void *from, void *to)
{
	(void)archive;
	if (from)
		tow_closep(&((struct volume *)from)->fd);
	((struct volume *)to)->at = 0;
	return ARCHIVE_OK;
}

/*--- errors */

static const char *name_of(const struct tow_unpacking *u)
{
	return u->volumes[0].path;
}

static bool refuse(struct tow_unpacking *u, const char *entry, const char *why, struct tow_err *e)
{
	return tow_fail_class(e, TOW_FINAL, "release.refused", "the archive '%s': '%s' %s",
			      name_of(u), entry, why);
}

static bool is_encrypted(struct tow_unpacking *u, const char *text)
{
	return (u->opened && archive_read_has_encrypted_entries(u->archive) > 0) ||
	       strcasestr(text, "encrypt") || strcasestr(text, "passphrase");
}

static bool fail_password(struct tow_unpacking *u, struct tow_err *e)
{
	return tow_fail_class(e, TOW_FINAL, "release.password", "the archive '%s' is encrypted",
			      name_of(u));
}

static bool is_alone(struct tow_unpacking *u)
{
	unsigned char head[64];
	ssize_t n;

	if (u->n_volumes != 1 || open_volume(&u->volumes[0]) < 0)
		return false;
	n = pread(u->volumes[0].fd, head, sizeof(head), 0);
	return n > 0 && unpack_is_volume(name_of(u), head, (size_t)n);
}

static bool fail_damaged(struct tow_unpacking *u, const char *why, struct tow_err *e)
{
	if (!is_alone(u))
		return tow_fail_class(e, TOW_FINAL, "release.archive",
				      "the archive '%s' is not good: %s", name_of(u), why);
	return tow_fail_class(e, TOW_FINAL, "release.volumes",
			      "the archive '%s' is one of several volumes, and the others are not "
			      "here",
			      name_of(u));
}

static bool fail_archive(struct tow_unpacking *u, struct tow_err *e)
{
	const char *text = archive_error_string(u->archive);

	text = text ? text : "damaged";
	if (u->read_error)
		return place_fail_from(e, "read", u->read_path, u->read_error);
	if (is_encrypted(u, text))
		return fail_password(u, e);
	return fail_damaged(u, text, e);
}

/*--- an entry */

/* A folder need not be named: those of files are made. The archive's own is "./" here and there. */
static bool is_root(const char *path)
{
	return *path != '/' && path[strspn(path, "./")] == '\0' && !strstr(path, "..");
}

static size_t depth(const char *path)
{
	size_t n = 1;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

static bool check_path(struct tow_unpacking *u, const char *path, struct tow_err *e)
{
	struct tow_err why = { 0 };

	if (!path || !*path)
		return refuse(u, "", "is no name", e);
	if (strlen(path) > LONGEST_PATH || depth(path) > DEEPEST)
		return refuse(u, tow_strndup(&u->arena, path, 100), "lies too deep", e);
	if (!place_clean(&u->arena, path, &u->name, &why))
		return refuse(u, path, "would leave its folder", e);
	return true;
}

static bool check_size(struct tow_unpacking *u, long long reach, struct tow_err *e)
{
	if (reach >= 0 && reach <= u->most - u->written)
		return true;
	tow_fail_class(e, TOW_FINAL, "release.refused",
		       "the archive '%s' of %lld bytes holds more than %lld: it is taken for "
		       "a bomb",
		       name_of(u), u->packed, u->most);
	return tow_hint(e, "if it is none, raise its library's --unpack-bytes or --unpack-times");
}

static bool begin_file(struct tow_unpacking *u, struct archive_entry *entry, struct tow_err *e)
{
	u->size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
	u->reach = 0;
	if (++u->entries > u->rules.most_entries) {
		tow_fail_class(e, TOW_FINAL, "release.refused",
			       "the archive '%s' holds more than %lld files", name_of(u),
			       u->rules.most_entries);
		return tow_hint(e, "if that is right, raise its library's --unpack-files");
	}
	if (u->size >= 0 && !check_size(u, u->size, e))
		return false;
	if (u->room < 0)
		return true;
	return unpack_create(u->room, u->name, &u->file, e) ||
	       tow_wrap(e, "the archive '%s'", name_of(u));
}

static void add_file(struct tow_unpacking *u, long long size)
{
	if (u->n == u->room_for) {
		u->room_for = u->room_for ? u->room_for * 2 : 16;
		u->files = tow_xrealloc(u->files, u->room_for * sizeof(*u->files));
	}
	u->files[u->n++] = (struct tow_unpacked_file){ u->name, size };
	u->written += size > 0 ? size : 0;
	u->reach = 0;
}

static bool is_plain(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry) &&
	       !archive_entry_symlink(entry);
}

static bool next_entry(struct tow_unpacking *u, struct tow_err *e)
{
	struct archive_entry *entry;
	int got = archive_read_next_header(u->archive, &entry);
	const char *path;

	u->over = got == ARCHIVE_EOF;
	if (u->over)
		return true;
	if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
		return fail_archive(u, e);
	path = archive_entry_pathname(entry);
	if (archive_entry_is_encrypted(entry))
		return fail_password(u, e);
	if (archive_entry_filetype(entry) == AE_IFDIR && path && is_root(path))
		return true;
	if (!check_path(u, path, e))
		return false;
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return true;
	if (!is_plain(entry))
		return refuse(u, path, "is a link or a device", e);
	if (!begin_file(u, entry, e))
		return false;
	u->changed = archive_entry_mtime(entry);
	if (u->file < 0)
		add_file(u, u->size);
	return true;
}

/*--- its data */

static bool end_file(struct tow_unpacking *u, bool has_holes, struct tow_err *e)
{
	if (u->size > u->reach && !has_holes)
		return fail_damaged(u, tow_fmt(&u->arena, "'%s' is shorter than it says", u->name),
				    e);
	if (u->size > u->reach) {
		if (ftruncate(u->file, u->size) != 0)
			return place_fail(e, "write", u->name, errno);
		u->reach = u->size;
	}
	unpack_times(u->file, u->changed);
	tow_closep(&u->file);
	add_file(u, u->reach);
	return true;
}

static bool write_entry(struct tow_unpacking *u, struct tow_err *e)
{
	long long turn = 0;

	while (turn < TURN) {
		const void *data;
		size_t len;
		la_int64_t offset;
		int got = archive_read_data_block(u->archive, &data, &len, &offset);

		if (got == ARCHIVE_EOF)
			return end_file(u, offset > u->reach, e);
		if (got != ARCHIVE_OK)
			return fail_archive(u, e);
		if (offset < 0 || !check_size(u, offset + (long long)len, e) ||
		    !unpack_write(u->file, u->name, data, len, offset, u->rules.reserve, e))
			return false;
		u->reach = offset + (long long)len > u->reach ? offset + (long long)len : u->reach;
		turn += (long long)len;
	}
	return true;
}

/*--- from the beginning to the end */

static struct archive *reader(void)
{
	struct archive *made = archive_read_new();

	if (!made)
		abort();
	archive_read_support_filter_gzip(made);
	archive_read_support_filter_bzip2(made);
	archive_read_support_filter_xz(made);
	archive_read_support_filter_lzma(made);
	archive_read_support_filter_zstd(made);
	archive_read_support_filter_lz4(made);
	archive_read_support_format_zip(made);
	archive_read_support_format_7zip(made);
	archive_read_support_format_rar(made);
	archive_read_support_format_rar5(made);
	archive_read_support_format_tar(made);
	archive_read_set_read_callback(made, read_some);
	archive_read_set_skip_callback(made, skip_some);
	archive_read_set_seek_callback(made, seek_to);
	archive_read_set_switch_callback(made, change_volume);
	return made;
}

/* Closed again: there may be more of them than a process may have open. */
static bool find_volume(struct volume *v, const struct tow_unpack_volume *of, struct tow_err *e)
{
	struct stat st;

	if (!place_clean(&v->u->arena, of->path, &v->path, e))
		return false;
	if (open_volume(v) < 0 || fstat(v->fd, &st) != 0)
		return place_fail_from(e, "open", v->path, errno);
	tow_closep(&v->fd);
	if (!S_ISREG(st.st_mode))
		return tow_fail_class(e, TOW_FINAL, "place.kind", "'%s' is no regular file",
				      v->path);
	if (of->size >= 0 && of->size != st.st_size)
		return tow_fail_class(e, TOW_RETRY, "place.size",
				      "'%s' has %lld bytes, and should have %lld", v->path,
				      (long long)st.st_size, of->size);
	v->size = st.st_size;
	return true;
}

static bool find_volumes(struct tow_unpacking *u, const struct tow_unpack_volume *volumes,
			 struct tow_err *e)
{
	while (volumes[u->n_volumes].path)
		u->n_volumes++;
	u->volumes = tow_alloc(&u->arena, u->n_volumes * sizeof(*u->volumes));
	for (size_t i = 0; i < u->n_volumes; i++)
		u->volumes[i] = (struct volume){ .u = u, .fd = -1 };
	for (size_t i = 0; i < u->n_volumes; i++) {
		if (!find_volume(&u->volumes[i], &volumes[i], e))
			return false;
		u->packed += u->volumes[i].size;
		archive_read_append_callback_data(u->archive, &u->volumes[i]);
	}
	return true;
}

static void set_most(struct tow_unpacking *u)
{
	long long times;

	if (__builtin_mul_overflow(u->packed, (long long)u->rules.most_times, &times))
		times = u->rules.most_bytes;
	u->most = times < HARMLESS ? HARMLESS : times;
	if (u->most > u->rules.most_bytes)
		u->most = u->rules.most_bytes;
}

static bool begin(struct tow_unpacking *u, const struct tow_unpack_volume *volumes,
		  struct tow_err *e)
{
	if (!place_root(&u->source, u->rules.source, O_PATH, e) || !find_volumes(u, volumes, e) ||
	    (u->rules.root && !unpack_room(&u->room, u->rules.root, u->rules.folder, e)))
		return false;
	set_most(u);
	u->opened = archive_read_open1(u->archive) == ARCHIVE_OK;
	return u->opened || fail_archive(u, e);
}

bool tow_unpack_begin(struct tow_unpacking **u, const struct tow_unpack_rules *rules,
		      const struct tow_unpack_volume *volumes, struct tow_err *e)
{
	struct tow_unpacking *made = tow_xcalloc(1, sizeof(*made));

	*made = (struct tow_unpacking){ .rules = *rules, .source = -1, .room = -1, .file = -1 };
	made->archive = reader();
	made->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	made->buffer = tow_alloc(&made->arena, BUFFER);
	if (!begin(made, volumes, e)) {
		tow_unpack_drop(made);
		return false;
	}
	*u = made;
	return true;
}

bool tow_unpack_more(struct tow_unpacking *u)
{
	locale_t before;

	if (u->failed || u->over)
		return false;
	before = uselocale(u->utf8);
	u->failed = !(u->file >= 0 ? write_entry(u, &u->err) : next_entry(u, &u->err));
	uselocale(before);
	return !u->failed && !u->over;
}

long long tow_unpack_written(const struct tow_unpacking *u)
{
	return u->written + u->reach;
}

bool tow_unpack_end(struct tow_unpacking *u, struct tow_arena *a, struct tow_unpacked *unpacked,
		    struct tow_err *e)
{
	bool good;

	while (tow_unpack_more(u))
		;
	good = !u->failed;
	if (good) {
		*unpacked = (struct tow_unpacked){ .n = u->n, .bytes = u->written };
		unpacked->of = tow_alloc(a, u->n * sizeof(*unpacked->of) + 1);
		for (size_t i = 0; i < u->n; i++)
			unpacked->of[i] =
				(struct tow_unpacked_file){ tow_strdup(a, u->files[i].path),
							    u->files[i].size };
	} else if (e) {
		*e = u->err;
	}
	tow_unpack_drop(u);
	return good;
}

void tow_unpack_drop(struct tow_unpacking *u)
{
	if (!u)
		return;
	archive_read_free(u->archive);
	for (size_t i = 0; u->volumes && i < u->n_volumes; i++)
		tow_closep(&u->volumes[i].fd);
	tow_closep(&u->source);
	tow_closep(&u->room);
	tow_closep(&u->file);
	if (u->utf8)
		freelocale(u->utf8);
	free(u->files);
	tow_arena_release(&u->arena);
	free(u);
}
