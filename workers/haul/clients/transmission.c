/* Transmission, its RPC as 3.00 speaks it (rpc-version 16, the first with labels) and as all later
 * ones still do beside JSON-RPC 2.0.
 *
 * It has labels only: the category is one more of them. It cannot narrow a listing by label, so all
 * of it comes and is narrowed here. It says "success" to changes of torrents that it does not hold,
 * so they are looked for first; and it is content with a session id that it gives out by a 409,
 * whenever it likes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tow/client.h"

#define MAX_LISTING (256ul << 20)
#define RPC_LABELS  16 /* 3.00 */
#define HASH_DIGITS 40
#define LIST_FIELDS                                                                         \
	"\"hashString\",\"name\",\"status\",\"error\",\"errorString\",\"percentDone\","     \
	"\"sizeWhenDone\",\"leftUntilDone\",\"metadataPercentComplete\",\"rateDownload\","  \
	"\"rateUpload\",\"eta\",\"isStalled\",\"peersSendingToUs\",\"peersGettingFromUs\"," \
	"\"webseedsSendingToUs\",\"uploadRatio\",\"secondsSeeding\",\"downloadDir\","       \
	"\"labels\",\"addedDate\",\"doneDate\",\"trackers\""

struct own {
	char session[128];
};

static struct own *own(const struct tow_client *c)
{
	return c->own;
}

/*--- requests */

/* The address of the web interface or of the RPC itself, which can be moved. */
static const char *address(struct tow_client *c, struct tow_arena *a)
{
	const char *url = c->conf->url;
	size_t len = strlen(url);

	if (len > 4 && strcmp(url + len - 4, "/rpc") == 0)
		return url;
	return tow_fmt(a, "%s/transmission/rpc", url);
}

static bool send(struct tow_client *c, struct tow_arena *a, const struct tow_buf *body,
		 struct tow_http_answer *answer, struct tow_err *e)
{
	const char *headers[4] = { "Content-Type: application/json" };
	size_t n = 1;
	struct tow_http_request q = {
		.method = "POST",
		.url = address(c, a),
		.headers = headers,
		.body = body->data,
		.body_len = body->len,
		.timeout_ms = c->conf->timeout_ms,
		.max_bytes = MAX_LISTING,
	};

	if (c->conf->user || c->conf->secret)
		headers[n++] = tow_http_basic(a, c->conf->user, c->conf->secret);
	if (*own(c)->session)
		headers[n++] = tow_fmt(a, "X-Transmission-Session-Id: %s", own(c)->session);
	return tow_http_ask(c->http, a, &q, answer, e);
}

static bool remember_session(struct tow_client *c, const struct tow_http_answer *answer,
			     struct tow_err *e)
{
	const char *id = tow_http_header(answer, "X-Transmission-Session-Id");

	if (!id || !*id || strlen(id) >= sizeof(own(c)->session))
		return tow_fail_class(e, TOW_FINAL, "client.garbled",
				      "it answered 409 without a session: this is no Transmission");
	snprintf(own(c)->session, sizeof(own(c)->session), "%s", id);
	return true;
}

/* It counts the wrong passwords of all the world together. After a hundred it shuts the door to
 * all, until it is restarted. */
static bool fail_forbidden(const struct tow_http_answer *answer, struct tow_err *e)
{
	if (strstr(answer->body, "unsuccessful login attempts")) {
		tow_fail_class(e, TOW_RETRY, "client.banned",
			       "it has seen too many wrong passwords");
		return tow_hint(e, "it lets nobody in until it is restarted");
	}
	tow_fail_class(e, TOW_FINAL, "client.refused", "it does not talk to this address");
	return tow_hint(e, "add the address of this machine to its rpc-whitelist");
}

static bool admitted(const struct tow_client *c, const struct tow_http_answer *answer,
		     struct tow_err *e)
{
	bool said = c->conf->user || c->conf->secret;

