/* What qBittorrent holds: torrents as it tells them, listings whole and by changes.
 *
 * It is followed by sync/maindata, which tells only what has changed since, and narrowed to a
 * category or tag here. Before 4.6 it goes through all that it holds to find out what has changed:
 * there a narrowed listing is asked for as such. */
#include <stdint.h>
#include <string.h>

#include "qbittorrent.h"

#define ETA_UNKNOWN 8640000
#define SYNC_API    2009000 /* 4.6: it knows what has changed without looking */

/*--- what a torrent is */

static enum tow_transfer_state state_of(const char *text)
{
	static const struct {
		const char *text;
		enum tow_transfer_state state;
	} table[] = {
		{ "downloading", TRANSFER_DOWNLOADING },
		{ "forcedDL", TRANSFER_DOWNLOADING },
		{ "stalledDL", TRANSFER_STALLED },
		{ "metaDL", TRANSFER_METADATA },
		{ "forcedMetaDL", TRANSFER_METADATA },
		{ "queuedDL", TRANSFER_QUEUED },
		{ "allocating", TRANSFER_QUEUED },
		{ "pausedDL", TRANSFER_PAUSED },
		{ "stoppedDL", TRANSFER_PAUSED },
		{ "checkingDL", TRANSFER_CHECKING },
		{ "checkingUP", TRANSFER_CHECKING },
		{ "checkingResumeData", TRANSFER_CHECKING },
		{ "moving", TRANSFER_MOVING },
		{ "uploading", TRANSFER_SEEDING },
		{ "forcedUP", TRANSFER_SEEDING },
		{ "stalledUP", TRANSFER_SEEDING },
		{ "queuedUP", TRANSFER_SEEDING },
		{ "pausedUP", TRANSFER_DONE },
		{ "stoppedUP", TRANSFER_DONE },
		{ "error", TRANSFER_ERROR },
		{ "missingFiles", TRANSFER_MISSING_FILES },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].text, text) == 0)
			return table[i].state;
	return TRANSFER_UNKNOWN;
}

/* The next of "a, b". */
static bool next_tag(const char **text, size_t *len)
{
	*text += strspn(*text, ", ");
	*len = strcspn(*text, ",");
	return *len > 0;
}

static const char *const *split_tags(struct tow_arena *a, const char *text)
{
	size_t n = 1, len;
	const char **tags;

	for (const char *s = text; *s; s++)
		n += *s == ',';
	tags = tow_alloc(a, (n + 1) * sizeof(*tags));
	for (n = 0; next_tag(&text, &len); text += len)
		tags[n++] = tow_strndup(a, text, len);
	return tags;
}

