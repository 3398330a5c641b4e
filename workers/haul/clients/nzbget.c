/* NZBGet, its JSON-RPC: 16 and later (the years are in its versions now: 24.3).
 *
 * What downloads, and is unpacked, stands in its queue; what came of it, in its history. The queue
 * is asked for first: what moves from one to the other between two requests is then in both, and
 * not in neither. Tags are a post-processing parameter of ours, which nothing in NZBGet looks at:
 * tow=FIRST,SECOND. Its own checks of duplicates are passed by ("FORCE"): to add means to add.
 *
 * It reads its requests without a JSON parser, values in order, so the parameters' order is all
 * that counts, and those of an nzb stay as they are written, backslashes too. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tow/client.h"

#define MAX_LISTING (256ul << 20)
#define OLDEST	    16 /* append with parameters, and an id for an answer */
#define TAGS	    "tow"

/*--- requests */

static const char *quoted(struct tow_arena *a, const char *text)
{
	TOW_AUTO_BUF b = { 0 };

	tow_json_quote(&b, text, strlen(text));
	return tow_strndup(a, b.data, b.len);
}

static bool send(struct tow_client *c, struct tow_arena *a, const char *method, const char *params,
		 struct tow_http_answer *answer, struct tow_err *e)
{
	bool named = c->conf->user || c->conf->secret;
	const char *body =
		tow_fmt(a, "{\"method\":\"%s\",\"params\":[%s],\"id\":1}", method, params);
	struct tow_http_request q = {
		.method = "POST",
		.url = tow_fmt(a, "%s/jsonrpc", c->conf->url),
		.headers =
			(const char *const[]){
				"Content-Type: application/json",
				named ? tow_http_basic(a, c->conf->user, c->conf->secret) : NULL,
				NULL },
		.body = body,
		.body_len = strlen(body),
		.timeout_ms = c->conf->timeout_ms,
		.max_bytes = MAX_LISTING,
	};

	return tow_http_ask(c->http, a, &q, answer, e);
}

static bool refused_login(const struct tow_client *c, struct tow_err *e)
{
	if (!c->conf->user && !c->conf->secret)
		tow_fail_class(e, TOW_FINAL, "client.auth", "it asks for a login");
	else
		tow_fail_class(e, TOW_FINAL, "client.auth", "wrong user or password");
	return tow_hint(e, "they are ControlUsername and ControlPassword of its settings");
}

/* The result is a member of doc. */
static bool call(struct tow_client *c, struct tow_arena *a, const char *method, const char *params,
		 struct tow_json **doc, struct tow_err *e)
{
	struct tow_http_answer answer;
	const struct tow_json *error;

	if (!send(c, a, method, params, &answer, e))
		return false;
	if (answer.status == 401)
		return refused_login(c, e);
	if (!tow_http_ok(&answer, e))
		return false;
	if (!tow_json_parse(doc, answer.body, answer.body_len, e) || !tow_json_is_object(*doc))
		return tow_fail_class(e, TOW_RETRY, "client.garbled", "'%s': this is no NZBGet",
				      method);
	error = tow_json_get(*doc, "error");
	if (tow_json_is_object(error))
		return tow_fail_class(e, TOW_FINAL, "client.refused", "'%s': %.200s", method,
				      tow_json_str(error, "message", "it does not say why"));
	if (tow_json_get(*doc, "result"))
		return true;
	return tow_fail_class(e, TOW_RETRY, "client.garbled", "'%s': it gave no result", method);
}

static bool call_list(struct tow_client *c, struct tow_arena *a, const char *method,
		      const char *params, struct tow_json **doc, const struct tow_json **items,
		      struct tow_err *e)
{
	if (!call(c, a, method, params, doc, e))
		return false;
	*items = tow_json_get(*doc, "result");
	if (tow_json_is_array(*items))
		return true;
	return tow_fail_class(e, TOW_RETRY, "client.garbled", "'%s': the listing is no list",
			      method);
}

static bool hello(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const char *version;
	unsigned major = 0;

	if (!call(c, a, "version", "", &doc, e))
		return false;
	version = tow_json_str(doc, "result", "");
	if (sscanf(version, "%4u", &major) != 1)
		return tow_fail_class(e, TOW_FINAL, "client.garbled", "it does not say what it is");
	if (major < OLDEST)
		return tow_fail_class(e, TOW_FINAL, "client.old",
				      "it is NZBGet %.20s, and %d is the oldest that is spoken to",
				      version, OLDEST);
	snprintf(c->version, sizeof(c->version), "%.60s", version);
	return true;
}

