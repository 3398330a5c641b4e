/* Deluge 2, through the JSON that its web interface speaks (deluge-web): a program of its own that
 * holds a connection to the daemon. That connection is not there after either of them has started,
 * and whoever asks first has to make it. Without it deluge-web answers requests to the daemon with
 * "unknown method", or, once it has lost a daemon, never: so each call asks for it first.
 *
 * A category is a label of the Label plugin. There are no tags; a torrent that was added is found
 * by the hash that adding gives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tow/client.h"

#define MAX_LISTING (256ul << 20)

enum { NOT_LOGGED_IN = 1, UNKNOWN_METHOD = 2, FAILED = 4 };

/*--- requests */

/* An answer; result and what error says are parts of doc. */
struct reply {
	struct tow_json *doc;
	const struct tow_json *result;
	long long code; /* 0: no error */
	const char *message;
};

static void reply_release(struct reply *r)
{
	tow_json_freep(&r->doc);
}
#define AUTO_REPLY __attribute__((cleanup(reply_release))) struct reply

static const char *quoted(struct tow_arena *a, const char *text)
{
	TOW_AUTO_BUF b = { 0 };

	tow_json_quote(&b, text, strlen(text));
	return tow_strndup(a, b.data, b.len);
}

static bool read_reply(const struct tow_http_answer *answer, struct reply *r, struct tow_err *e)
{
	const struct tow_json *error;

	reply_release(r);
	if (!tow_json_parse(&r->doc, answer->body, answer->body_len, e) ||
	    !tow_json_is_object(r->doc))
		return tow_fail_class(e, TOW_RETRY, "client.garbled", "this is no deluge-web");
	error = tow_json_get(r->doc, "error");
	r->result = tow_json_get(r->doc, "result");
	r->code = tow_json_is_object(error) ? tow_json_int(error, "code", FAILED) : 0;
	r->message = tow_json_str(error, "message", "");
	return true;
}

/* Any other type of content is refused. */
static bool send(struct tow_client *c, struct tow_arena *a, const char *method, const char *params,
		 struct reply *r, struct tow_err *e)
{
	const char *body =
		tow_fmt(a, "{\"method\":%s,\"params\":[%s],\"id\":1}", quoted(a, method), params);
	struct tow_http_request q = {
		.method = "POST",
		.url = tow_fmt(a, "%s/json", c->conf->url),
		.headers = (const char *const[]){ "Content-Type: application/json", NULL },
		.body = body,
		.body_len = strlen(body),
		.timeout_ms = c->conf->timeout_ms,
		.max_bytes = MAX_LISTING,
	};
	struct tow_http_answer answer;

	return tow_http_ask(c->http, a, &q, &answer, e) && tow_http_ok(&answer, e) &&
	       read_reply(&answer, r, e);
}

/* An error is a Python traceback in a "Failure"; what a person can use of it is the first line. */
static const char *gist(struct tow_arena *a, const char *message)
{
	const char *begin = strstr(message, "'>: ");
	size_t len;

	begin = begin ? begin + 4 : message;
	len = strcspn(begin, "\r\n");
	return tow_strndup(a, begin, len < 300 ? len : 300);
}

static bool fail(struct tow_arena *a, const char *method, const struct reply *r, struct tow_err *e)
{
	if (r->code == NOT_LOGGED_IN)
		return tow_fail_class(e, TOW_FINAL, "client.auth", "it does not let us log in");
	if (r->code == UNKNOWN_METHOD)
		return tow_fail_class(e, TOW_FINAL, "client.old", "it does not know '%s'", method);
	return tow_fail_class(e, TOW_FINAL, "client.refused", "'%s': %s", method,
			      gist(a, r->message));
}