	switch (answer->status) {
	case 401:
		tow_fail_class(e, TOW_FINAL, "client.auth",
			       said ? "wrong user or password" : "it asks for a login");
		return tow_hint(e, said ? "it counts wrong ones; it is not tried again until the "
					  "client is changed"
					: "give the client its user and its secret");
	case 403:
		return fail_forbidden(answer, e);
	case 421:
		tow_fail_class(e, TOW_FINAL, "client.refused", "it does not go by this name");
		return tow_hint(e, "add the host of its address to its rpc-host-whitelist, or use "
				   "its IP address");
	case 409:
		return tow_fail_class(e, TOW_RETRY, "client.garbled",
				      "it does not take the session that it has given");
	default:
		return tow_http_ok(answer, e);
	}
}

/* 409 is a session that is over, or none: the new one comes with it, and the request goes once
 * more. A wrong password is seen before the session is, and so is said once. */
static bool ask(struct tow_client *c, struct tow_arena *a, const struct tow_buf *body,
		struct tow_http_answer *answer, struct tow_err *e)
{
	if (!send(c, a, body, answer, e))
		return false;
	if (answer->status == 409 &&
	    (!remember_session(c, answer, e) || !send(c, a, body, answer, e)))
		return false;
	return admitted(c, answer, e);
}

/* Up to 3.00 a character beyond U+FFFF is written as \u1f600, which anybody else reads as U+1F60
 * and a "0": the path of such a file would name nothing. What may be meant so is pictures and
 * mathematical letters; what it is mistaken for then is a rare Greek or phonetic letter before a
 * digit. Those of planes 2 and 3 stay as they are: they look like dashes before a digit. */
static size_t read_wide(const char *escape, unsigned *wide)
{
	char digits[6] = { 0 };

	for (size_t i = 0; i < 5; i++) {
		digits[i] = escape[2 + i];
		if (!digits[i] || !strchr("0123456789abcdef", digits[i]))
			return 0;
	}
	*wide = (unsigned)strtoul(digits, NULL, 16);
	return (*wide >= 0x1f000 && *wide < 0x1fb00) || (*wide >= 0x1d400 && *wide < 0x1d800) ? 7
											      : 0;
}

static void mend(struct tow_buf *out, const char *text)
{
	while (*text) {
		size_t plain = strcspn(text, "\\"), len;
		unsigned wide;

		tow_buf_add(out, text, plain);
		text += plain;
		if (text[0] == '\\' && text[1] == 'u' && (len = read_wide(text, &wide))) {
			tow_buf_addc(out, (char)(0xf0 | wide >> 18));
			tow_buf_addc(out, (char)(0x80 | (wide >> 12 & 63)));
			tow_buf_addc(out, (char)(0x80 | (wide >> 6 & 63)));
			tow_buf_addc(out, (char)(0x80 | (wide & 63)));
		} else if ((len = text[0] ? text[1] ? 2 : 1 : 0)) {
			tow_buf_add(out, text, len);
		}
		text += len;
	}
}

/* What it answered; what the call returns is the member arguments. An error comes as a text beside
 * HTTP's 200. */
static bool call(struct tow_client *c, struct tow_arena *a, const char *method,
		 const char *arguments, struct tow_json **doc, struct tow_err *e)
{
	TOW_AUTO_BUF body = { 0 };
	TOW_AUTO_BUF mended = { 0 };
	struct tow_http_answer answer;
	const char *result;

	tow_buf_addf(&body, "{\"method\":\"%s\",\"arguments\":{", method);
	tow_buf_adds(&body, arguments);
	tow_buf_adds(&body, "}}");
	if (!ask(c, a, &body, &answer, e))
		return false;
	mend(&mended, answer.body);
	if (!tow_json_parse(doc, mended.len ? mended.data : "", mended.len, e))
		return tow_fail_class(e, TOW_RETRY, "client.garbled",
				      "'%s' was not answered with JSON", method);
	if (!(result = tow_json_str(*doc, "result", NULL)))
		return tow_fail_class(e, TOW_RETRY, "client.garbled",
				      "'%s' was answered without a result", method);
	if (strcmp(result, "success") != 0)
		return tow_fail_class(e, TOW_FINAL, "client.refused", "'%s': %.300s", method,
				      result);
	return true;
}