/*--- what they have in common */

/* SizeLo and SizeHi, 32 bits each; some versions write the lower ones with a sign. -1 when it is
 * not said. */
static long long wide(struct tow_arena *a, const struct tow_json *item, const char *name)
{
	long long low = tow_json_int(item, tow_fmt(a, "%sLo", name), INT64_MIN);
	long long high = tow_json_int(item, tow_fmt(a, "%sHi", name), -1);

	if (low < INT32_MIN || low > UINT32_MAX || high < 0 || high > INT32_MAX)
		return -1;
	return (high << 32) + (low & UINT32_MAX);
}

/* What our parameter holds, "" without one. */
static const char *tags_of(const struct tow_json *item)
{
	const struct tow_json *all = tow_json_get(item, "Parameters");

	for (size_t i = 0; i < tow_json_len(all); i++) {
		const struct tow_json *p = tow_json_at(all, i);

		if (strcasecmp(tow_json_str(p, "Name", ""), TAGS) == 0)
			return tow_json_str(p, "Value", "");
	}
	return "";
}

/* "a,b" as a list. */
static const char *const *split_tags(struct tow_arena *a, const char *text)
{
	size_t n = 1;
	const char **tags;

	for (const char *s = text; *s; s++)
		n += *s == ',';
	tags = tow_alloc(a, (n + 1) * sizeof(*tags));
	n = 0;
	while (*text) {
		size_t len = strcspn(text, ",");

		if (len)
			tags[n++] = tow_strndup(a, text, len);
		text += len + (text[len] == ',');
	}
	return tags;
}

static bool is_among(const char *const *tags, const char *tag)
{
	for (; *tags; tags++)
		if (strcmp(*tags, tag) == 0)
			return true;
	return false;
}

/* The client narrows nothing. */
static bool is_asked_for(const struct tow_client *c, const struct tow_transfer *t)
{
	return tow_client_lists(c->conf, t->category) &&
	       (!c->conf->tag || is_among(t->tags, c->conf->tag));
}

static struct tow_transfer read_item(struct tow_arena *a, const struct tow_json *item)
{
	const char *status = tow_json_str(item, "Status", "");
	long long size = wide(a, item, "FileSize");

	return (struct tow_transfer){
		.key = tow_fmt(a, "%lld", tow_json_int(item, "NZBID", 0)),
		.name = tow_strdup(a, tow_json_str(item, "NZBName", "")),
		.client_state = tow_strdup(a, status),
		.size = size > 0 ? size : -1, /* 0: a link, or no nzb */
		.left = -1,
		.down = -1,
		.up = -1,
		.eta = -1,
		.seeders = -1,
		.leechers = -1,
		.ratio = -1,
		.seeding = -1,
		.category = tow_json_dup(a, item, "Category"),
		.tags = split_tags(a, tags_of(item)),
	};
}

/*--- the queue */

/* When the disk is nearly full it pauses by itself, all at once. */
static enum tow_transfer_state queue_state(const char *status, bool all_paused)
{
	if (strcmp(status, "QUEUED") == 0)
		return all_paused ? TRANSFER_PAUSED : TRANSFER_QUEUED;
	if (strcmp(status, "PAUSED") == 0)
		return TRANSFER_PAUSED;
	if (strcmp(status, "DOWNLOADING") == 0)
		return TRANSFER_DOWNLOADING;
	if (strcmp(status, "FETCHING") == 0) /* a link, whose nzb is not here yet */
		return TRANSFER_METADATA;
	return strcmp(status, "MOVING") == 0 ? TRANSFER_MOVING : TRANSFER_UNKNOWN;
}

/* PP_FINISHED too: what came of it is known when it is in the history. */
static bool is_processed(const char *status)
{
	static const char *const names[] = { "PP_QUEUED", "LOADING_PARS",	"VERIFYING_SOURCES",
					     "REPAIRING", "VERIFYING_REPAIRED", "RENAMING",
					     "UNPACKING", "EXECUTING_SCRIPT",	"PP_FINISHED",
					     "QS_QUEUED", "QS_EXECUTING",	NULL };

	return is_among(names, status);
}

