/* haul.grab: gives a download to its client, once. A tag of its own finds it again: whether the
 * client took it is asked before it is given a second time. */
#include <string.h>

#include "session.h"
#include "torrent.h"

static bool has_tag(const struct tow_transfer *t, const char *tag)
{
	for (const char *const *own = t->tags; own && *own; own++)
		if (strcmp(*own, tag) == 0)
			return true;
	return false;
}

/* An earlier attempt whose answer was lost. */
static bool find(struct session *s, struct tow_arena *a, const char *tag, const char **key,
		 struct tow_err *e)
{
	struct tow_listing l = { 0 };

	if (!s->client.driver->list(&s->client, a, &l, e))
		return false;
	for (size_t i = 0; i < l.n; i++)
		if (has_tag(&l.of[i], tag))
			*key = l.of[i].key;
	return true;
}

static bool unpack(struct tow_arena *a, const struct tow_rows *rows, struct tow_transfer_new *t,
		   struct tow_err *e)
{
	const char *data = tow_rows_get(rows, 0, "data"),
		   *options = tow_rows_get(rows, 0, "options");
	TOW_AUTO_JSON *o = NULL;

	if (!tow_json_parse(&o, options, strlen(options), e))
		return false;
	*t = (struct tow_transfer_new){
		.link = tow_rows_get(rows, 0, "link"),
		.name = tow_rows_get(rows, 0, "name"),
		.tag = tow_rows_get(rows, 0, "own_tag"),
		.folder = tow_strdup(a, tow_json_str(o, "folder", NULL)),
		.paused = tow_json_bool(o, "paused", false),
		.sequential = tow_json_bool(o, "sequential", false),
		.down_limit = tow_json_int(o, "down_limit", 0),
		.up_limit = tow_json_int(o, "up_limit", 0),
		.ratio_limit = tow_json_num(o, "ratio_limit", -1),
		.seed_limit = tow_json_int(o, "seed_limit", -1),
	};
	if (data)
		t->data = tow_unhex(a, data, &t->data_len);
	return true;
}

/* What was asked for and this client cannot: it gets the download all the same, and people are
 * told.
 */
static const char *ignored(struct tow_arena *a, const struct tow_client *c,
			   const struct tow_transfer_new *t)
{
	const struct {
		bool asked;
		unsigned can;
		const char *name;
	} all[] = {
		{ c->conf->category, CLIENT_CAN_CATEGORY, "category" },
		{ t->sequential, CLIENT_CAN_SEQUENTIAL, "sequential" },
		{ t->down_limit > 0, CLIENT_CAN_LIMIT, "down_limit" },
		{ t->up_limit > 0, CLIENT_CAN_LIMIT, "up_limit" },
		{ t->ratio_limit >= 0, CLIENT_CAN_RATIO, "ratio_limit" },
		{ t->seed_limit >= 0, CLIENT_CAN_SEED_TIME, "seed_limit" },
	};
	TOW_AUTO_BUF b = { 0 };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i].asked && !(c->driver->can & all[i].can))
			tow_buf_addf(&b, "%s%s", b.len ? ", " : "", all[i].name);
	return b.len ? tow_fmt(a, "it cannot be told %s", b.data) : NULL;
}

/* What it would not take it may hold already, given to it before somebody paused or cancelled. */
static bool is_ours(struct session *s, struct tow_arena *a, const char *tag, const char **key,
		    struct tow_err *e)
{
	struct tow_err also = { 0 };

	return strcmp(e->class, "client.refused") == 0 && find(s, a, tag, key, &also) && *key;
}

/* Most clients do not say which torrent it is that they hold already; some say nothing at all. */
static bool ask_held(struct tow_job *j, struct tow_db *db, const struct tow_transfer_new *t,
		     bool *held, struct tow_err *e)
{
	const char *hash = torrent_hash(tow_job_arena(j), t);
	TOW_AUTO_ROWS *rows = NULL;

	*held = false;
	if (!hash)
		return true;
	if (!tow_call(db, &rows, e, "haul.held", work_download(j), hash))
		return false;
	*held = strcmp(tow_rows_at(rows, 0, 0), "t") == 0;
	return true;
}

static bool give(struct tow_job *j, struct tow_db *db, const struct tow_rows *rows,
		 const struct tow_transfer_new *t, const char **key, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(j);
	AUTO_SESSION s = { 0 };
	const char *lost;

	if (!session_open(&s, rows, e))
		return false;
	lost = ignored(a, &s.client, t);
	if (lost && tow_job_attempt(j) == 1 &&
	    !tow_call(db, NULL, e, "haul.acted", work_download(j), "options", lost))
		return false;
	if (tow_job_attempt(j) > 1 && !find(&s, a, t->tag, key, e))
		return false;
	return *key || s.client.driver->add(&s.client, a, t, key, e) ||
	       is_ours(&s, a, t->tag, key, e);
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_transfer_new t;
	const char *key = NULL;
	struct tow_db *db;
	bool held;

	if (!work_begin(j, &db, "haul.begin_grab", &rows, e))
		return false;
	if (!rows)
		return true;
	if (!unpack(tow_job_arena(j), rows, &t, e) || !ask_held(j, db, &t, &held, e))
		return work_failed(j, db, rows, e);
	if (held)
		return true;
	if (!give(j, db, rows, &t, &key, e))
		return work_failed(j, db, rows, e);
	/* our own database may be away, and only another attempt looks for what the client has */
	return tow_call(db, NULL, e, "haul.grabbed", work_download(j), key);
}

const struct tow_kind tow_kind_grab = {
	.name = "haul.grab",
	.help = "gives a download to its client: {\"download\": ID}; haul.grab makes it",
	.timeout_s = 300,
	.wants_db = true,
	.run = run,
};
