#include "contents.h"

#include <stdlib.h>
#include <string.h>

#include "tow/place.h"
#include "tow/unpack.h"
#include "tow/walk.h"

static const struct tow_walk_limits limits = { .entries = 100000, .depth = 64 };

/*--- the client's list */

static void add_file(struct tow_arena *a, struct tow_buf *b, const char *path, long long size)
{
	const char *text = tow_place_text(a, path);

	tow_buf_addf(b, "{\"size\":%lld,\"path\":", size);
	tow_json_quote(b, text, strlen(text));
}

static const char *files_json(struct tow_arena *a, const struct tow_transfer_files *f)
{
	TOW_AUTO_BUF b = { 0 };

	tow_buf_addc(&b, '[');
	for (size_t i = 0; i < f->n; i++) {
		if (i > 0)
			tow_buf_addc(&b, ',');
		add_file(a, &b, f->of[i].path, f->of[i].size);
		tow_buf_addf(&b, ",\"done\":%lld,\"wanted\":%s}", f->of[i].done,
			     f->of[i].wanted ? "true" : "false");
	}
	tow_buf_addc(&b, ']');
	return tow_strdup(a, b.data);
}

static bool ask(struct tow_job *j, const struct tow_rows *conf, struct tow_transfer_files *f,
		struct tow_err *e)
{
	AUTO_SESSION s = { 0 };

	if (!session_open(&s, conf, e) ||
	    !s.client.driver->files(&s.client, tow_job_arena(j), tow_rows_get(conf, 0, "key"), f,
				    e))
		return false;
	return f->folder || f->made ||
	       tow_fail_class(e, TOW_RETRY, "client.garbled",
			      "the client does not say where its files are");
}

/*--- what lies where the client says */

static void set_files(struct tow_arena *a, const struct tow_walked *w, struct tow_transfer_files *f)
{
	f->n = w->n;
	f->of = tow_alloc(a, (w->n + 1) * sizeof(*f->of));
	for (size_t i = 0; i < w->n; i++)
		f->of[i] = (struct tow_transfer_file){ .path = w->of[i].path,
						       .size = w->of[i].size,
						       .done = w->of[i].size,
						       .wanted = true };
}

/* The paths begin with the folder's own name, as those of a torrent do. */
static bool look(struct tow_job *j, struct tow_db *db, struct tow_transfer_files *f,
		 struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_walked w = { 0 };

	if (!tow_call(db, &rows, e, "haul.made", work_download(j), tow_place_text(a, f->made)))
		return false;
	if (!tow_walk(a, tow_place_bytes(a, tow_rows_get(rows, 0, "root")),
		      tow_place_bytes(a, tow_rows_get(rows, 0, "name")), &limits, &w, e))
		return tow_wrap(e, "the client's '%s'", f->made);
	if (w.left_out > 0)
		tow_job_log(j, TOW_WARN, "left out, as no regular files: %zu, '%s' the first",
			    w.left_out, w.first_out);
	f->folder = tow_place_bytes(a, tow_rows_get(rows, 0, "folder"));
	set_files(a, &w, f);
	return true;
}

/*--- whether it may be read */

static bool refuse(struct tow_err *e, const char *path)
{
	tow_fail_class(e, TOW_FINAL, "config.path", "the client may not have '%s' placed", path);
	return tow_hint(e, "give the client's folders here in its path map; what $TOW_HOME holds "
			   "is Towpath's own, but for downloads");
}

static bool is_private(struct tow_arena *a, const char *home, const char *path)
{
	return tow_target_holds(home, path) &&
	       !tow_target_holds(tow_fmt(a, "%s/downloads", home), path);
}

/* The home may be deeper than the folder. */
static bool files_allowed(struct tow_arena *a, const char *root, const char *home,
			  const struct tow_transfer_files *files, struct tow_err *e)
{
	for (size_t i = 0; i < files->n; i++) {
		const char *path = tow_fmt(a, "%s/%s", root, files->of[i].path);
		TOW_AUTO_FREE char *real = realpath(path, NULL);

		if (real && is_private(a, home, real))
			return refuse(e, path);
	}
	return true;
}