static bool login(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	AUTO_REPLY r = { 0 };

	if (!c->conf->secret) {
		tow_fail_class(e, TOW_FINAL, "client.auth", "it asks for a password");
		return tow_hint(e, "give the client the password of deluge-web as its secret");
	}
	if (!send(c, a, "auth.login", quoted(a, c->conf->secret), &r, e))
		return false;
	if (r.code)
		return fail(a, "auth.login", &r, e);
	if (tow_json_bool(r.doc, "result", false))
		return true;
	tow_fail_class(e, TOW_FINAL, "client.auth", "wrong password");
	return tow_hint(e, "it wants the password of deluge-web, not one of the daemon's");
}

/* What it answers, errors too, save that of a session that is over, or none: one login, and the
 * request once more. */
static bool ask(struct tow_client *c, struct tow_arena *a, const char *method, const char *params,
		struct reply *r, struct tow_err *e)
{
	if (!send(c, a, method, params, r, e))
		return false;
	if (r->code != NOT_LOGGED_IN)
		return true;
	return login(c, a, e) && send(c, a, method, params, r, e) &&
	       (r->code != NOT_LOGGED_IN || fail(a, method, r, e));
}

static bool call(struct tow_client *c, struct tow_arena *a, const char *method, const char *params,
		 struct reply *r, struct tow_err *e)
{
	return ask(c, a, method, params, r, e) && (!r->code || fail(a, method, r, e));
}

/*--- the daemon behind it */

/* With several daemons to choose from, another one's torrents would look as if all of ours were
 * gone: that choice is left to people. */
static bool only_host(struct tow_client *c, struct tow_arena *a, const char **id, struct tow_err *e)
{
	AUTO_REPLY r = { 0 };

	if (!call(c, a, "web.get_hosts", "", &r, e))
		return false;
	*id = tow_strdup(a, tow_json_text(tow_json_at(tow_json_at(r.result, 0), 0)));
	if (*id && tow_json_len(r.result) == 1)
		return true;
	tow_fail_class(e, TOW_RETRY, "client.refused",
		       "deluge-web is connected to no daemon, and knows %zu",
		       tow_json_len(r.result));
	return tow_hint(e, "connect it in its connection manager, or set \"default_daemon\" in its "
			   "web.conf");
}

static bool connected(struct tow_client *c, struct tow_arena *a, bool *yes, struct tow_err *e)
{
	AUTO_REPLY r = { 0 };

	if (!call(c, a, "web.connected", "", &r, e))
		return false;
	*yes = tow_json_bool(r.doc, "result", false);
	return true;
}

/* Whether it has worked is not in the answer to web.connect. */
static bool connect_daemon(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	AUTO_REPLY r = { 0 };
	const char *host = NULL;
	bool yes = false;

	if (!only_host(c, a, &host, e) || !call(c, a, "web.connect", quoted(a, host), &r, e) ||
	    !connected(c, a, &yes, e))
		return false;
	if (yes)
		return true;
	tow_fail_class(e, TOW_RETRY, "client.refused", "deluge-web cannot reach its daemon");
	return tow_hint(e, "is deluged running? the log of deluge-web says why");
}

static bool ready(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	bool yes = false;

	return connected(c, a, &yes, e) && (yes || connect_daemon(c, a, e));
}

/* Deluge 1 calls it daemon.info; a deluge-web that has just been connected knows neither yet. */
static bool hello(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	AUTO_REPLY r = { 0 };
	const char *version;

	if (!ready(c, a, e) || !ask(c, a, "daemon.get_version", "", &r, e) ||
	    (r.code == UNKNOWN_METHOD && !ask(c, a, "daemon.info", "", &r, e)))
		return false;
	version = tow_json_text(r.result);
	if (version && version[0] == '1')
		return tow_fail_class(e, TOW_FINAL, "client.old",
				      "it is older than Deluge 2, which is spoken here");
	if (r.code || !version)
		return tow_fail_class(e, TOW_RETRY, "client.garbled", "it does not say what it is");
	snprintf(c->version, sizeof(c->version), "%.60s", version);
	return true;
}

/*--- labels */

