/* haul.act: tells a client something about a download. "done" is what follows an import: the tag
 * that says so, and then, when it need not seed any more, its removal where the library asks for
 * that. */
#include <string.h>

#include "session.h"

#define SEEDS_S 300 /* how often to look whether it still does */

static const struct {
	const char *name;
	enum tow_client_act act;
} acts[] = {
	{ "pause", CLIENT_PAUSE },     { "resume", CLIENT_RESUME },
	{ "recheck", CLIENT_RECHECK }, { "reannounce", CLIENT_REANNOUNCE },
	{ "remove", CLIENT_REMOVE },   { "remove_data", CLIENT_REMOVE_DATA },
};

static bool is_gone(const struct tow_err *e)
{
	return strcmp(e->class, "client.gone") == 0;
}

static bool tell(struct tow_job *j, struct tow_db *db, struct session *s, const char *key,
		 const char *what, struct tow_err *e)
{
	size_t i = 0, n = sizeof(acts) / sizeof(*acts);

	while (i < n && strcmp(acts[i].name, what) != 0)
		i++;
	if (i == n)
		return tow_fail(e, TOW_FINAL, "bad act '%s'", what);
	if (!s->client.driver->act(&s->client, tow_job_arena(j), key, acts[i].act, e) &&
	    !is_gone(e))
		return false;
	return tow_call(db, NULL, e, "haul.acted", work_download(j), what);
}

static bool done(struct tow_job *j, struct tow_db *db, struct session *s,
		 const struct tow_rows *rows, const char *key, struct tow_err *e)
{
	const char *tag = tow_rows_get(rows, 0, "done_tag"),
		   *removal = tow_rows_get(rows, 0, "done_remove"),
		   *may = tow_rows_get(rows, 0, "may_remove");

	if (tag && (s->client.driver->can & CLIENT_CAN_TAG) && !tow_step(j, "tagged")) {
		if (!s->client.driver->add_tag(&s->client, tow_job_arena(j), key, tag, e) ||
		    !tow_step_done(j, "tagged", NULL, e))
			return false;
	}
	if (strcmp(removal, "no") == 0)
		return true;
	if (!may || *may != 't')
		return tow_job_snooze(j, e, SEEDS_S);
	return tell(j, db, s, key, strcmp(removal, "data") == 0 ? "remove_data" : "remove", e);
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	const char *what = tow_json_str(tow_job_args(j), "act", ""), *key;
	TOW_AUTO_ROWS *rows = NULL;
	AUTO_SESSION s = { 0 };
	struct tow_db *db;
	bool ok;

	if (!tow_job_db(j, &db, e) || !tow_call(db, &rows, e, "haul.begin_act", work_download(j)))
		return false;
	if (tow_rows_count(rows) == 0)
		return true; /* nobody has it (any more) */
	key = tow_rows_get(rows, 0, "key");
	ok = session_open(&s, rows, e) &&
	     (strcmp(what, "done") == 0 ? done(j, db, &s, rows, key, e)
					: tell(j, db, &s, key, what, e));
	return ok || is_gone(e);
}

const struct tow_kind tow_kind_act = {
	.name = "haul.act",
	.help = "tells a client about a download: {\"download\": ID, \"act\": \"pause\"}",
	.timeout_s = 300,
	.wants_db = true,
	.run = run,
};