static bool hello(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *session;

	if (!call(c, a, "session-get", "\"fields\":[\"version\",\"rpc-version\"]", &doc, e))
		return false;
	session = tow_json_get(doc, "arguments");
	snprintf(c->version, sizeof(c->version), "%.60s", tow_json_str(session, "version", ""));
	if (!*c->version)
		return tow_fail_class(e, TOW_FINAL, "client.garbled", "this is no Transmission");
	if (tow_json_int(session, "rpc-version", 0) < RPC_LABELS)
		return tow_fail_class(e, TOW_FINAL, "client.old",
				      "%.60s has no labels: they came with 3.00", c->version);
	return true;
}

/*--- what a torrent is */

/* A count of anything: what is below 0, or no number, is not known. */
static long long count(const struct tow_json *t, const char *member)
{
	long long n = tow_json_int(t, member, -1);

	return n >= 0 ? n : -1;
}

static bool has(const char *const *labels, const char *label)
{
	for (; *labels; labels++)
		if (strcmp(*labels, label) == 0)
			return true;
	return false;
}

/* The label that it is listed by; NULL: it is not, or listings are not narrowed. */
static const char *category_of(const struct tow_client_conf *conf, const char *const *labels)
{
	if (!conf->category || has(labels, conf->category))
		return conf->category;
	while (*labels && !tow_client_lists(conf, *labels))
		labels++;
	return *labels;
}

/* but: all but this one; NULL: all. */
static const char **labels_of(struct tow_arena *a, const struct tow_json *t, const char *but,
			      size_t room)
{
	const struct tow_json *labels = tow_json_get(t, "labels");
	const char **out = tow_alloc(a, (tow_json_len(labels) + room + 1) * sizeof(*out));
	size_t n = 0;

	for (size_t i = 0; i < tow_json_len(labels); i++) {
		const char *label = tow_json_text(tow_json_at(labels, i));

		if (label && !(but && strcmp(label, but) == 0))
			out[n++] = tow_strdup(a, label);
	}
	return out;
}

/* All bytes of what is wanted, and no check under way. leftUntilDone alone is 0 for a magnet that
 * knows nothing yet, for the last pieces while files still end in .part (status 4), and after the
 * disk was full (error 3, and percentDone 1 at that). */
static bool is_complete(const struct tow_json *t)
{
	long long status = tow_json_int(t, "status", -1);

	return (status == 0 || status == 5 || status == 6) &&
	       tow_json_int(t, "leftUntilDone", -1) == 0 && count(t, "sizeWhenDone") > 0 &&
	       tow_json_num(t, "metadataPercentComplete", 0) >= 1 &&
	       tow_json_int(t, "error", 0) != 3;
}

static bool has_lost_files(const struct tow_json *t)
{
	return strncmp(tow_json_str(t, "errorString", ""), "No data found", 13) == 0;
}

/* A check that was asked for after an error is a check. */
static enum tow_transfer_state state_of(const struct tow_json *t)
{
	long long status = tow_json_int(t, "status", -1);

	if (status == 1 || status == 2)
		return TRANSFER_CHECKING;
	if (tow_json_int(t, "error", 0) == 3)
		return has_lost_files(t) ? TRANSFER_MISSING_FILES : TRANSFER_ERROR;
	switch (status) {
	case 0:
		return is_complete(t) ? TRANSFER_DONE : TRANSFER_PAUSED;
	case 3:
		return TRANSFER_QUEUED;
	case 4:
		if (tow_json_num(t, "metadataPercentComplete", 0) < 1)
			return TRANSFER_METADATA;
		return tow_json_int(t, "rateDownload", 0) > 0 || count(t, "leftUntilDone") == 0
			       ? TRANSFER_DOWNLOADING
			       : TRANSFER_STALLED;
	case 5:
	case 6:
		return TRANSFER_SEEDING;
	default:
		return TRANSFER_UNKNOWN;
	}
}