/* The plugin would write others small, and then there would be no such label. */
static bool is_label(const char *text)
{
	return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

static bool check_label(const char *label, struct tow_err *e)
{
	if (is_label(label))
		return true;
	tow_fail_class(e, TOW_FINAL, "client.refused", "'%s' can be no label", label);
	return tow_hint(e, "a label is made of a-z, 0-9, - and _");
}

static bool check_conf(const struct tow_client *c, struct tow_err *e)
{
	if (c->conf->tag) {
		tow_fail_class(e, TOW_FINAL, "client.refused", "Deluge has no tags");
		return tow_hint(e, "give the client a category instead: it is the label");
	}
	return !c->conf->category || check_label(c->conf->category, e);
}

static bool no_plugin(struct tow_err *e)
{
	tow_fail_class(e, TOW_FINAL, "client.refused", "its Label plugin is not enabled");
	return tow_hint(e, "enable the plugin in Deluge, or give the client no category");
}

static bool holds(const struct tow_json *list, const char *wanted)
{
	for (size_t i = 0; i < tow_json_len(list); i++) {
		const char *text = tow_json_text(tow_json_at(list, i));

		if (text && strcmp(text, wanted) == 0)
			return true;
	}
	return false;
}

/* A plugin that was disabled still answers, and its labels are seen nowhere. */
static bool check_plugin(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	AUTO_REPLY r = { 0 };

	return call(c, a, "core.get_enabled_plugins", "", &r, e) &&
	       (holds(r.result, "Label") || no_plugin(e));
}

/* Made before anything is added, so that nothing is added that cannot get it. Somebody else may
 * make it first: that it is there is looked at last. */
static bool make_label(struct tow_client *c, struct tow_arena *a, const char *label,
		       struct tow_err *e)
{
	AUTO_REPLY r = { 0 };

	if (!check_plugin(c, a, e) || !call(c, a, "label.get_labels", "", &r, e))
		return false;
	if (holds(r.result, label))
		return true;
	if (!ask(c, a, "label.add", quoted(a, label), &r, e) ||
	    !call(c, a, "label.get_labels", "", &r, e))
		return false;
	return holds(r.result, label) || tow_fail_class(e, TOW_RETRY, "client.refused",
							"it will not make the label '%s'", label);
}

/*--- what a torrent is */

static const char keys[] =
	"[\"name\",\"state\",\"is_finished\",\"message\",\"tracker_status\",\"num_files\","
	"\"total_wanted\",\"total_remaining\",\"download_payload_rate\",\"upload_payload_rate\","
	"\"eta\",\"num_seeds\",\"num_peers\",\"ratio\",\"seeding_time\",\"download_location\","
	"\"label\",\"time_added\",\"completed_time\",\"tracker_host\"]";

static bool holds_any(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strstr(text, *words))
			return true;
	return false;
}

/* Deluge's own words after a start that does not find the files, or the system's while it runs. */
static bool is_missing(const char *message)
{
	return holds_any(message, (const char *const[]){ "Missing or invalid torrent data",
							 "Unable to locate Download Folder",
							 "No such file", NULL });
}

/* A full disk is not among them by itself: libtorrent 2 stands still then, and says nothing. */
static bool is_local(const char *message)
{
	return tow_client_is_local(message) || strstr(message, "Failed to move");
}

static enum tow_transfer_state state_of(const struct tow_json *t, const char *state)
{
	bool finished = tow_json_bool(t, "is_finished", false);

	if (strcmp(state, "Downloading") == 0) {
		if (tow_json_int(t, "num_files", 1) == 0)
			return TRANSFER_METADATA;
		return tow_json_int(t, "download_payload_rate", 1) > 0 ? TRANSFER_DOWNLOADING
								       : TRANSFER_STALLED;
	}
	if (strcmp(state, "Queued") == 0)
		return finished ? TRANSFER_SEEDING : TRANSFER_QUEUED;
	if (strcmp(state, "Paused") == 0)
		return finished ? TRANSFER_DONE : TRANSFER_PAUSED;
	if (strcmp(state, "Error") == 0)
		return is_missing(tow_json_str(t, "message", "")) ? TRANSFER_MISSING_FILES
								  : TRANSFER_ERROR;
	return strcmp(state, "Seeding") == 0	  ? TRANSFER_SEEDING
	       : strcmp(state, "Checking") == 0	  ? TRANSFER_CHECKING
	       : strcmp(state, "Allocating") == 0 ? TRANSFER_QUEUED
	       : strcmp(state, "Moving") == 0	  ? TRANSFER_MOVING
						  : TRANSFER_UNKNOWN;
}

