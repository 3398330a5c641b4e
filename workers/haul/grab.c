/* haul.grab: gives a download to its client, once. A tag of its own finds it again: whether the
 * client took it is asked before it is given a second time. What the client holds already may be
 * somebody else's, in a category that no listing of ours has: so it is asked for that torrent by
 * its hash, and haul.held says whose it is. */
#include <string.h>

#include "listing.h"
#include "session.h"
#include "source.h"

struct grab {
	struct tow_job *job;
	struct tow_db *db;
	struct session session;
	struct tow_transfer_new new;
	const char *key; /* what the client calls it, once it has it and says so */
	bool held;	 /* it is not to be given */
};

static void grab_release(struct grab *g)
{
	session_close(&g->session);
}
#define AUTO_GRAB __attribute__((cleanup(grab_release))) struct grab

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

	if (!tow_rows_get(rows, 0, "type"))
		return tow_fail_class(e, TOW_RETRY, "42883",
				      "this database is older than the worker: run tow migrate");
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

/* What a link led to; other attempts get that from the database. */
static bool keep_source(struct grab *g, struct tow_err *e)
{
	const char *text = g->new.data ? g->new.data : g->new.link;
	size_t len = g->new.data ? g->new.data_len : strlen(text);

	return tow_call(g->db, NULL, e, "haul.keep_source", work_download(g->job),
			tow_fmt(tow_job_arena(g->job), "\\x%s",
				tow_hex(tow_job_arena(g->job), text, len)));
}

static bool fail_gone(const char *host, struct tow_err *e)
{
	tow_fail_class(e, TOW_FINAL, "release.gone", "there is nothing at the link to %s",
		       host ? host : "nowhere");
	return tow_hint(e, "look for another link, and give it as another download: tow haul add");
}

/* Where we cannot read it the client may: then it says itself what it holds already. But it is not
 * sent where we would not go, nor to what is not there: some say nothing of it. Of a link the log
 * has the host alone: its path may hold a passkey. */
static bool read_source(struct grab *g, struct torrent_id *id, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(g->job);
	const char *host = tow_client_host(a, g->new.link);
	const struct source_limits limits = { .timeout_ms = g->session.conf.timeout_ms,
					      .most = g->session.client.driver->most_data };
	const char *link = g->new.link;
	struct tow_err why = { 0 };

	if (source_read(a, &g->new, &limits, id, &why))
		return g->new.link == link || keep_source(g, e);
	if (strcmp(why.class, "http.inside") == 0)
		return *e = why, false;
	if (strcmp(why.class, "http.404") == 0 || strcmp(why.class, "http.410") == 0)
		return fail_gone(host, e);
	tow_job_log(g->job, TOW_INFO, "the link to %s is left to the client: %s",
		    host ? host : "nowhere", why.class);
	return true;
}

static bool check_version(const struct grab *g, const struct torrent_id *id, struct tow_err *e)
{
	const struct tow_client_driver *driver = g->session.client.driver;

	if (id->v1 || !id->v2 || (driver->can & CLIENT_CAN_V2))
		return true;
	tow_fail_class(e, TOW_FINAL, "client.refused",
		       "%s takes no torrent that is of version 2 alone", driver->title);
	return tow_hint(e, "give it to a client of another kind: tow client drivers says which; or "
			   "look for one of version 1");
}

/* What nobody here can tell from another one could be somebody else's, and the client's own word
 * about it is poor: most take it, and drop it. */
static bool check_data(const struct grab *g, const struct torrent_id *id, struct tow_err *e)
{
	if (!g->new.data || id->v1 || id->v2)
		return true;
	tow_fail_class(e, TOW_FINAL, "release.garbled",
		       "this is no .torrent, or one that is spoilt");
	return tow_hint(e, "get the file anew: a page of a website is often saved in its place");
}

/* *t stays empty where it holds none of that hash. */
static bool ask_client(struct grab *g, const char *hash, struct tow_transfer *t, struct tow_err *e)
{
	struct tow_client *c = &g->session.client;

	if (!c->driver->by_hash || c->driver->by_hash(c, tow_job_arena(g->job), hash, t, e))
		return true;
	if (strcmp(e->class, "client.gone") != 0)
		return false;
	*e = (struct tow_err){ 0 };
	return true;
}