static const char *word_of(struct tow_arena *a, const struct tow_json *t)
{
	static const char *const words[] = { "stopped",	    "queued to check",
					     "checking",    "queued to download",
					     "downloading", "queued to seed",
					     "seeding" };
	long long status = tow_json_int(t, "status", -1);

	if (status >= 0 && status < (long long)(sizeof(words) / sizeof(*words)))
		return words[status];
	return tow_fmt(a, "status %lld", status);
}

/* 1 and 2 are the tracker's words, 3 is trouble with our own disk. */
static void read_error(struct tow_arena *a, const struct tow_json *t, struct tow_transfer *out)
{
	long long error = tow_json_int(t, "error", 0);
	const char *text = tow_json_dup(a, t, "errorString");

	if (error == 1 || error == 2)
		out->tracker = text;
	else if (error != 0)
		out->error = text ? text : "the client does not say what is wrong";
	out->local = error == 3;
}

static const char *host_of(struct tow_arena *a, const struct tow_json *t)
{
	const struct tow_json *first = tow_json_at(tow_json_get(t, "trackers"), 0);

	return tow_client_host(a, tow_json_str(first, "announce", NULL));
}

static double percent_of(const struct tow_json *t)
{
	double part = tow_json_num(t, "percentDone", 0);

	return part >= 0 && part <= 1 ? 100 * part : 0;
}

static long long sources(const struct tow_json *t)
{
	long long peers = count(t, "peersSendingToUs"), seeds = count(t, "webseedsSendingToUs");

	return peers < 0 || peers > 1000000 || seeds < 0 || seeds > 1000000 ? -1 : peers + seeds;
}

/* content is left out: where it is cannot be told from a torrent's name, which is what its maker
 * wrote, "../" and all; only the names of its files are clean. */
static struct tow_transfer read_torrent(struct tow_client *c, struct tow_arena *a,
					const struct tow_json *t)
{
	const char *const *labels = labels_of(a, t, NULL, 0);
	double ratio = tow_json_num(t, "uploadRatio", -1);
	struct tow_transfer out = {
		.key = tow_json_dup(a, t, "hashString"),
		.name = tow_strdup(a, tow_json_str(t, "name", "")),
		.state = state_of(t),
		.complete = is_complete(t),
		.client_state = word_of(a, t),
		.percent = percent_of(t),
		.size = count(t, "sizeWhenDone"),
		.left = count(t, "leftUntilDone"),
		.down = count(t, "rateDownload"),
		.up = count(t, "rateUpload"),
		.seeders = sources(t),
		.leechers = count(t, "peersGettingFromUs"),
		.ratio = ratio >= 0 ? ratio : -1, /* -2: without end */
		.seeding = count(t, "secondsSeeding"),
		.folder = tow_json_dup(a, t, "downloadDir"),
		.category = category_of(c->conf, labels),
		.tags = labels,
		.tracker_host = host_of(a, t),
	};

	out.ids[0] = out.key;
	out.eta = out.complete ? -1 : count(t, "eta");
	if (tow_json_num(t, "metadataPercentComplete", 0) < 1)
		out.size = out.left = -1;
	if (count(t, "addedDate") > 0)
		out.added_at = count(t, "addedDate");
	if (out.complete && count(t, "doneDate") > 0) /* it outlives the data */
		out.completed_at = count(t, "doneDate");
	read_error(a, t, &out);
	return out;
}

/*--- listings */

static bool is_hash(const char *text)
{
	return strlen(text) == HASH_DIGITS && strspn(text, "0123456789abcdefABCDEF") == HASH_DIGITS;
}

static bool is_ours(const struct tow_client_conf *conf, const struct tow_transfer *t)
{
	return (!conf->category || t->category) && (!conf->tag || has(t->tags, conf->tag));
}