/* is_finished comes last, after a move to where finished ones go; the numbers are up to two seconds
 * old, and those of a magnet are 0 until it is known what it is. */
static bool is_complete(const struct tow_json *t, enum tow_transfer_state state)
{
	return (state == TRANSFER_SEEDING || state == TRANSFER_DONE) &&
	       tow_json_bool(t, "is_finished", false) && tow_json_int(t, "total_wanted", 0) > 0 &&
	       tow_json_int(t, "total_remaining", 1) == 0;
}

static long long instant(const struct tow_json *t, const char *member)
{
	long long at = tow_json_int(t, member, 0);

	return at > 0 ? at : 0;
}

/* Its own progress is that of a check or of a move while these last, and 100 in state Error. */
static void read_sizes(const struct tow_json *t, struct tow_transfer *out)
{
	long long size = tow_json_int(t, "total_wanted", -1);
	long long left = tow_json_int(t, "total_remaining", -1);
	bool known = size >= 0 && left >= 0 && left <= size && tow_json_int(t, "num_files", 1) > 0;

	out->size = known ? size : -1;
	out->left = known ? left : -1;
	out->percent = known && size > 0 ? 100 * (double)(size - left) / (double)size : 0;
}

static struct tow_transfer read_torrent(struct tow_arena *a, const struct tow_json *t,
					const char *hash)
{
	const char *state = tow_json_str(t, "state", "");
	const char *tracker = tow_json_str(t, "tracker_status", "");
	long long eta = tow_json_int(t, "eta", -1);
	struct tow_transfer out = {
		.key = tow_strdup(a, hash),
		.ids = { tow_strdup(a, hash) },
		.name = tow_strdup(a, tow_json_str(t, "name", "")),
		.state = state_of(t, state),
		.client_state = tow_strdup(a, state),
		.down = tow_json_int(t, "download_payload_rate", -1),
		.up = tow_json_int(t, "upload_payload_rate", -1),
		.seeders = tow_json_int(t, "num_seeds", -1),
		.leechers = tow_json_int(t, "num_peers", -1),
		.ratio = tow_json_num(t, "ratio", -1),
		.seeding = tow_json_int(t, "seeding_time", -1),
		.folder = tow_json_dup(a, t, "download_location"),
		.category = tow_json_dup(a, t, "label"),
		.tracker_host = tow_json_dup(a, t, "tracker_host"),
		.added_at = instant(t, "time_added"),
	};

	read_sizes(t, &out);
	out.complete = is_complete(t, out.state);
	out.completed_at = out.complete ? instant(t, "completed_time") : 0;
	out.eta = eta > 0 && !out.complete ? eta : -1;
	if (out.state == TRANSFER_ERROR || out.state == TRANSFER_MISSING_FILES) {
		out.error = tow_strdup(a, tow_json_str(t, "message", ""));
		out.local = is_local(out.error);
	}
	if (strncmp(tracker, "Error", 5) == 0 || strncmp(tracker, "Warning", 7) == 0)
		out.tracker = tow_strdup(a, tracker);
	return out;
}

/*--- listings */

/* Torrents by hash, labels and the free space, in one request; for once one that does not hang
 * where there is no daemon. */
static bool update(struct tow_client *c, struct tow_arena *a, struct reply *r, struct tow_err *e)
{
	const struct tow_client_conf *conf = c->conf;
	const char *labels = conf->category ? quoted(a, conf->category) : NULL;

	for (const char *const *d = conf->done; labels && d && *d; d++)
		labels = tow_fmt(a, "%s,%s", labels, quoted(a, *d));
	return call(c, a, "web.update_ui",
		    tow_fmt(a, labels ? "%s,{\"label\":[%s]}" : "%s,{}", keys, labels), r, e);
}