bool contents_allowed(const char *root, const struct tow_transfer_files *files, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_FREE char *real = realpath(root, NULL);
	TOW_AUTO_FREE char *home = realpath(tow_home(&a), NULL);

	if (!tow_target_holds("/", root))
		return refuse(e, root);
	if (!real || !home) /* whoever opens it says why not */
		return true;
	if (is_private(&a, home, real))
		return refuse(e, root);
	return !tow_target_holds(real, home) || files_allowed(&a, real, home, files, e);
}

static bool check_folder(struct tow_job *j, struct tow_db *db, const struct tow_transfer_files *f,
			 struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	const char *root;

	if (!tow_call(db, &rows, e, "haul.source_root", work_download(j), f->folder))
		return false;
	root = tow_place_bytes(tow_job_arena(j), tow_rows_get(rows, 0, "root"));
	return *tow_rows_get(rows, 0, "known") == 't' ? contents_allowed(root, f, e)
						      : refuse(e, root);
}

bool contents_list(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
		   struct contents *c, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);
	struct tow_transfer_files f = { 0 };

	if (!ask(j, conf, &f, e) || (f.made && !look(j, db, &f, e)))
		return false;
	f.folder = tow_place_text(a, f.folder);
	if (!check_folder(j, db, &f, e))
		return false;
	*c = (struct contents){ f, files_json(a, &f), "[]" };
	return true;
}

/*--- archives */

/* Rows of one archive, a volume each. */
struct archive {
	const char *text, *name; /* as SQL has it; its first volume's path */
	struct tow_unpack_volume *volumes;
};

static bool read_archive(struct tow_arena *a, const struct tow_rows *rows, size_t *i,
			 struct archive *x, struct tow_err *e)
{
	size_t n = tow_rows_count(rows), at = *i, end = at;
	const char *missing = tow_rows_get(rows, at, "missing");

	x->text = tow_rows_get(rows, at, "archive");
	x->name = tow_place_bytes(a, x->text);
	while (end < n && strcmp(tow_rows_get(rows, end, "archive"), x->text) == 0)
		end++;
	*i = end;
	x->volumes = tow_alloc(a, (end - at + 1) * sizeof(*x->volumes));
	for (size_t k = at; k < end; k++)
		x->volumes[k - at] = (struct tow_unpack_volume){
			tow_place_bytes(a, tow_rows_get(rows, k, "source")),
			tow_rows_int(rows, k, "size"),
		};
	return !missing || tow_fail_class(e, TOW_FINAL, "release.volumes", "the archive '%s' %s",
					  x->name, missing);
}

static bool unpack(struct tow_job *j, const struct tow_unpack_rules *rules, const struct archive *x,
		   long long total, struct tow_unpacked *got, struct tow_err *e)
{
	struct tow_unpacking *u;

	if (!tow_unpack_begin(&u, rules, x->volumes, e))
		return false;
	while (tow_unpack_more(u)) {
		tow_job_count(j, tow_unpack_written(u), total, x->text);
		if (tow_job_stopping(j)) {
			tow_unpack_drop(u);
			return tow_fail(e, TOW_CANCELLED, "asked to stop");
		}
	}
	return tow_unpack_end(u, tow_job_arena(j), got, e);
}

static bool is_held(const struct tow_transfer_files *f, const char *path, long long size)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->of[i].size == size && strcmp(f->of[i].path, path) == 0)
			return true;
	return false;
}

/* Somebody unpacked it there. */
static bool lies_beside(struct tow_arena *a, const struct tow_transfer_files *f,
			const struct archive *x, const struct tow_unpacked *in)
{
	const char *slash = strrchr(x->name, '/');
	int folder = slash ? (int)(slash + 1 - x->name) : 0;
	size_t i = 0;

	while (i < in->n &&
	       is_held(f, tow_fmt(a, "%.*s%s", folder, x->name, in->of[i].path), in->of[i].size))
		i++;
	return in->n > 0 && i == in->n;
}

