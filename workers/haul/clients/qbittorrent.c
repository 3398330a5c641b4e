/* qBittorrent, its web API 2: 4.1 to 5.x, which differ in the names of states and verbs, in what a
 * login answers and in what adding says.
 *
 * It is followed by sync/maindata, which tells only what has changed since, and narrowed to a
 * category or tag here. Before 4.6 it goes through all that it holds to find out what has changed:
 * there a narrowed listing is asked for as such. Five wrong passwords ban an address for an hour: a
 * login that is refused is never repeated here. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tow/client.h"

#define ETA_UNKNOWN 8640000
#define MAX_LISTING (256ul << 20)
#define SYNC_API    2009000 /* 4.6: it knows what has changed without looking */
#define STOP_API    2011000 /* 5.0: pause and resume are called stop and start */

struct own {
	unsigned api; /* 2.8.19 as 2008019; 0: not asked yet */
	long long rid;
	bool first;	       /* the last answer was a session's first */
	struct tow_json *held; /* {"torrents": {hash: {...}}}: what maindata has said so far */
};

static struct own *own(const struct tow_client *c)
{
	return c->own;
}

static void forget(struct tow_client *c)
{
	tow_json_freep(&own(c)->held);
	own(c)->rid = 0;
}

/*--- requests */

struct ask {
	const char *path, *form; /* form NULL: GET */
	const char *body, *type; /* instead of form */
	size_t body_len;
};

static bool send(struct tow_client *c, struct tow_arena *a, const struct ask *ask,
		 struct tow_http_answer *answer, struct tow_err *e)
{
	const char *bearer = c->conf->secret && !c->conf->user
				     ? tow_fmt(a, "Authorization: Bearer %s", c->conf->secret)
				     : NULL;
	const char *type = ask->type   ? ask->type
			   : ask->form ? "Content-Type: application/x-www-form-urlencoded"
				       : NULL;
	const char *headers[3] = { 0 };
	size_t n = 0;
	const char *body = ask->body ? ask->body : ask->form;
	struct tow_http_request q = {
		.method = body ? "POST" : "GET",
		.url = tow_fmt(a, "%s/api/v2/%s", c->conf->url, ask->path),
		.headers = headers,
		.body = body,
		.body_len = ask->body ? ask->body_len
			    : body    ? strlen(body)
				      : 0,
		.timeout_ms = c->conf->timeout_ms,
		.max_bytes = MAX_LISTING,
	};

	if (type)
		headers[n++] = type;
	if (bearer)
		headers[n++] = bearer;
	return tow_http_ask(c->http, a, &q, answer, e);
}

static bool said(const struct tow_http_answer *answer, const char *text)
{
	return strncmp(answer->body, text, strlen(text)) == 0;
}

static bool login(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	struct ask ask = { .path = "auth/login",
			   .form = tow_http_form(
				   a, (struct tow_http_pair[]){ { "username", c->conf->user },
								{ "password", c->conf->secret },
								{ NULL, NULL } }) };
	struct tow_http_answer answer;

	forget(c); /* what a session was told is of that session */
	if (!c->conf->user || !c->conf->secret) {
		tow_fail_class(e, TOW_FINAL, "client.auth", "it asks for a login");
		return tow_hint(e, "give the client its user and its secret");
	}
	if (!send(c, a, &ask, &answer, e))
		return false;
	if (answer.status == 403) {
		tow_fail_class(e, TOW_RETRY, "client.banned", "it has banned this address");
		return tow_hint(e, "too many wrong passwords: it forgets that after an hour, or "
				   "when it is restarted");
	}
	if (answer.status == 401 || said(&answer, "Fails.")) {
		tow_fail_class(e, TOW_FINAL, "client.auth", "wrong user or password");
		return tow_hint(e, "five wrong ones ban an address for an hour; it is not tried "
				   "again until the client is changed");
	}
	return tow_http_ok(&answer, e);
}

/* 401 is what it says of an address that it does not go by, whatever the session. */
static bool refused(const struct tow_client *c, struct tow_err *e)
{
	if (c->conf->secret && !c->conf->user)
		return tow_fail_class(e, TOW_FINAL, "client.auth", "the API key is refused");
	tow_fail_class(e, TOW_FINAL, "client.refused", "it does not answer to this address");
	return tow_hint(e, "allow the name in its settings (Web UI, server domains), or give the "
			   "client the address that it listens at");
}