static struct tow_transfer read_queued(struct tow_arena *a, const struct tow_json *item,
				       bool all_paused)
{
	struct tow_transfer out = read_item(a, item);

	out.state = is_processed(out.client_state) ? TRANSFER_UNPACKING
						   : queue_state(out.client_state, all_paused);
	out.folder = tow_json_dup(a, item, "DestDir");
	out.left = wide(a, item, "RemainingSize");
	if (out.size < 0)
		out.left = -1;
	else if (out.left >= 0 && out.left <= out.size)
		out.percent = 100 * (double)(out.size - out.left) / (double)out.size;
	return out;
}

/* It knows one rate, of all there is: that of the only one that downloads, if there is only one. */
static void read_rate(const struct tow_json *status, struct tow_transfer *of, size_t n)
{
	long long rate = tow_json_int(status, "DownloadRate", -1);
	struct tow_transfer *only = NULL;

	for (size_t i = 0; i < n; i++) {
		if (of[i].state != TRANSFER_DOWNLOADING)
			continue;
		if (only)
			return;
		only = &of[i];
	}
	if (!only)
		return;
	only->down = rate;
	if (rate > 0 && only->left >= 0)
		only->eta = only->left / rate;
}

/*--- the history */

static const struct verdict {
	const char *status, *text;
	bool local; /* another release would fare no better here */
} verdicts[] = {
	{ "FAILURE/PAR", "it is damaged, and could not be repaired", false },
	{ "FAILURE/UNPACK", "it could not be unpacked", false },
	{ "FAILURE/MOVE", "its files could not be moved to where finished ones go", true },
	{ "FAILURE/SCAN", "its nzb cannot be read", false },
	{ "FAILURE/BAD", "it was marked as bad", false },
	{ "FAILURE/FETCH", "its nzb could not be fetched", false },
	{ "FAILURE/HEALTH", "too many of its articles are gone", false },
	{ "FAILURE/INTERNAL_ERROR", "NZBGet failed by itself", true },
	{ "WARNING/SPACE", "there was no space left to unpack it", true },
	{ "WARNING/PASSWORD", "its archives want a password", false },
	{ "WARNING/DAMAGED", "it is damaged, and NZBGet is set not to repair", false },
	{ "WARNING/REPAIRABLE", "it is damaged, and NZBGet is set not to repair", false },
	{ "WARNING/HEALTH", "some of its articles are gone, and nothing repaired it", false },
	{ "WARNING/SCRIPT", "a post-processing script of NZBGet failed", true },
	{ "WARNING/SKIPPED", "its link gives no file that is named like an nzb", false },
	{ "DELETED/MANUAL", "somebody deleted it in NZBGet", false },
	{ "DELETED/DUPE", "NZBGet took it for a duplicate, and deleted it", false },
	{ "DELETED/COPY", "NZBGet has had the very same nzb, and deleted it", false },
	{ "DELETED/GOOD", "a duplicate of it was marked as good, and NZBGet deleted it", false },
};

static void read_verdict(struct tow_arena *a, const struct tow_json *item, struct tow_transfer *out)
{
	const char *status = out->client_state;
	long long health = tow_json_int(item, "Health", -1);

	out->error = tow_fmt(a, "NZBGet says %s", status);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (strcmp(verdicts[i].status, status) == 0) {
			out->error = verdicts[i].text;
			out->local = verdicts[i].local;
		}
	if (strstr(status, "/HEALTH") && health >= 0 && health <= 1000)
		out->error = tow_fmt(a, "%s: %lld.%lld %% can be had", out->error, health / 10,
				     health % 10);
}

static struct tow_transfer read_past(struct tow_arena *a, const struct tow_json *item)
{
	struct tow_transfer out = read_item(a, item);
	const char *final = tow_json_dup(a, item, "FinalDir");
	long long at = tow_json_int(item, "HistoryTime", 0);

	out.folder = final ? final : tow_json_dup(a, item, "DestDir");
	if (strncmp(out.client_state, "SUCCESS/", 8) == 0) {
		out.state = TRANSFER_DONE;
		out.complete = true;
		out.percent = 100;
		out.left = 0;
		out.completed_at = at > 0 ? at : 0;
		return out;
	}
	out.state = strncmp(out.client_state, "DELETED/", 8) == 0   ? TRANSFER_DELETED
		    : strncmp(out.client_state, "FAILURE/", 8) == 0 ? TRANSFER_ERROR
		    : strncmp(out.client_state, "WARNING/", 8) == 0 ? TRANSFER_ERROR
								    : TRANSFER_UNKNOWN;
	if (out.state != TRANSFER_UNKNOWN)
		read_verdict(a, item, &out);
	return out;
}

