/* haul.act: tells a client something about a download. "done" is what follows an import: the tag
 * that says so, and the category where what is placed is put. What came of it is written down: a
 * client that has no such thing says so there. */
#include <string.h>

#include "session.h"
#include "tow/place.h"

static const struct {
	const char *name;
	enum tow_client_act act;
} acts[] = {
	{ "pause", CLIENT_PAUSE },     { "resume", CLIENT_RESUME },
	{ "recheck", CLIENT_RECHECK }, { "reannounce", CLIENT_REANNOUNCE },
	{ "remove", CLIENT_REMOVE },   { "remove_data", CLIENT_REMOVE_DATA },
};

static bool tell(struct tow_job *j, struct session *s, const char *key, const char *what,
		 struct tow_err *e)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (strcmp(acts[i].name, what) == 0)
			return s->client.driver->act(&s->client, tow_job_arena(j), key, acts[i].act,
						     e);
	return tow_fail(e, TOW_FINAL, "bad act '%s'", what);
}

static bool put_into(struct tow_job *j, struct session *s, struct tow_db *db, const char *key,
		     const char *category, struct tow_err *e)
{
	const struct tow_client_driver *driver = s->client.driver;

	if (driver->set_category)
		return driver->set_category(&s->client, tow_job_arena(j), key, category, e);
	return tow_call(db, NULL, e, "haul.acted", work_download(j), "done",
			"it cannot change the category of what it has downloaded");
}

/* *said is NULL where nothing was to be done, or nothing could be. */
static bool done(struct tow_job *j, struct session *s, struct tow_db *db,
		 const struct tow_rows *rows, const char *key, const char **said, struct tow_err *e)
{
	const struct tow_client_driver *driver = s->client.driver;
	const char *tag = tow_rows_get(rows, 0, "done_tag");
	const char *category = tow_rows_get(rows, 0, "done_category");
	bool tags = tag && (driver->can & CLIENT_CAN_TAG), moves = category && driver->set_category;

	*said = tags || moves ? tow_fmt(tow_job_arena(j), "%s%s%s%s%s", tags ? "tag " : "",
					tags ? tag : "", tags && moves ? ", " : "",
					moves ? "category " : "", moves ? category : "")
			      : NULL;
	if (tags && !driver->add_tag(&s->client, tow_job_arena(j), key, tag, e))
		return false;
	return !category || put_into(j, s, db, key, category, e);
}

/* What our workers fetched may be the last of it by now, whatever was placed once. */
static bool is_last(struct tow_job *j, struct tow_db *db, const char **last, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;

	if (!tow_call(db, &rows, e, "haul.needed", work_download(j)))
		return false;
	for (size_t i = 0; i < tow_rows_count(rows) && !*last; i++) {
		const char *root = tow_rows_get(rows, i, "root");
		const char *target = tow_rows_get(rows, i, "target");

		if (!root || !tow_place_has(root, tow_place_bytes(tow_job_arena(j), target),
					    tow_rows_int(rows, i, "size")))
			*last = tow_fmt(tow_job_arena(j),
					"'%s' is not in a library any more, so what was fetched "
					"stays",
					target);
	}
	return true;
}

/* What it does not hold needs nothing done; what it refuses will be refused again. */
static bool written_down(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
			 const char *what, bool ok, const char *said, struct tow_err *e)
{
	bool gone = !ok && strcmp(e->class, "client.gone") == 0;
	struct tow_err also = { 0 };

	if (ok || gone)
		return tow_call(db, NULL, e, "haul.acted", work_download(j), what, NULL,
				ok ? said : NULL);
	if (!work_waits(j, db, conf, e) && e->code == TOW_FINAL &&
	    !tow_call(db, NULL, &also, "haul.acted", work_download(j), what, e->text, NULL,
		      e->class))
		tow_job_log(j, TOW_WARN, "%s", also.text);
	return false;
}

static bool act(struct tow_job *j, struct tow_err *e)
{
	const char *what = tow_json_str(tow_job_args(j), "act", ""), *key, *said = what,
		   *last = NULL;
	TOW_AUTO_ROWS *rows = NULL;
	AUTO_SESSION s = { 0 };
	struct tow_db *db;
	bool ok;

	if (!work_names_download(j, e) || !tow_job_db(j, &db, e))
		return false;
	if (!tow_call(db, &rows, e, "haul.begin_act", work_download(j), what)) {
		(void)work_waits(j, db, NULL, e);
		return false;
	}
	if (tow_rows_count(rows) == 0)
		return true; /* nobody has it, or it is to stay after all */
	if (strcmp(what, "remove_data") == 0 && !is_last(j, db, &last, e))
		return false;
	if (last) {
		what = "remove";
		said = last;
		tow_job_log(j, TOW_WARN, "%s", last);
	}
	key = tow_rows_get(rows, 0, "key");
	ok = session_open(&s, rows, e) &&
	     (strcmp(what, "done") == 0 ? done(j, &s, db, rows, key, &said, e)
					: tell(j, &s, key, what, e));
	return written_down(j, db, rows, what, ok, said, e);
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	if (act(j, e))
		return true;
	(void)work_again(j, e);
	return false;
}

const struct tow_kind tow_kind_act = {
	.name = "haul.act",
	.help = "tells a client about a download: {\"download\": ID, \"act\": \"pause\"}",
	.timeout_s = 300,
	.wants_db = true,
	.run = run,
};