/* 403 is a session that is over, or none: one login, and the request once more. */
static bool ask(struct tow_client *c, struct tow_arena *a, const struct ask *what,
		struct tow_http_answer *answer, struct tow_err *e)
{
	bool key = c->conf->secret && !c->conf->user;

	if (!send(c, a, what, answer, e))
		return false;
	if (answer->status == 401 || (answer->status == 403 && key))
		return refused(c, e);
	if (answer->status != 403)
		return true;
	if (!login(c, a, e) || !send(c, a, what, answer, e))
		return false;
	if (answer->status != 403)
		return true;
	tow_fail_class(e, TOW_FINAL, "client.refused", "it lets us in, and then does not know us");
	return tow_hint(e, "its cookies may be for https:// only");
}

static bool get(struct tow_client *c, struct tow_arena *a, const char *path,
		struct tow_http_answer *answer, struct tow_err *e)
{
	struct ask what = { .path = path };

	return ask(c, a, &what, answer, e) && tow_http_ok(answer, e);
}

/* A list; an object from sync/maindata alone. */
static bool get_json(struct tow_client *c, struct tow_arena *a, const char *path,
		     struct tow_json **doc, struct tow_err *e)
{
	bool object = strncmp(path, "sync/", 5) == 0;
	struct tow_http_answer answer;

	if (!get(c, a, path, &answer, e))
		return false;
	if (tow_json_parse(doc, answer.body, answer.body_len, NULL) &&
	    (object ? tow_json_is_object(*doc) : tow_json_is_array(*doc)))
		return true;
	return tow_fail_class(e, TOW_RETRY, "client.garbled", "'%.*s' did not answer with %s",
			      (int)strcspn(path, "?"), path, object ? "an object" : "a list");
}

static bool hello(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	struct tow_http_answer answer;
	unsigned major = 0, minor = 0, patch = 0;

	if (!get(c, a, "app/webapiVersion", &answer, e))
		return false;
	if (sscanf(answer.body, "%3u.%3u.%3u", &major, &minor, &patch) < 2)
		return tow_fail_class(e, TOW_FINAL, "client.garbled", "this is no qBittorrent");
	if (major != 2)
		return tow_fail_class(e, TOW_FINAL, "client.old",
				      "it speaks web API %u.%u, and 2.x is spoken here", major,
				      minor);
	own(c)->api = major * 1000000 + minor * 1000 + patch;
	if (!get(c, a, "app/version", &answer, e))
		return false;
	snprintf(c->version, sizeof(c->version), "%.60s", answer.body);
	return true;
}

static bool knows_api(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	return own(c)->api || hello(c, a, e);
}

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
		    !get_json(c, a, "log/main?normal=false&info=false&warning=true&critical=true",
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

	if (len && (strncmp(category, conf->category, len) != 0 ||
		    (category[len] && !(below && category[len] == '/'))))
		return false;
	return !conf->tag || has_tag(tow_json_str(t, "tags", ""), conf->tag);
}

/* Before 4.3.9 the client does not narrow a listing by tag, and does not say so. */
static bool list_some(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		      struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const char *filter =
		tow_http_form(a, (struct tow_http_pair[]){ { "category", c->conf->category },
							   { "tag", c->conf->tag },
							   { NULL, NULL } });

	if (!get_json(c, a, tow_fmt(a, "torrents/info?%s", filter), &doc, e))
		return false;
	*out = (struct tow_listing){ .whole = true, .free_bytes = -1 };
	out->of = tow_alloc(a, (tow_json_len(doc) + 1) * sizeof(*out->of));
	for (size_t i = 0; i < tow_json_len(doc); i++) {
		const struct tow_json *t = tow_json_at(doc, i);
		const char *hash = tow_json_str(t, "hash", "");

		if (*hash && is_ours(c->conf, t, true))
			out->of[out->n++] = read_torrent(a, t, hash);
	}
	return true;
}

/* Applies what has changed to what is known. An answer to a rid that the client does not know is
 * everything, and says so: changes of something else would be taken for all that there is. */