/*--- listings */

/* Something without an id is nothing that could be spoken of. */
static bool has_id(const struct tow_json *item)
{
	return tow_json_int(item, "NZBID", 0) > 0;
}

static bool has_past(const struct tow_json *history, long long id)
{
	for (size_t i = 0; i < tow_json_len(history); i++)
		if (tow_json_int(tow_json_at(history, i), "NZBID", 0) == id)
			return true;
	return false;
}

static void take(const struct tow_client *c, struct tow_listing *out, const struct tow_transfer *t)
{
	if (is_asked_for(c, t))
		out->of[out->n++] = *t;
}

static bool list(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		 struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_JSON *queue_doc = NULL;
	TOW_AUTO_JSON *history_doc = NULL;
	const struct tow_json *status, *queue, *history;
	struct tow_transfer t;
	bool paused;

	if (!call(c, a, "status", "", &doc, e) ||
	    !call_list(c, a, "listgroups", "0", &queue_doc, &queue, e) ||
	    !call_list(c, a, "history", "false", &history_doc, &history, e))
		return false;
	status = tow_json_get(doc, "result");
	paused = tow_json_bool(status, "DownloadPaused", false);
	*out = (struct tow_listing){ .whole = true,
				     .free_bytes = wide(a, status, "FreeDiskSpace") };
	out->of =
		tow_alloc(a, (tow_json_len(queue) + tow_json_len(history) + 1) * sizeof(*out->of));
	for (size_t i = 0; i < tow_json_len(queue); i++) {
		const struct tow_json *item = tow_json_at(queue, i);

		if (!has_id(item) || has_past(history, tow_json_int(item, "NZBID", 0)))
			continue;
		t = read_queued(a, item, paused);
		take(c, out, &t);
	}
	read_rate(status, out->of, out->n);
	for (size_t i = 0; i < tow_json_len(history); i++)
		if (has_id(tow_json_at(history, i))) {
			t = read_past(a, tow_json_at(history, i));
			take(c, out, &t);
		}
	return true;
}

/* Keys go into requests as they are. */
static bool is_key(const char *key)
{
	return *key && strlen(key) <= 10 && key[strspn(key, "0123456789")] == '\0';
}

static bool gone(const char *key, struct tow_err *e)
{
	return tow_fail_class(e, TOW_FINAL, "client.gone", "it holds no nzb '%.40s'", key);
}

/* The entry in queue or history; NULL when it is not there. */
static bool find_in(struct tow_client *c, struct tow_arena *a, const char *method,
		    const char *params, const char *key, struct tow_json **doc,
		    const struct tow_json **item, struct tow_err *e)
{
	const struct tow_json *items;

	*item = NULL;
	if (!call_list(c, a, method, params, doc, &items, e))
		return false;
	for (size_t i = 0; i < tow_json_len(items); i++)
		if (tow_json_int(tow_json_at(items, i), "NZBID", 0) == atoll(key))
			*item = tow_json_at(items, i);
	return true;
}

static bool find_past(struct tow_client *c, struct tow_arena *a, const char *key,
		      struct tow_json **doc, const struct tow_json **item, struct tow_err *e)
{
	if (!find_in(c, a, "history", "false", key, doc, item, e))
		return false;
	return *item || gone(key, e);
}

static bool files_made(const struct tow_transfer *past, struct tow_transfer_files *out,
		       struct tow_err *e)
{
	*out = (struct tow_transfer_files){ .made = past->folder };
	if (past->complete && past->folder)
		return true;
	return tow_fail_class(e, TOW_FINAL, "client.refused", "it has made nothing of it");
}

/* Of what it downloads; the names are guesses until the first article of a file is here. What is in
 * its history has no list of files: all that is in its folder is its own. */