/* Some know one of both versions by the one hash, some by the other. */
static bool look(struct grab *g, const struct torrent_id *id, struct tow_transfer *t,
		 struct tow_err *e)
{
	return (!id->v1 || ask_client(g, id->v1, t, e)) &&
	       (t->key || !id->v2 ||
		ask_client(g, tow_strndup(tow_job_arena(g->job), id->v2, TORRENT_DIGITS), t, e));
}

/* Whose it is is for the database to say: what has the tag of another download was that one's. */
static bool ask_held(struct grab *g, const struct torrent_id *id, struct tow_err *e)
{
	const char *hash = torrent_hash(tow_job_arena(g->job), id);
	struct tow_transfer t = { 0 };
	TOW_AUTO_ROWS *rows = NULL;
	TOW_AUTO_BUF there = { 0 };

	if (!hash)
		return true;
	if (!look(g, id, &t, e))
		return false;
	if (t.key && t.state != TRANSFER_DELETED)
		listing_add_transfer(&there, &t);
	if (!tow_call(g->db, &rows, e, "haul.held", work_download(g->job), hash, id->v2,
		      there.data))
		return false;
	g->held = strcmp(tow_rows_at(rows, 0, 0), "t") == 0;
	g->new.ours = there.data && !g->held;
	if (g->new.ours && has_tag(&t, g->new.tag))
		g->key = t.key;
	return true;
}

static bool add(struct grab *g, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(g->job);
	struct tow_client *c = &g->session.client;

	return g->key || c->driver->add(c, a, &g->new, &g->key, e) ||
	       is_ours(&g->session, a, g->new.tag, &g->key, e);
}

/* Of a link that only the client could read it says which torrent that is; and what was not there a
 * moment ago may have come meanwhile. */
static bool add_held(struct grab *g, struct tow_err *e)
{
	struct torrent_id id = { .v1 = g->key };

	if (strcmp(e->class, "client.held") != 0 || !g->key)
		return false;
	g->key = NULL;
	*e = (struct tow_err){ 0 };
	return ask_held(g, &id, e) && (g->held || add(g, e));
}

static bool say_lost(struct grab *g, struct tow_err *e)
{
	const char *lost = ignored(tow_job_arena(g->job), &g->session.client, &g->new);

	return !lost || tow_job_attempt(g->job) > 1 ||
	       tow_call(g->db, NULL, e, "haul.acted", work_download(g->job), "options", lost);
}

static bool give(struct grab *g, const char *type, struct tow_err *e)
{
	struct tow_arena *a = tow_job_arena(g->job);
	struct torrent_id id = { 0 };

	if (strcmp(type, "torrent") == 0 && (!read_source(g, &id, e) || !check_data(g, &id, e)))
		return false;
	if (!check_version(g, &id, e) || !ask_held(g, &id, e))
		return false;
	if (g->held)
		return true;
	if (!say_lost(g, e) || (!g->key && tow_job_attempt(g->job) > 1 &&
				!find(&g->session, a, g->new.tag, &g->key, e)))
		return false;
	return add(g, e) || add_held(g, e);
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	AUTO_GRAB g = { .job = j };

	if (!work_begin(j, &g.db, "haul.begin_grab", &rows, e))
		return false;
	if (!rows)
		return true;
	if (!unpack(tow_job_arena(j), rows, &g.new, e) || !session_open(&g.session, rows, e) ||
	    !give(&g, tow_rows_get(rows, 0, "type"), e))
		return work_failed(j, g.db, rows, e);
	if (g.held)
		return true;
	/* our own database may be away, and only another attempt looks for what the client has */
	return tow_call(g.db, NULL, e, "haul.grabbed", work_download(j), g.key);
}

const struct tow_kind tow_kind_grab = {
	.name = "haul.grab",
	.help = "gives a download to its client: {\"download\": ID}; haul.grab makes it",
	.timeout_s = 300,
	.wants_db = true,
	.run = run,
};
