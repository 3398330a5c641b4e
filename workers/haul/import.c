/* haul.import: places the files of a download into its library. Archives are unpacked first, and
 * what they hold is placed with the rest. The plan is made in SQL, from the client's own list of
 * files; what is in place stays so, and an attempt that follows does what is left. */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "contents.h"
#include "tow/place.h"

/*--- the library's rules */

static void parse_modes(struct tow_arena *a, const char *list, struct tow_place_rules *r)
{
	char *save = NULL;
	size_t n = 0, most = sizeof(r->modes) / sizeof(*r->modes) - 1;

	for (char *w = strtok_r(tow_strdup(a, list), ",", &save); w && n < most;
	     w = strtok_r(NULL, ",", &save))
		r->modes[n++] = tow_place_mode_from(w);
}

static enum tow_place_taken taken_from(const char *word)
{
	return strcmp(word, "skip") == 0      ? TAKEN_SKIP
	       : strcmp(word, "replace") == 0 ? TAKEN_REPLACE
	       : strcmp(word, "fail") == 0    ? TAKEN_FAIL
					      : TAKEN_SUFFIX;
}

enum { NAMES = 65536 }; /* what the longest group of many members needs */

static bool user_of(struct tow_arena *a, const char *name, uid_t *id)
{
	struct passwd u, *found = NULL;

	*id = (uid_t)-1;
	if (name && getpwnam_r(name, &u, tow_alloc(a, NAMES), NAMES, &found) == 0 && found)
		*id = u.pw_uid;
	return !name || found;
}

static bool group_of(struct tow_arena *a, const char *name, gid_t *id)
{
	struct group g, *found = NULL;

	*id = (gid_t)-1;
	if (name && getgrnam_r(name, &g, tow_alloc(a, NAMES), NAMES, &found) == 0 && found)
		*id = g.gr_gid;
	return !name || found;
}

static bool owners(struct tow_arena *a, const struct tow_rows *conf, struct tow_place_rules *r,
		   struct tow_err *e)
{
	const char *owner = tow_rows_get(conf, 0, "owner_name"),
		   *group = tow_rows_get(conf, 0, "group_name");

	if (!user_of(a, owner, &r->owner))
		return tow_fail_class(e, TOW_FINAL, "config.owner", "there is no user '%s' here",
				      owner);
	if (!group_of(a, group, &r->group))
		return tow_fail_class(e, TOW_FINAL, "config.owner", "there is no group '%s' here",
				      group);
	return true;
}

static bool is_true(const struct tow_rows *rows, const char *column)
{
	const char *word = tow_rows_get(rows, 0, column);

	return word && *word == 't';
}

static bool rules_of(struct tow_arena *a, const struct tow_rows *conf, struct tow_place_rules *r,
		     struct tow_err *e)
{
	*r = (struct tow_place_rules){
		.library = tow_rows_get(conf, 0, "root"),
		.inner_links = is_true(conf, "inner_links"),
		.verify = is_true(conf, "verify"),
		.file_mode = (mode_t)tow_rows_int(conf, 0, "file_mode"),
		.dir_mode = (mode_t)tow_rows_int(conf, 0, "dir_mode"),
		.reserve = tow_rows_int(conf, 0, "reserve"),
		.who = tow_rows_get(conf, 0, "who"),
	};
	parse_modes(a, tow_rows_get(conf, 0, "modes"), r);
	return owners(a, conf, r, e);
}

/*--- files */

/* Each part of the path as a file system takes it. */
static char *safe_path(struct tow_arena *a, const char *path)
{
	TOW_AUTO_BUF b = { 0 };
	char *save = NULL;

	for (char *part = strtok_r(tow_strdup(a, path), "/", &save); part;
	     part = strtok_r(NULL, "/", &save))
		tow_buf_addf(&b, "%s%s", b.len ? "/" : "", tow_place_name(a, part, 16, true));
	return tow_strdup(a, b.data ? b.data : "_");
}

static bool place(struct tow_job *j, const struct tow_place_rules *r,
		  const struct tow_place_what *what, struct tow_placed *placed, struct tow_err *e)
{
	struct tow_placing *p = NULL;

	if (!tow_place_begin(&p, r, what, e))
		return false;
	while (tow_place_more(p)) {
		tow_job_count(j, tow_place_copied(p), what->size, what->to);
		if (tow_job_stopping(j)) {
			tow_place_drop(p);
			return tow_fail(e, TOW_CANCELLED, "asked to stop");
		}
	}
	return tow_place_end(p, tow_job_arena(j), placed, e);
}

static const char *mode_word(const struct tow_placed *p)
{
	if (p->mode == PLACE_NONE)
		return p->same ? "same" : "";
	return tow_place_mode_name(p->mode);
}

static bool tell_placed(struct tow_job *j, struct tow_db *db, const char *file,
			const struct tow_placed *p, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);

	return tow_call(db, NULL, e, "haul.placed", file, tow_place_text(a, p->to), mode_word(p),
			p->hash, tow_fmt(a, "%lld", p->size), tow_fmt(a, "%llu", p->dev),
			tow_fmt(a, "%llu", p->ino), tow_place_text(a, p->replaced),
			p->adopted ? "t" : "f", tow_fmt(a, "%lld", p->former.size),
			tow_fmt(a, "%llu", p->former.ino));
}