static void add_archive(struct tow_arena *a, struct tow_buf *b, const struct archive *x,
			bool beside, const struct tow_unpacked *in)
{
	tow_buf_adds(b, b->len > 1 ? ",{\"archive\":" : "{\"archive\":");
	tow_json_quote(b, x->text, strlen(x->text));
	tow_buf_addf(b, ",\"beside\":%s,\"files\":[", beside ? "true" : "false");
	for (size_t i = 0; i < in->n && !beside; i++) {
		if (i > 0)
			tow_buf_addc(b, ',');
		add_file(a, b, in->of[i].path, in->of[i].size);
		tow_buf_addc(b, '}');
	}
	tow_buf_adds(b, "]}");
}

static struct tow_unpack_rules rules_of(struct tow_arena *a, const struct tow_rows *conf,
					const struct tow_rows *rows)
{
	return (struct tow_unpack_rules){
		.source = tow_place_bytes(a, tow_rows_get(rows, 0, "source_root")),
		.inner_links = *tow_rows_get(conf, 0, "inner_links") == 't',
		.reserve = tow_rows_int(conf, 0, "reserve"),
		.most_bytes = tow_rows_int(conf, 0, "unpack_bytes"),
		.most_entries = tow_rows_int(conf, 0, "unpack_files"),
		.most_times = (int)tow_rows_int(conf, 0, "unpack_times"),
	};
}

/* Twice: what is in it, all of it harmless, and then out of it. */
static bool take(struct tow_job *j, const struct tow_rows *conf, struct tow_unpack_rules rules,
		 const struct contents *c, const struct archive *x, bool only_look,
		 struct tow_buf *json, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);
	struct tow_unpacked in = { 0 };
	bool beside;

	if (!unpack(j, &rules, x, 0, &in, e))
		return false;
	if (in.n == 0 && c->files.n == 1) /* zeros are a tar that has ended already */
		return tow_fail_class(e, TOW_FINAL, "release.archive",
				      "'%s' is no archive, or one that holds no file", x->name);
	beside = lies_beside(a, &c->files, x, &in);
	if (!beside && !only_look) {
		rules.root = tow_rows_get(conf, 0, "root");
		rules.folder = tow_fmt(a, "%s/%s", tow_rows_get(conf, 0, "unpack_folder"), x->name);
		if (!unpack(j, &rules, x, in.bytes, &in, e))
			return false;
	}
	add_archive(a, json, x, beside, &in);
	return true;
}

static bool pass_over(struct tow_job *j, const struct archive *x, struct tow_buf *json,
		      const struct tow_err *e)
{
	const struct tow_unpacked nothing = { 0 };

	if (e->code == TOW_CANCELLED)
		return false;
	tow_job_log(j, TOW_WARN, "%s", e->text);
	add_archive(tow_job_arena(j), json, x, false, &nothing);
	return true;
}

bool contents_unpack(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
		     bool only_look, struct contents *c, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);
	TOW_AUTO_ROWS *rows = NULL;
	TOW_AUTO_BUF json = { 0 };
	struct archive x = { 0 };

	if (!tow_call(db, &rows, e, "haul.archives", work_download(j), c->files.folder,
		      c->files_json))
		return false;
	tow_buf_addc(&json, '[');
	for (size_t i = 0; i < tow_rows_count(rows);) {
		bool good = read_archive(a, rows, &i, &x, e) &&
			    take(j, conf, rules_of(a, conf, rows), c, &x, only_look, &json, e);

		if (!good && !(only_look && pass_over(j, &x, &json, e)))
			return false;
	}
	tow_buf_addc(&json, ']');
	c->unpacked_json = tow_strdup(a, json.data);
	return true;
}

void contents_sweep(struct tow_job *j, const struct tow_rows *conf)
{
	struct tow_err e = { 0 };

	if (!tow_unpack_sweep(tow_rows_get(conf, 0, "root"), tow_rows_get(conf, 0, "unpack_folder"),
			      &e))
		tow_job_log(j, TOW_WARN, "%s", e.text);
}