static bool follow(struct own *o, const struct tow_json *changes, struct tow_err *e)
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
static long long free_of(const struct own *o)
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

	if (!get_json(c, a, tow_fmt(a, "sync/maindata?rid=%lld", own(c)->rid), &changes, e))
		return false;
	if (!follow(own(c), changes, e))
		return false;
	torrents = tow_json_get(own(c)->held, "torrents");
	while (tow_json_next(torrents, &iter, &hash))
		n++;
	*out = (struct tow_listing){
		.whole = true,
		.of = tow_alloc(a, (n + 1) * sizeof(*out->of)),
		.free_bytes = free_of(own(c)),
	};
	below = tow_json_bool(tow_json_get(own(c)->held, "server_state"), "use_subcategories",
			      false);
	for (iter = NULL; (t = tow_json_next(torrents, &iter, &hash));)
		if (is_ours(c->conf, t, below))
			out->of[out->n++] = read_torrent(a, t, hash);
	return true;
}

static bool list(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		 struct tow_err *e)
{
	bool narrow = c->conf->category || c->conf->tag;

	if (narrow && !knows_api(c, a, e))
		return false;
	if (!(narrow && own(c)->api < SYNC_API ? list_some : list_all)(c, a, out, e))
		return false;
	read_reasons(c, a, out);
	return true;
}

/* The torrent as it is now; false with client.gone where there is none. What is no hash is not
 * even asked for: the client takes "all" for all that it has, and "|" between several. */
static bool find(struct tow_client *c, struct tow_arena *a, const char *key, struct tow_json **doc,
		 struct tow_err *e)
{
	bool hash = strlen(key) >= 40 && !key[strspn(key, "0123456789abcdefABCDEF")];

	if (hash && !get_json(c, a, tow_fmt(a, "torrents/info?hashes=%s", key), doc, e))
		return false;
	if (hash && tow_json_len(*doc) == 1)
		return true;
	return tow_fail_class(e, TOW_FINAL, "client.gone", "it holds no torrent '%.100s'", key);
}

static bool files(struct tow_client *c, struct tow_arena *a, const char *key,
		  struct tow_transfer_files *out, struct tow_err *e)
{
	TOW_AUTO_JSON *torrent = NULL;
	TOW_AUTO_JSON *doc = NULL;

	if (!find(c, a, key, &torrent, e) ||
	    !get_json(c, a, tow_fmt(a, "torrents/files?hash=%s", tow_http_escape(a, key)), &doc, e))
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

/*--- changes */

static bool post(struct tow_client *c, struct tow_arena *a, const char *path,
		 const struct tow_http_pair *form, struct tow_err *e)
{
	struct ask what = { .path = path, .form = tow_http_form(a, form) };
	struct tow_http_answer answer;

	if (!ask(c, a, &what, &answer, e))
		return false;
	if (answer.status == 404 || answer.status == 409)
		return tow_fail_class(e, TOW_FINAL,
				      answer.status == 404 ? "client.gone" : "client.refused",
				      "'%s': it answered %ld %.100s", path, answer.status,
				      answer.body);
	return tow_http_ok(&answer, e);
}

/* It says yes to a torrent that it does not hold. */
static bool act(struct tow_client *c, struct tow_arena *a, const char *key,
		enum tow_client_act what, struct tow_err *e)
{
	static const char *const paths[] = {
		[CLIENT_RECHECK] = "torrents/recheck",
		[CLIENT_REANNOUNCE] = "torrents/reannounce",
		[CLIENT_REMOVE] = "torrents/delete",
		[CLIENT_REMOVE_DATA] = "torrents/delete",
	};
	bool removes = what == CLIENT_REMOVE || what == CLIENT_REMOVE_DATA;
	TOW_AUTO_JSON *torrent = NULL;
	const char *path;

	if (!knows_api(c, a, e) || !find(c, a, key, &torrent, e))
		return false;
	if (what == CLIENT_PAUSE)
		path = own(c)->api >= STOP_API ? "torrents/stop" : "torrents/pause";
	else if (what == CLIENT_RESUME)
		path = own(c)->api >= STOP_API ? "torrents/start" : "torrents/resume";
	else
		path = paths[what];
	return post(c, a, path,
		    (struct tow_http_pair[]){ { "hashes", key },
					      { "deleteFiles", !removes ? NULL
							       : what == CLIENT_REMOVE_DATA
								       ? "true"
								       : "false" },
					      { NULL, NULL } },
		    e);
}

/* Commas stand between tags. */
static bool one_tag(const char *tag, struct tow_err *e)
{
	if (!strchr(tag, ','))
		return true;
	return tow_fail_class(e, TOW_FINAL, "client.refused", "a tag with a comma: '%s'", tag);
}

static bool add_tag(struct tow_client *c, struct tow_arena *a, const char *key, const char *tag,
		    struct tow_err *e)
{
	TOW_AUTO_JSON *torrent = NULL;