static bool files(struct tow_client *c, struct tow_arena *a, const char *key,
		  struct tow_transfer_files *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_JSON *past = NULL;
	const struct tow_json *items, *item;
	struct tow_transfer done;

	if (!is_key(key))
		return gone(key, e);
	if (!call_list(c, a, "listfiles", tow_fmt(a, "0,0,%s", key), &doc, &items, e))
		return false;
	if (tow_json_len(items) == 0) {
		if (!find_past(c, a, key, &past, &item, e))
			return false;
		done = read_past(a, item);
		return files_made(&done, out, e);
	}
	*out = (struct tow_transfer_files){ .n = tow_json_len(items),
					    .folder = tow_json_dup(a, tow_json_at(items, 0),
								   "DestDir") };
	out->of = tow_alloc(a, (out->n + 1) * sizeof(*out->of));
	for (size_t i = 0; i < out->n; i++) {
		const struct tow_json *f = tow_json_at(items, i);
		long long size = wide(a, f, "FileSize"), left = wide(a, f, "RemainingSize");

		out->of[i] = (struct tow_transfer_file){
			.path = tow_strdup(a, tow_json_str(f, "Filename", "")),
			.size = size,
			.done = left >= 0 && left <= size ? size - left : 0,
			.wanted = true,
		};
	}
	return true;
}

/*--- changes */

/* *done: it had such an entry, and did it. The 0 is an offset that versions before 18 want. */
static bool edit(struct tow_client *c, struct tow_arena *a, const char *verb, const char *text,
		 const char *key, bool *done, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;

	if (!call(c, a, "editqueue", tow_fmt(a, "\"%s\",0,%s,[%s]", verb, quoted(a, text), key),
		  &doc, e))
		return false;
	*done = tow_json_bool(doc, "result", false);
	return true;
}

/* What is in the history cannot be paused, and is no error of the one who asks. */
static bool change_queued(struct tow_client *c, struct tow_arena *a, const char *key,
			  const char *verb, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *item = NULL;
	bool done = false;

	if (!edit(c, a, verb, "", key, &done, e))
		return false;
	if (done)
		return true;
	return find_past(c, a, key, &doc, &item, e) &&
	       tow_fail_class(e, TOW_FINAL, "client.refused", "it is done with '%s'", key);
}

/* Out of the queue its files go with it, which are of no use; out of the history those of a failure
 * do, and those of a success never. */
static bool remove_it(struct tow_client *c, struct tow_arena *a, const char *key, bool data,
		      struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *item = NULL;
	bool done = false;

	if (!edit(c, a, "GroupFinalDelete", "", key, &done, e))
		return false;
	if (done)
		return true;
	if (data) {
		if (!find_past(c, a, key, &doc, &item, e))
			return false;
		if (read_past(a, item).complete) {
			tow_fail_class(e, TOW_FINAL, "client.refused",
				       "it never deletes the files of what it has finished");
			return tow_hint(e, "remove it without its data, then delete its folder");
		}
	}
	return edit(c, a, "HistoryFinalDelete", "", key, &done, e) && (done || gone(key, e));
}

static bool act(struct tow_client *c, struct tow_arena *a, const char *key,
		enum tow_client_act what, struct tow_err *e)
{
	if (!is_key(key))
		return gone(key, e);
	if (what == CLIENT_PAUSE || what == CLIENT_RESUME)
		return change_queued(c, a, key, what == CLIENT_PAUSE ? "GroupPause" : "GroupResume",
				     e);
	if (what == CLIENT_REMOVE || what == CLIENT_REMOVE_DATA)
		return remove_it(c, a, key, what == CLIENT_REMOVE_DATA, e);
	return tow_fail_class(e, TOW_FINAL, "client.refused",
			      "there is nothing to check or to announce for an nzb");
}

/* The list of tags has commas between, and what it reads it does not unescape. */
static bool check_tag(const char *tag, struct tow_err *e)
{
	for (const char *s = tag; *s; s++)
		if (strchr(",\"\\", *s) || (unsigned char)*s < ' ' || *s == 0x7f)
			return tow_fail_class(e, TOW_FINAL, "client.refused",
					      "a tag with a comma, a quote or a backslash: '%s'",
					      tag);
	return true;
}

/* Where it is, and so what the verbs that change it begin with. */
static bool find(struct tow_client *c, struct tow_arena *a, const char *key, struct tow_json **doc,
		 const struct tow_json **item, const char **where, struct tow_err *e)
{
	*where = "Group";
	if (!is_key(key))
		return gone(key, e);
	if (!find_in(c, a, "listgroups", "0", key, doc, item, e))
		return false;
	if (*item)
		return true;
	tow_json_freep(doc);
	*where = "History";
	return find_past(c, a, key, doc, item, e);
}