/* Of the folder where it downloads to by default; a listing is one without it too. */
static long long free_bytes(struct tow_client *c, struct tow_arena *a)
{
	TOW_AUTO_JSON *doc = NULL;
	struct tow_err ignored = { 0 };

	if (!call(c, a, "session-get", "\"fields\":[\"download-dir-free-space\"]", &doc, &ignored))
		return -1;
	return count(tow_json_get(doc, "arguments"), "download-dir-free-space");
}

static bool list(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		 struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *torrents;

	if (!call(c, a, "torrent-get", "\"fields\":[" LIST_FIELDS "]", &doc, e))
		return false;
	torrents = tow_json_get(tow_json_get(doc, "arguments"), "torrents");
	if (!tow_json_is_array(torrents))
		return tow_fail_class(e, TOW_RETRY, "client.garbled", "the listing is no list");
	*out = (struct tow_listing){ .whole = true };
	out->of = tow_alloc(a, (tow_json_len(torrents) + 1) * sizeof(*out->of));
	for (size_t i = 0; i < tow_json_len(torrents); i++) {
		const struct tow_json *t = tow_json_at(torrents, i);

		if (!is_hash(tow_json_str(t, "hashString", "")))
			continue;
		out->of[out->n] = read_torrent(c, a, t);
		out->n += is_ours(c->conf, &out->of[out->n]);
	}
	out->free_bytes = free_bytes(c, a);
	return true;
}

/* The torrent as it is now; false with client.gone where there is none. Ids that are no hashes
 * never go out: some other texts mean many torrents, and none means all. */
static bool find(struct tow_client *c, struct tow_arena *a, const char *key, const char *fields,
		 struct tow_json **doc, const struct tow_json **torrent, struct tow_err *e)
{
	const struct tow_json *torrents;

	if (!is_hash(key))
		return tow_fail_class(e, TOW_FINAL, "client.gone", "'%s' is no torrent's hash",
				      key);
	if (!call(c, a, "torrent-get", tow_fmt(a, "\"ids\":[\"%s\"],\"fields\":[%s]", key, fields),
		  doc, e))
		return false;
	torrents = tow_json_get(tow_json_get(*doc, "arguments"), "torrents");
	if (!tow_json_is_array(torrents))
		return tow_fail_class(e, TOW_RETRY, "client.garbled", "the listing is no list");
	if (tow_json_len(torrents) != 1)
		return tow_fail_class(e, TOW_FINAL, "client.gone", "it holds no torrent '%s'", key);
	*torrent = tow_json_at(torrents, 0);
	return true;
}

static bool by_hash(struct tow_client *c, struct tow_arena *a, const char *hash,
		    struct tow_transfer *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *torrent;

	if (!find(c, a, hash, LIST_FIELDS, &doc, &torrent, e))
		return false;
	*out = read_torrent(c, a, torrent);
	return true;
}

/* The names begin with the torrent's own folder, as the client has named that. */
static bool files(struct tow_client *c, struct tow_arena *a, const char *key,
		  struct tow_transfer_files *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *torrent, *list, *stats;

	if (!find(c, a, key, "\"downloadDir\",\"files\",\"fileStats\"", &doc, &torrent, e))
		return false;
	list = tow_json_get(torrent, "files");
	stats = tow_json_get(torrent, "fileStats");
	*out = (struct tow_transfer_files){ .n = tow_json_len(list),
					    .folder = tow_json_dup(a, torrent, "downloadDir") };
	out->of = tow_alloc(a, (out->n + 1) * sizeof(*out->of));
	for (size_t i = 0; i < out->n; i++) {
		const struct tow_json *f = tow_json_at(list, i);

		out->of[i] = (struct tow_transfer_file){
			.path = tow_strdup(a, tow_json_str(f, "name", "")),
			.size = count(f, "length"),
			.done = count(f, "bytesCompleted"),
			.wanted = tow_json_bool(tow_json_at(stats, i), "wanted", true),
		};
	}
	return true;
}