static bool is_connected(const struct reply *r)
{
	return tow_json_bool(r->result, "connected", false);
}

/* Without the plugin no torrent has a label, and the listing would be empty. */
static bool check_listing(const struct tow_client *c, const struct reply *r, struct tow_err *e)
{
	if (!is_connected(r) || !tow_json_is_object(tow_json_get(r->result, "torrents")))
		return tow_fail_class(e, TOW_RETRY, "client.garbled", "the listing is no listing");
	if (c->conf->category && !tow_json_get(tow_json_get(r->result, "filters"), "label"))
		return no_plugin(e);
	return true;
}

/* A daemon that has just started has read none of its torrents, or some: what it lists when it is
 * found is not all that there is. */
static bool list(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		 struct tow_err *e)
{
	AUTO_REPLY r = { 0 };
	const struct tow_json *torrents, *t;
	const char *hash;
	void *iter = NULL;
	bool found = false;
	size_t n = 0;

	if (!check_conf(c, e) || !update(c, a, &r, e))
		return false;
	if (tow_json_is_object(r.result) && !is_connected(&r)) {
		found = true;
		if (!connect_daemon(c, a, e) || !update(c, a, &r, e))
			return false;
	}
	if (!check_listing(c, &r, e))
		return false;
	torrents = tow_json_get(r.result, "torrents");
	while (tow_json_next(torrents, &iter, &hash))
		n++;
	*out = (struct tow_listing){
		.whole = !found,
		.of = tow_alloc(a, (n + 1) * sizeof(*out->of)),
		.free_bytes = tow_json_int(tow_json_get(r.result, "stats"), "free_space", -1),
	};
	for (iter = NULL; (t = tow_json_next(torrents, &iter, &hash));)
		out->of[out->n++] = read_torrent(a, t, hash);
	return true;
}

/* Some of what it says of one torrent; false with client.gone where there is none: then it says
 * {}. */
static bool status(struct tow_client *c, struct tow_arena *a, const char *key, const char *members,
		   struct reply *r, struct tow_err *e)
{
	const char *name;
	void *iter = NULL;

	if (!call(c, a, "core.get_torrent_status", tow_fmt(a, "%s,%s", quoted(a, key), members), r,
		  e))
		return false;
	if (!tow_json_is_object(r->result))
		return tow_fail_class(e, TOW_RETRY, "client.garbled",
				      "what it says of a torrent is not an object");
	if (tow_json_next(r->result, &iter, &name))
		return true;
	return tow_fail_class(e, TOW_FINAL, "client.gone", "it holds no torrent '%s'", key);
}

static bool by_hash(struct tow_client *c, struct tow_arena *a, const char *hash,
		    struct tow_transfer *out, struct tow_err *e)
{
	AUTO_REPLY r = { 0 };

	if (!ready(c, a, e) || !status(c, a, hash, keys, &r, e))
		return false;
	*out = read_torrent(a, r.result, hash);
	return true;
}

/* Numbers that stand in a list, not in an object. */
static double number_at(struct tow_arena *a, const struct tow_json *list, size_t i, double fallback)
{
	const struct tow_json *v = tow_json_at(list, i);

	return v ? strtod(tow_json_dump(a, v), NULL) : fallback;
}

static struct tow_transfer_file read_file(struct tow_arena *a, const struct tow_json *f,
					  double share, double priority)
{
	long long size = tow_json_int(f, "size", -1);

	return (struct tow_transfer_file){
		.path = tow_strdup(a, tow_json_str(f, "path", "")),
		.size = size,
		.done = share >= 1 || size < 0 ? size
			: share > 0	       ? (long long)((double)size * share)
					       : 0,
		.wanted = priority > 0,
	};
}