/* What was unpacked is ours: it is moved, and in no other way, for it is on that file system. */
static struct tow_place_rules rules_for(struct tow_arena *a,
					const struct tow_place_rules *of_library,
					const struct tow_rows *plan, size_t i)
{
	struct tow_place_rules r = *of_library;

	r.source = tow_place_bytes(a, tow_rows_get(plan, i, "source_root"));
	r.taken = taken_from(tow_rows_get(plan, i, "taken"));
	if (*tow_rows_get(plan, i, "ours") == 't') {
		r.modes[0] = PLACE_MOVE;
		r.modes[1] = PLACE_NONE;
	}
	return r;
}

static bool allows_move(const struct tow_place_rules *r)
{
	size_t i = 0;

	while (r->modes[i] != PLACE_NONE && r->modes[i] != PLACE_MOVE)
		i++;
	return r->modes[i] == PLACE_MOVE;
}

/* A worker that dies between a move and haul.placed leaves a source that is gone for ever, and a
 * file of its size where it was to go: if nobody else placed that one, it is ours. */
static bool was_moved(struct tow_arena *a, const struct tow_place_rules *r,
		      const struct tow_place_what *what, bool held, const struct tow_err *why,
		      struct tow_placed *placed)
{
	return strcmp(why->class, "place.gone") == 0 && allows_move(r) && !held &&
	       tow_place_moved(r->library, what, a, placed);
}

static bool place_row(struct tow_job *j, struct tow_db *db,
		      const struct tow_place_rules *of_library, const struct tow_rows *plan,
		      size_t i, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);
	const char *file = tow_rows_get(plan, i, "id");
	const struct tow_place_rules r = rules_for(a, of_library, plan, i);
	struct tow_placed placed = { 0 };
	struct tow_err also = { 0 };
	struct tow_place_what what = {
		.from = tow_place_bytes(a, tow_rows_get(plan, i, "source")),
		.to = safe_path(a, tow_place_bytes(a, tow_rows_get(plan, i, "target"))),
		.size = tow_rows_int(plan, i, "size"),
	};

	if (place(j, &r, &what, &placed, e) ||
	    was_moved(a, &r, &what, *tow_rows_get(plan, i, "held") == 't', e, &placed))
		return tell_placed(j, db, file, &placed, e);
	if (e->code != TOW_CANCELLED &&
	    !tow_call(db, NULL, &also, "haul.unplaced", file, e->class, tow_place_text(a, e->text)))
		tow_job_log(j, TOW_WARN, "%s", also.text);
	return tow_wrap(e, "'%s'", what.from);
}

/* One that fails does not keep the others from their places; the first failure is the job's. */
static bool place_all(struct tow_job *j, struct tow_db *db, const struct tow_place_rules *r,
		      const struct tow_rows *plan, struct tow_err *e)
{
	bool all = true;

	for (size_t i = 0; i < tow_rows_count(plan); i++) {
		struct tow_err one = { 0 };

		tow_job_count(j, (long long)i, (long long)tow_rows_count(plan), NULL);
		if (place_row(j, db, r, plan, i, &one))
			continue;
		if (all)
			*e = one;
		all = false;
		if (one.code == TOW_CANCELLED || !tow_db_alive(db))
			break;
		tow_job_log(j, TOW_WARN, "%s", one.text);
	}
	return all;
}

/* Whether it went well or not: a disk that is full is one reason why it did not. */
static void measure(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf)
{
	struct tow_err e = { 0 };
	struct statvfs v;

	if (statvfs(tow_rows_get(conf, 0, "root"), &v) != 0)
		return;
	if (!tow_call(db, NULL, &e, "haul.measured", work_download(j),
		      tow_fmt(tow_job_arena(j), "%llu",
			      (unsigned long long)v.f_bavail * v.f_frsize)))
		tow_job_log(j, TOW_WARN, "%s", e.text);
}

static bool place_contents(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
			   const struct tow_place_rules *rules, struct tow_err *e)
{
	TOW_AUTO_ROWS *plan = NULL;
	struct contents c = { 0 };

	return contents_list(j, db, conf, &c, e) && contents_unpack(j, db, conf, false, &c, e) &&
	       tow_call(db, &plan, e, "haul.plan", work_download(j), c.files.folder, c.files_json,
			c.unpacked_json) &&
	       place_all(j, db, rules, plan, e);
}

static bool import(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
		   struct tow_err *e)
{
	struct tow_place_rules rules;
	TOW_AUTO_ROWS *said = NULL;
	bool placed;

	if (!rules_of(tow_job_arena(j), conf, &rules, e))
		return false;
	contents_sweep(j, conf);
	placed = place_contents(j, db, conf, &rules, e);
	contents_sweep(j, conf);
	if (!placed || !tow_call(db, &said, e, "haul.imported", work_download(j)))
		return false;
	tow_job_result(j, tow_rows_at(said, 0, 0));
	return true;
}

/* Its client may seed it for weeks: no attempt is spent. */
static bool wait_for_client(struct tow_job *j, struct tow_err *e)
{
	const char *why =
		"it still seeds, and is to be moved: waits until its client has stopped it";

	tow_job_log(j, TOW_INFO, "%s", why);
	tow_job_progress(j, -1, why);
	return tow_job_snooze(j, e, 300);
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	TOW_AUTO_ROWS *conf = NULL;
	struct tow_db *db;
	bool ok;

	if (!work_begin(j, &db, "haul.begin_import", &conf, e))
		return false;
	if (!conf)
		return true;
	if (!*tow_rows_get(conf, 0, "modes"))
		return wait_for_client(j, e);
	ok = import(j, db, conf, e);
	measure(j, db, conf);
	return ok || work_failed(j, db, conf, e);
}

const struct tow_kind tow_kind_import = {
	.name = "haul.import",
	.help = "places a download's files: {\"download\": ID}; its completion makes it",
	.timeout_s = 86400,
	.wants_db = true,
	.run = run,
};