static void read_ids(struct tow_arena *a, const struct tow_json *t, struct tow_transfer *out)
{
	static const char *const members[] = { "hash", "infohash_v1", "infohash_v2" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if ((out->ids[n] = tow_json_dup(a, t, members[i])))
			n++;
}

/* Before its metadata is known size and amount_left of a magnet are 0; completion_on stays set
 * after data is lost; checkingUP may find out that something is missing. */
static bool is_complete(const struct tow_json *t, enum tow_transfer_state state)
{
	return (state == TRANSFER_SEEDING || state == TRANSFER_DONE) &&
	       tow_json_int(t, "amount_left", 1) == 0 && tow_json_int(t, "total_size", 0) > 0;
}

static long long instant(const struct tow_json *t, const char *member)
{
	long long at = tow_json_int(t, member, 0);

	return at > 0 ? at : 0;
}

/* What the client says is not trusted to be a number between 0 and 1. */
static double part(const struct tow_json *t)
{
	double progress = tow_json_num(t, "progress", 0);

	return progress > 1 ? 1 : progress > 0 ? progress : 0;
}

static long long count(const struct tow_json *t, const char *member)
{
	long long n = tow_json_int(t, member, -1);

	return n < 0 ? -1 : n;
}

static struct tow_transfer read_torrent(struct tow_arena *a, const struct tow_json *t,
					const char *hash)
{
	const char *state = tow_json_str(t, "state", "");
	long long eta = tow_json_int(t, "eta", ETA_UNKNOWN);
	struct tow_transfer out = {
		.key = tow_strdup(a, hash),
		.name = tow_strdup(a, tow_json_str(t, "name", "")),
		.state = state_of(state),
		.client_state = tow_strdup(a, state),
		.percent = 100 * part(t),
		.size = count(t, "size"),
		.left = count(t, "amount_left"),
		.down = count(t, "dlspeed"),
		.up = count(t, "upspeed"),
		.seeders = count(t, "num_seeds"),
		.leechers = count(t, "num_leechs"),
		.ratio = tow_json_num(t, "ratio", -1),
		.seeding = count(t, "seeding_time"),
		.folder = tow_json_dup(a, t, "save_path"),
		.content = tow_json_dup(a, t, "content_path"),
		.category = tow_json_dup(a, t, "category"),
		.tags = split_tags(a, tow_json_str(t, "tags", "")),
		.tracker_host = tow_client_host(a, tow_json_str(t, "tracker", NULL)),
		.added_at = instant(t, "added_on"),
	};

	read_ids(a, t, &out);
	out.complete = is_complete(t, out.state);
	out.completed_at = out.complete ? instant(t, "completion_on") : 0;
	out.eta = out.complete || eta >= ETA_UNKNOWN || eta < 0 ? -1 : eta;
	if (tow_json_int(t, "total_size", 0) < 0) /* it does not know what it downloads yet */
		out.size = out.left = -1;
	if (out.state == TRANSFER_MISSING_FILES) {
		out.error = "its files are not where they were";
		out.local = true;
	}
	return out;
}

/*--- listings */

/* The newest line that names both the torrent and where it is. */
static void read_reason(struct tow_arena *a, const struct tow_json *log, struct tow_transfer *t)
{
	t->error = "the client does not say what is wrong";
	for (size_t line = tow_json_len(log); *t->name && line > 0; line--) {
		const char *text = tow_json_str(tow_json_at(log, line - 1), "message", "");

		if (!strstr(text, t->name) || (t->content && !strstr(text, t->content)))
			continue;
		t->error = tow_strdup(a, text);
		t->local = tow_client_is_local(text);
		return;
	}
}

/* What is wrong with torrents in state error stands only in the client's log. */
static void read_reasons(struct tow_client *c, struct tow_arena *a, struct tow_listing *out)
{
	TOW_AUTO_JSON *log = NULL;
	struct tow_err ignored = { 0 };

	for (size_t i = 0; i < out->n; i++) {
		if (out->of[i].state != TRANSFER_ERROR)
			continue;
		if (!log &&
		    !qb_ask_json(c, a,
				 "log/main?normal=false&info=false&warning=true&critical=true",
				 &log, &ignored))
			return;
		read_reason(a, log, &out->of[i]);
	}
}

static bool has_tag(const char *tags, const char *tag)
{
	size_t len;

	for (; next_tag(&tags, &len); tags += len)
		if (strlen(tag) == len && memcmp(tags, tag, len) == 0)
			return true;
	return false;
}

/* below: a category holds those whose names go on from it with a slash. */
static bool is_ours(const struct tow_client_conf *conf, const struct tow_json *t, bool below)
{
	const char *category = tow_json_str(t, "category", "");
	size_t len = conf->category ? strlen(conf->category) : 0;

	if (!tow_client_lists(conf, category) &&
	    !(below && len && strncmp(category, conf->category, len) == 0 && category[len] == '/'))
		return false;
	return !conf->tag || has_tag(tow_json_str(t, "tags", ""), conf->tag);
}

/* Before 4.3.9 the client does not narrow a listing by tag, and does not say so. It may answer with
 * what is below the category: that has a request of its own where it is listed by its own name. */
static bool list_category(struct tow_client *c, struct tow_arena *a, const char *category,
			  struct tow_listing *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_transfer *before = out->of;
	const char *filter = tow_http_form(a, (struct tow_http_pair[]){ { "category", category },
									{ "tag", c->conf->tag },
									{ NULL, NULL } });

	if (!qb_ask_json(c, a, tow_fmt(a, "torrents/info?%s", filter), &doc, e))
		return false;
	out->of = tow_alloc(a, (out->n + tow_json_len(doc) + 1) * sizeof(*out->of));
	if (out->n)
		memcpy(out->of, before, out->n * sizeof(*out->of));
	for (size_t i = 0; i < tow_json_len(doc); i++) {
		const struct tow_json *t = tow_json_at(doc, i);
		const char *hash = tow_json_str(t, "hash", "");
		const char *in = tow_json_str(t, "category", "");

		if (*hash && is_ours(c->conf, t, true) &&
		    (!category || strcmp(in, category) == 0 || !tow_client_lists(c->conf, in)))
			out->of[out->n++] = read_torrent(a, t, hash);
	}
	return true;
}

/* A category is one request. What we put into another one meanwhile is seen twice, and never not at
 * all. */
static bool list_some(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		      struct tow_err *e)
{
	*out = (struct tow_listing){ .whole = true, .free_bytes = -1 };
	if (!list_category(c, a, c->conf->category, out, e))
		return false;
	for (const char *const *d = c->conf->done; c->conf->category && d && *d; d++)
		if (!list_category(c, a, *d, out, e))
			return false;
	return true;
}

/* Applies what has changed to what is known. An answer to a rid that the client does not know is
 * everything, and says so: changes of something else would be taken for all that there is. */
static bool follow(struct qb_own *o, const struct tow_json *changes, struct tow_err *e)
{
	const struct tow_json *removed = tow_json_get(changes, "torrents_removed");
	bool all = tow_json_bool(changes, "full_update", false);
	struct tow_json *torrents;

	if (!all && !o->held)
		return tow_fail_class(e, TOW_RETRY, "client.garbled",
				      "it tells changes before it has told everything");
	if (all) {
		tow_json_freep(&o->held);
		o->held = tow_json_own(changes);
	} else {
		tow_json_merge(o->held, changes);
		torrents = (struct tow_json *)(uintptr_t)tow_json_get(o->held, "torrents");
		for (size_t i = 0; torrents && i < tow_json_len(removed); i++)
			tow_json_drop(torrents, tow_json_text(tow_json_at(removed, i)));
	}
	o->rid = tow_json_int(changes, "rid", 0);
	o->first = all;
	return true;
}

/* A session's first answer may say 0: the client has not looked yet. */
static long long free_of(const struct qb_own *o)
{
	long long n = count(tow_json_get(o->held, "server_state"), "free_space_on_disk");

	return n == 0 && o->first ? -1 : n;
}

static bool list_all(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		     struct tow_err *e)
{
	TOW_AUTO_JSON *changes = NULL;
	const struct tow_json *torrents, *t;
	const char *hash;
	void *iter = NULL;
	size_t n = 0;
	bool below;

	if (!qb_ask_json(c, a, tow_fmt(a, "sync/maindata?rid=%lld", qb_own(c)->rid), &changes, e))
		return false;
	if (!follow(qb_own(c), changes, e))
		return false;
	torrents = tow_json_get(qb_own(c)->held, "torrents");
	while (tow_json_next(torrents, &iter, &hash))
		n++;
	*out = (struct tow_listing){
		.whole = true,
		.of = tow_alloc(a, (n + 1) * sizeof(*out->of)),
		.free_bytes = free_of(qb_own(c)),
	};
	below = tow_json_bool(tow_json_get(qb_own(c)->held, "server_state"), "use_subcategories",
			      false);
	for (iter = NULL; (t = tow_json_next(torrents, &iter, &hash));)
		if (is_ours(c->conf, t, below))
			out->of[out->n++] = read_torrent(a, t, hash);
	return true;
}

bool qb_list(struct tow_client *c, struct tow_arena *a, struct tow_listing *out, struct tow_err *e)
{
	bool narrow = c->conf->category || c->conf->tag;

	if (narrow && !qb_knows_api(c, a, e))
		return false;
	if (!(narrow && qb_own(c)->api < SYNC_API ? list_some : list_all)(c, a, out, e))
		return false;
	read_reasons(c, a, out);
	return true;
}

/* The torrent as it is now; false with client.gone where there is none. What is no hash is not
 * even asked for: the client takes "all" for all that it has, and "|" between several. */
bool qb_find(struct tow_client *c, struct tow_arena *a, const char *key, struct tow_json **doc,
	     struct tow_err *e)
{
	bool hash = strlen(key) >= 40 && !key[strspn(key, "0123456789abcdefABCDEF")];

	if (hash && !qb_ask_json(c, a, tow_fmt(a, "torrents/info?hashes=%s", key), doc, e))
		return false;
	if (hash && tow_json_len(*doc) == 1)
		return true;
	return tow_fail_class(e, TOW_FINAL, "client.gone", "it holds no torrent '%.100s'", key);
}

bool qb_by_hash(struct tow_client *c, struct tow_arena *a, const char *hash,
		struct tow_transfer *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *t;

	if (!qb_find(c, a, hash, &doc, e))
		return false;
	t = tow_json_at(doc, 0);
	*out = read_torrent(a, t, tow_json_str(t, "hash", hash));
	return true;
}

bool qb_files(struct tow_client *c, struct tow_arena *a, const char *key,
	      struct tow_transfer_files *out, struct tow_err *e)
{
	TOW_AUTO_JSON *torrent = NULL;
	TOW_AUTO_JSON *doc = NULL;

	if (!qb_find(c, a, key, &torrent, e) ||
	    !qb_ask_json(c, a, tow_fmt(a, "torrents/files?hash=%s", tow_http_escape(a, key)), &doc,
			 e))
		return false;
	*out = (struct tow_transfer_files){
		.folder = tow_json_dup(a, tow_json_at(torrent, 0), "save_path"),
	};
	out->of = tow_alloc(a, (tow_json_len(doc) + 1) * sizeof(*out->of));
	for (size_t i = 0; i < tow_json_len(doc); i++) {
		const struct tow_json *f = tow_json_at(doc, i);
		const char *path = tow_json_dup(a, f, "name");
		long long size = count(f, "size");

		if (!path)
			continue;
		out->of[out->n++] = (struct tow_transfer_file){
			.path = path,
			.size = size,
			.done = size < 0 ? -1 : (long long)((double)size * part(f)),
			.wanted = tow_json_int(f, "priority", 1) > 0,
		};
	}
	return true;
}