/*--- changes */

static bool act(struct tow_client *c, struct tow_arena *a, const char *key,
		enum tow_client_act what, struct tow_err *e)
{
	static const char *const methods[] = {
		[CLIENT_PAUSE] = "torrent-stop",     [CLIENT_RESUME] = "torrent-start",
		[CLIENT_RECHECK] = "torrent-verify", [CLIENT_REANNOUNCE] = "torrent-reannounce",
		[CLIENT_REMOVE] = "torrent-remove",  [CLIENT_REMOVE_DATA] = "torrent-remove",
	};
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_JSON *done = NULL;
	const struct tow_json *torrent;

	return find(c, a, key, "\"hashString\"", &doc, &torrent, e) &&
	       call(c, a, methods[what],
		    tow_fmt(a, "\"ids\":[\"%s\"]%s", key,
			    what == CLIENT_REMOVE_DATA ? ",\"delete-local-data\":true" : ""),
		    &done, e);
}

/* A label that it would not take makes it refuse all that come with it. */
static bool check_label(const char *label, struct tow_err *e)
{
	if (!label || (!strchr(label, ',') && label[strspn(label, " \t\r\n")]))
		return true;
	return tow_fail_class(e, TOW_FINAL, "client.refused",
			      "a label that is empty or has a comma: '%s'", label);
}

/* The array with one more; labels_of left room for it. */
static void add_label(const char **labels, const char *label)
{
	if (!label || has(labels, label))
		return;
	while (*labels)
		labels++;
	*labels = label;
}

static void put_labels(struct tow_buf *b, const char *const *labels)
{
	tow_buf_adds(b, "\"labels\":[");
	for (const char *const *l = labels; *l; l++) {
		if (l != labels)
			tow_buf_addc(b, ',');
		tow_json_quote(b, *l, strlen(*l));
	}
	tow_buf_addc(b, ']');
}

/* Labels can only be set as a whole: those that it has go along. */
static bool label_with(struct tow_client *c, struct tow_arena *a, const char *key, const char *less,
		       const char *const more[3], struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_JSON *done = NULL;
	TOW_AUTO_BUF b = { 0 };
	const struct tow_json *torrent;
	const char **labels;
	bool new;

	if (!find(c, a, key, "\"labels\"", &doc, &torrent, e))
		return false;
	labels = labels_of(a, torrent, less, 3);
	new = less &&has(labels_of(a, torrent, NULL, 0), less);
	for (size_t i = 0; i < 3; i++) {
		new = new || (more[i] && !has(labels, more[i]));
		add_label(labels, more[i]);
	}
	if (!new)
		return true;
	tow_buf_addf(&b, "\"ids\":[\"%s\"],", key);
	put_labels(&b, labels);
	return call(c, a, "torrent-set", b.data, &done, e);
}

static bool add_tag(struct tow_client *c, struct tow_arena *a, const char *key, const char *tag,
		    struct tow_err *e)
{
	return check_label(tag, e) && label_with(c, a, key, NULL, (const char *const[3]){ tag }, e);
}

/* A label instead of the one that it was listed by. */
static bool set_category(struct tow_client *c, struct tow_arena *a, const char *key,
			 const char *category, struct tow_err *e)
{
	const char *was = c->conf->category;

	return check_label(category, e) &&
	       label_with(c, a, key, was && strcmp(was, category) != 0 ? was : NULL,
			  (const char *const[3]){ category }, e);
}

/* What adding does not take: 3.00 ignores labels there, and rates can only be set. Seeding is
 * limited by ratio alone: it knows no time that a torrent has to seed. */