static bool files(struct tow_client *c, struct tow_arena *a, const char *key,
		  struct tow_transfer_files *out, struct tow_err *e)
{
	AUTO_REPLY r = { 0 };
	const struct tow_json *all, *shares, *priorities;

	if (!ready(c, a, e) ||
	    !status(c, a, key,
		    "[\"files\",\"file_progress\",\"file_priorities\",\"download_location\"]", &r,
		    e))
		return false;
	all = tow_json_get(r.result, "files");
	shares = tow_json_get(r.result, "file_progress");
	priorities = tow_json_get(r.result, "file_priorities");
	*out = (struct tow_transfer_files){
		.n = tow_json_len(all),
		.folder = tow_json_dup(a, r.result, "download_location"),
	};
	out->of = tow_alloc(a, (out->n + 1) * sizeof(*out->of));
	for (size_t i = 0; i < out->n; i++)
		out->of[i] = read_file(a, tow_json_at(all, i), number_at(a, shares, i, 0),
				       number_at(a, priorities, i, 1));
	return true;
}

/*--- changes */

/* What an unknown torrent does to it differs from verb to verb: so it is asked for. */
static bool act(struct tow_client *c, struct tow_arena *a, const char *key,
		enum tow_client_act what, struct tow_err *e)
{
	static const char *const methods[] = {
		[CLIENT_PAUSE] = "core.pause_torrent",
		[CLIENT_RESUME] = "core.resume_torrent",
		[CLIENT_RECHECK] = "core.force_recheck",
		[CLIENT_REANNOUNCE] = "core.force_reannounce",
		[CLIENT_REMOVE] = "core.remove_torrent",
		[CLIENT_REMOVE_DATA] = "core.remove_torrent",
	};
	bool removes = what == CLIENT_REMOVE || what == CLIENT_REMOVE_DATA;
	AUTO_REPLY r = { 0 };
	AUTO_REPLY there = { 0 };

	if (!ready(c, a, e) || !ask(c, a, methods[what],
				    removes ? tow_fmt(a, "%s,%s", quoted(a, key),
						      what == CLIENT_REMOVE_DATA ? "true" : "false")
					    : tow_fmt(a, "[%s]", quoted(a, key)),
				    &r, e))
		return false;
	return !r.code ||
	       (status(c, a, key, "[\"name\"]", &there, e) && fail(a, methods[what], &r, e));
}

static bool add_tag(struct tow_client *c, struct tow_arena *a, const char *key, const char *tag,
		    struct tow_err *e)
{
	(void)c, (void)a, (void)key;
	return tow_fail_class(e, TOW_FINAL, "client.refused", "Deluge has no tags, not even '%s'",
			      tag);
}

/* Rates are in KiB a second. How long to seed cannot be said. */
static const char *options(struct tow_arena *a, const struct tow_transfer_new *t)
{
	TOW_AUTO_BUF b = { 0 };

	tow_buf_addf(&b, "{\"add_paused\":%s", t->paused ? "true" : "false");
	if (t->folder)
		tow_buf_addf(&b, ",\"download_location\":%s", quoted(a, t->folder));
	if (t->sequential)
		tow_buf_adds(&b, ",\"sequential_download\":true");
	if (t->down_limit > 0)
		tow_buf_addf(&b, ",\"max_download_speed\":%.3f", (double)t->down_limit / 1024);
	if (t->up_limit > 0)
		tow_buf_addf(&b, ",\"max_upload_speed\":%.3f", (double)t->up_limit / 1024);
	if (t->ratio_limit >= 0)
		tow_buf_addf(&b, ",\"stop_at_ratio\":true,\"stop_ratio\":%.3f", t->ratio_limit);
	tow_buf_addc(&b, '}');
	return tow_strndup(a, b.data, b.len);
}