/* What has moved on to the history meanwhile is found there the next time. */
static bool change(struct tow_client *c, struct tow_arena *a, const char *verb, const char *text,
		   const char *key, struct tow_err *e)
{
	bool done = false;

	if (!edit(c, a, verb, text, key, &done, e))
		return false;
	return done || tow_fail_class(e, TOW_RETRY, "client.refused", "'%s' did nothing to '%s'",
				      verb, key);
}

static bool add_tag(struct tow_client *c, struct tow_arena *a, const char *key, const char *tag,
		    struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *item = NULL;
	const char *where, *tags;

	if (!check_tag(tag, e) || !find(c, a, key, &doc, &item, &where, e))
		return false;
	tags = tags_of(item);
	if (is_among(split_tags(a, tags), tag))
		return true;
	tags = *tags ? tow_fmt(a, "%s,%s", tags, tag) : tag;
	return change(c, a, tow_fmt(a, "%sSetParameter", where), tow_fmt(a, "%s=%s", TAGS, tags),
		      key, e);
}

/* One that its settings do not name is no trouble to it. */
static bool set_category(struct tow_client *c, struct tow_arena *a, const char *key,
			 const char *category, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *item = NULL;
	const char *where;

	return find(c, a, key, &doc, &item, &where, e) &&
	       (strcmp(tow_json_str(item, "Category", ""), category) == 0 ||
		change(c, a, tow_fmt(a, "%sSetCategory", where), category, key, e));
}

/* Files that are not named like an nzb are laid aside. A link without a name gets the one that its
 * server gives. */
static const char *nzb_name(struct tow_arena *a, const struct tow_transfer_new *t)
{
	const char *name = t->name ? t->name : t->data ? "tow.nzb" : "";
	size_t len = strlen(name);

	if (!*name || (len >= 4 && strcasecmp(name + len - 4, ".nzb") == 0))
		return name;
	return tow_fmt(a, "%s.nzb", name);
}

static bool check_new(const struct tow_client *c, const struct tow_transfer_new *t,
		      struct tow_err *e)
{
	if (t->folder) {
		tow_fail_class(e, TOW_FINAL, "client.refused",
			       "NZBGet chooses the folder, by the category");
		return tow_hint(e, "set the folder of the category in NZBGet, and give none here");
	}
	if (t->data ? t->data_len == 0 : strncasecmp(t->link, "http", 4) != 0)
		return tow_fail_class(e, TOW_FINAL, "client.refused", "this is no nzb");
	return (!t->tag || check_tag(t->tag, e)) && (!c->conf->tag || check_tag(c->conf->tag, e));
}

static const char *parameters(const struct tow_client *c, struct tow_arena *a, const char *own)
{
	const char *all = c->conf->tag, *tags;

	if (!own && !all)
		return "";
	tags = own && all ? tow_fmt(a, "%s,%s", own, all) : own ? own : all;
	return tow_fmt(a, "{\"%s\":%s}", TAGS, quoted(a, tags));
}

/* The id is for good: that of a link is its nzb's later. An nzb that cannot be read gets one too,
 * and goes straight to the history. */
static bool add(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		const char **key, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const char *what;
	long long id;

	if (!check_new(c, t, e))
		return false;
	what = t->data ? tow_base64(a, t->data, t->data_len) : t->link;
	if (!call(c, a, "append",
		  tow_fmt(a, "%s,%s,%s,0,false,%s,\"\",0,\"FORCE\",[%s]", quoted(a, nzb_name(a, t)),
			  quoted(a, what), quoted(a, c->conf->category ? c->conf->category : ""),
			  t->paused ? "true" : "false", parameters(c, a, t->tag)),
		  &doc, e))
		return false;
	id = tow_json_int(doc, "result", 0);
	if (id <= 0)
		return tow_fail_class(e, TOW_FINAL, "client.refused", "it would not take this nzb");
	*key = tow_fmt(a, "%lld", id);
	return true;
}

const struct tow_client_driver tow_client_nzbget = {
	.name = "nzbget",
	.title = "NZBGet",
	.usual = "http://127.0.0.1:6789",
	.takes = "user_name secret category tag paths",
	.help = "NZBGet 16 and later: http://HOST:6789; ControlUsername and ControlPassword",
	.can = CLIENT_CAN_TAG | CLIENT_CAN_CATEGORY,
	.hello = hello,
	.list = list,
	.files = files,
	.add = add,
	.act = act,
	.add_tag = add_tag,
	.set_category = set_category,
};