static bool settle(struct tow_client *c, struct tow_arena *a, const char *key,
		   const struct tow_transfer_new *t, const char *const *labels, struct tow_err *e)
{
	TOW_AUTO_JSON *done = NULL;
	TOW_AUTO_BUF b = { 0 };

	if (!*labels && t->down_limit <= 0 && t->up_limit <= 0 && t->ratio_limit < 0)
		return true;
	tow_buf_addf(&b, "\"ids\":[\"%s\"],", key);
	put_labels(&b, labels);
	if (t->down_limit > 0) /* in thousands, and 0 would be a stop */
		tow_buf_addf(&b, ",\"downloadLimited\":true,\"downloadLimit\":%lld",
			     t->down_limit / 1000 + (t->down_limit < 1000));
	if (t->up_limit > 0)
		tow_buf_addf(&b, ",\"uploadLimited\":true,\"uploadLimit\":%lld",
			     t->up_limit / 1000 + (t->up_limit < 1000));
	if (t->ratio_limit >= 0)
		tow_buf_addf(&b, ",\"seedRatioMode\":1,\"seedRatioLimit\":%g", t->ratio_limit);
	return call(c, a, "torrent-set", b.data, &done, e);
}

static const char *adding(struct tow_arena *a, const struct tow_transfer_new *t,
			  const char *const *labels)
{
	TOW_AUTO_BUF b = { 0 };

	tow_buf_addf(&b, "\"paused\":%s,", t->paused ? "true" : "false");
	put_labels(&b, labels);
	if (t->folder) {
		tow_buf_adds(&b, ",\"download-dir\":");
		tow_json_quote(&b, t->folder, strlen(t->folder));
	}
	if (t->data) {
		tow_buf_addf(&b, ",\"metainfo\":\"%s\"", tow_base64(a, t->data, t->data_len));
	} else {
		tow_buf_adds(&b, ",\"filename\":");
		tow_json_quote(&b, t->link, strlen(t->link));
	}
	return tow_strndup(a, b.data, b.len);
}

/* It fetches a link while we wait, and says "gotMetadataFromURL: http error 404: Not Found". No
 * answer (0) and trouble at the other end may pass. */
static bool fail_adding(struct tow_err *e)
{
	const char *at = strstr(e->text, "http error ");
	long status = at ? strtol(at + 11, NULL, 10) : -1;

	if (strcmp(e->class, "client.refused") == 0 && (status == 0 || status >= 500))
		e->code = TOW_RETRY;
	return false;
}

/* One of ours that it holds already keeps all that it has, and gets the labels. */
static bool add(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		const char **key, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const char *const more[3] = { t->tag, c->conf->category, c->conf->tag };
	const char *labels[4] = { 0 };
	const struct tow_json *said, *added;
	const char *hash;

	if (!tow_client_check_link(t, e))
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!check_label(more[i], e))
			return false;
		add_label(labels, more[i]);
	}
	if (!call(c, a, "torrent-add", adding(a, t, labels), &doc, e))
		return fail_adding(e);
	said = tow_json_get(doc, "arguments");
	added = tow_json_get(said, "torrent-added");
	hash = tow_json_dup(a, added ? added : tow_json_get(said, "torrent-duplicate"),
			    "hashString");
	if (!hash || !is_hash(hash))
		return tow_fail_class(e, TOW_RETRY, "client.garbled",
				      "it does not say what it has added");
	*key = hash;
	if (added)
		return settle(c, a, hash, t, labels, e);
	return t->ours ? label_with(c, a, hash, NULL, more, e) : tow_client_held(e);
}

const struct tow_client_driver tow_client_transmission = {
	.name = "transmission",
	.title = "Transmission",
	.usual = "http://127.0.0.1:9091",
	.takes = "user_name secret category tag paths",
	.help = "Transmission 3.00 and later: http://HOST:9091, or all of the address of its RPC; "
		"user and password",
	.can = CLIENT_CAN_TAG | CLIENT_CAN_CATEGORY | CLIENT_CAN_LIMIT | CLIENT_CAN_RATIO,
	.own_size = sizeof(struct own),
	.hello = hello,
	.list = list,
	.files = files,
	.by_hash = by_hash,
	.add = add,
	.act = act,
	.add_tag = add_tag,
	.set_category = set_category,
};