static const char *add_params(struct tow_arena *a, const struct tow_transfer_new *t,
			      const char **method)
{
	if (t->data) {
		*method = "core.add_torrent_file";
		return tow_fmt(a, "%s,\"%s\",%s", quoted(a, t->name ? t->name : "tow.torrent"),
			       tow_base64(a, t->data, t->data_len), options(a, t));
	}
	*method = strncmp(t->link, "magnet:", 7) == 0 ? "core.add_torrent_magnet"
						      : "core.add_torrent_url";
	return tow_fmt(a, "%s,%s", quoted(a, t->link), options(a, t));
}

/* "Torrent already in session (HASH)", also "being added". NULL: it says something else. */
static const char *held_already(struct tow_arena *a, const char *message)
{
	const char *at = strstr(message, "Torrent already ");
	const char *hash = at ? strchr(at, '(') : NULL;
	size_t len = hash ? strspn(hash + 1, "0123456789abcdefABCDEF") : 0;

	return len == 40 && hash[41] == ')' ? tow_strndup(a, hash + 1, len) : NULL;
}

static bool give_label(struct tow_client *c, struct tow_arena *a, const char *key,
		       const char *label, struct tow_err *e)
{
	AUTO_REPLY r = { 0 };

	return call(c, a, "label.set_torrent",
		    tow_fmt(a, "%s,%s", quoted(a, key), quoted(a, label)), &r, e);
}

static bool set_category(struct tow_client *c, struct tow_arena *a, const char *key,
			 const char *category, struct tow_err *e)
{
	AUTO_REPLY now = { 0 };

	return check_label(category, e) && ready(c, a, e) &&
	       status(c, a, key, "[\"name\",\"label\"]", &now, e) &&
	       (strcmp(tow_json_str(now.result, "label", ""), category) == 0 ||
		(make_label(c, a, category, e) && give_label(c, a, key, category, e)));
}

/* Somebody else's label is left alone: it may move files. */
static bool set_label(struct tow_client *c, struct tow_arena *a, const char *key, struct tow_err *e)
{
	AUTO_REPLY now = { 0 };
	const char *label;

	if (!c->conf->category)
		return true;
	if (!status(c, a, key, "[\"name\",\"label\"]", &now, e))
		return false;
	label = tow_json_str(now.result, "label", "");
	if (strcmp(label, c->conf->category) == 0)
		return true;
	if (*label)
		return tow_fail_class(e, TOW_FINAL, "client.refused",
				      "it holds this torrent already, labelled '%s'", label);
	return give_label(c, a, key, c->conf->category, e);
}

/* It fetches a link itself before it answers, and what it says of one that fails is of little use.
 */
static bool add(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		const char **key, struct tow_err *e)
{
	AUTO_REPLY r = { 0 };
	const char *method = NULL;
	const char *params = add_params(a, t, &method);
	const char *held, *hash;

	if (!check_conf(c, e) || !ready(c, a, e) ||
	    (c->conf->category && !make_label(c, a, c->conf->category, e)) ||
	    !ask(c, a, method, params, &r, e))
		return false;
	held = r.code == FAILED ? held_already(a, r.message) : NULL;
	hash = held ? held : tow_json_text(r.result);
	if (!hash)
		return r.code ? fail(a, method, &r, e)
			      : tow_fail_class(e, TOW_FINAL, "client.refused",
					       "it did not add this, and does not say why");
	*key = tow_strdup(a, hash);
	return held && !t->ours ? tow_client_held(e) : set_label(c, a, *key, e);
}

const struct tow_client_driver tow_client_deluge = {
	.name = "deluge",
	.title = "Deluge",
	.usual = "http://127.0.0.1:8112",
	.takes = "secret category paths",
	.help = "Deluge 2, by its deluge-web: http://HOST:8112; the password of deluge-web, no "
		"user; a category is a label (Label plugin)",
	.can = CLIENT_CAN_CATEGORY | CLIENT_CAN_SEQUENTIAL | CLIENT_CAN_LIMIT | CLIENT_CAN_RATIO |
	       CLIENT_CAN_V2,
	.hello = hello,
	.list = list,
	.files = files,
	.by_hash = by_hash,
	.add = add,
	.act = act,
	.add_tag = add_tag,
	.set_category = set_category,
};