	return one_tag(tag, e) && find(c, a, key, &torrent, e) &&
	       post(c, a, "torrents/addTags",
		    (struct tow_http_pair[]){ { "hashes", key }, { "tags", tag }, { NULL, NULL } },
		    e);
}

static struct tow_http_part field(const char *name, const char *text)
{
	return (struct tow_http_part){ .name = name, .data = text, .len = strlen(text) };
}

static struct ask adding(struct tow_client *c, struct tow_arena *a,
			 const struct tow_transfer_new *t)
{
	struct tow_http_part parts[16] = { 0 };
	struct ask what = { .path = "torrents/add" };
	size_t n = 0;

	if (t->data)
		parts[n++] = (struct tow_http_part){ .name = "torrents",
						     .filename = t->name ? t->name : "tow.torrent",
						     .data = t->data,
						     .len = t->data_len };
	else
		parts[n++] = field("urls", t->link);
	if (t->folder) {
		parts[n++] = field("savepath", t->folder);
		parts[n++] = field("autoTMM", "false"); /* which would put it elsewhere */
	}
	if (c->conf->category)
		parts[n++] = field("category", c->conf->category);
	if (t->tag || c->conf->tag)
		parts[n++] = field("tags", tow_fmt(a, "%s%s%s", t->tag ? t->tag : "",
						   t->tag && c->conf->tag ? "," : "",
						   c->conf->tag ? c->conf->tag : ""));
	parts[n++] = field("paused", t->paused ? "true" : "false");  /* up to 4.6 */
	parts[n++] = field("stopped", t->paused ? "true" : "false"); /* since 5.0 */
	if (t->sequential)
		parts[n++] = field("sequentialDownload", "true");
	if (t->down_limit > 0)
		parts[n++] = field("dlLimit", tow_fmt(a, "%lld", t->down_limit));
	if (t->up_limit > 0)
		parts[n++] = field("upLimit", tow_fmt(a, "%lld", t->up_limit));
	if (t->ratio_limit >= 0)
		parts[n++] = field("ratioLimit", tow_fmt(a, "%g", t->ratio_limit));
	if (t->seed_limit >= 0) /* in minutes */
		parts[n++] =
			field("seedingTimeLimit", tow_fmt(a, "%lld", (t->seed_limit + 59) / 60));
	what.body = tow_http_multipart(a, parts, &what.body_len, &what.type);
	return what;
}

/* 5.2 says what it has added; before, "Ok." means that it will try. */
static const char *added_key(struct tow_arena *a, const struct tow_http_answer *answer)
{
	TOW_AUTO_JSON *doc = NULL;
	struct tow_err ignored = { 0 };

	if (answer->body[0] != '{' ||
	    !tow_json_parse(&doc, answer->body, answer->body_len, &ignored))
		return NULL;
	return tow_strdup(a, tow_json_text(tow_json_at(tow_json_get(doc, "added_torrent_ids"), 0)));
}

static bool add(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		const char **key, struct tow_err *e)
{
	struct tow_http_answer answer;
	struct ask what;

	if (t->tag && !one_tag(t->tag, e))
		return false;
	what = adding(c, a, t);
	if (!ask(c, a, &what, &answer, e))
		return false;
	if (answer.status == 415)
		return tow_fail_class(e, TOW_FINAL, "client.refused", "this is no torrent file");
	if (answer.status == 409 || said(&answer, "Fails."))
		return tow_fail_class(e, TOW_FINAL, "client.refused",
				      "it holds this torrent already, or cannot read it");
	if (!tow_http_ok(&answer, e))
		return false;
	*key = added_key(a, &answer);
	return true;
}

const struct tow_client_driver tow_client_qbittorrent = {
	.name = "qbittorrent",
	.help = "qBittorrent 4.1 and later: http://HOST:8080; user and password, or an API key "
		"(5.2) without a user",
	.can = CLIENT_CAN_TAG | CLIENT_CAN_CATEGORY | CLIENT_CAN_SEQUENTIAL | CLIENT_CAN_LIMIT |
	       CLIENT_CAN_RATIO | CLIENT_CAN_SEED_TIME,
	.own_size = sizeof(struct own),
	.close = forget,
	.hello = hello,
	.list = list,
	.files = files,
	.add = add,
	.act = act,
	.add_tag = add_tag,
};
