/* SABnzbd, its one address for everything: 2 and later. A job is in the queue, and then in the
 * history, where it is repaired, unpacked and moved before it is complete.
 *
 * The queue is asked before the history: a job that goes from one to the other meanwhile is seen
 * twice, and never not at all. The history tells nothing where it has not changed since: what it
 * said last is kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tow/client.h"

#define MAX_LISTING  (256ul << 20)
#define MOST_HISTORY "10000" /* without, it tells ten */
#define KEY_PREFIX   "SABnzbd_nzo_"

struct own {
	long long seen;		  /* the history's last_history_update; 0: ask for all */
	struct tow_json *history; /* what it said then */
};

static struct own *own(const struct tow_client *c)
{
	return c->own;
}

static void forget(struct tow_client *c)
{
	tow_json_freep(&own(c)->history);
	own(c)->seen = 0;
}

/*--- requests */

static bool fail_auth(struct tow_err *e, const char *text)
{
	tow_fail_class(e, TOW_FINAL, "client.auth", "%s", text);
	return tow_hint(e, "give the client the API key of its general settings as its secret, not "
			   "the NZB key");
}

/* It may say nothing at all of why, and says the same of a host name that it does not go by. */
static bool forbidden(const struct tow_http_answer *answer, struct tow_err *e)
{
	const char *said = answer->body;

	if (strcasestr(said, "hostname")) {
		tow_fail_class(e, TOW_FINAL, "client.refused",
			       "it does not answer to this host name");
		return tow_hint(e, "add the name to its host_whitelist");
	}
	if (strcasestr(said, "access denied")) {
		tow_fail_class(e, TOW_FINAL, "client.refused", "it lets nobody in from here");
		return tow_hint(e, "its settings for external access say who may ask");
	}
	return fail_auth(e, *said ? "the API key is refused"
				  : "it refuses us and does not say why: a wrong API key, it "
				    "seems, or a host name that is not in its host_whitelist");
}

/* {"status": false, "error": "..."}, with status 200. */
static bool said_no(const struct tow_json *doc, struct tow_err *e)
{
	const char *text = tow_json_str(doc, "error", NULL);

	if (!text)
		return true;
	if (strcasestr(text, "api key"))
		return fail_auth(e, "the API key is refused");
	return tow_fail_class(e, TOW_FINAL, "client.refused", "it would not: %.300s", text);
}

static bool send(struct tow_client *c, struct tow_arena *a, struct tow_http_request *q,
		 struct tow_json **doc, struct tow_err *e)
{
	struct tow_http_answer answer;

	q->method = "POST"; /* the key stays out of addresses, which are logged */
	q->url = tow_fmt(a, "%s/api", c->conf->url);
	q->timeout_ms = c->conf->timeout_ms;
	q->max_bytes = MAX_LISTING;
	if (!tow_http_ask(c->http, a, q, &answer, e))
		return false;
	if (answer.status == 403 || answer.status == 401)
		return forbidden(&answer, e);
	if (!tow_http_ok(&answer, e))
		return false;
	if (tow_json_parse(doc, answer.body, answer.body_len, NULL) && tow_json_is_object(*doc))
		return said_no(*doc, e);
	if (strcasestr(answer.body, "api key")) /* old ones say so in plain words */
		return fail_auth(e, "the API key is refused");
	return tow_fail_class(e, TOW_RETRY, "client.garbled", "it did not answer with an object");
}

static bool ask(struct tow_client *c, struct tow_arena *a, const struct tow_http_pair *form,
		struct tow_json **doc, struct tow_err *e)
{
	const char *headers[] = { "Content-Type: application/x-www-form-urlencoded", NULL };
	const char *body = tow_fmt(a, "output=json&apikey=%s&%s",
				   tow_http_escape(a, c->conf->secret ? c->conf->secret : ""),
				   tow_http_form(a, form));
	struct tow_http_request q = { .headers = headers, .body = body, .body_len = strlen(body) };

	return send(c, a, &q, doc, e);
}

static bool garbled(struct tow_err *e, const char *what)
{
	return tow_fail_class(e, TOW_RETRY, "client.garbled", "its answer holds no %s", what);
}

/* A category that it does not have is dropped without a word: jobs would never be found again. */
static bool knows_category(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *all;

	if (!ask(c, a, (struct tow_http_pair[]){ { "mode", "get_cats" }, { NULL, NULL } }, &doc, e))
		return false;
	all = tow_json_get(doc, "categories");
	if (!c->conf->category)
		return true;
	if (!tow_json_is_array(all))
		return garbled(e, "categories");
	for (size_t i = 0; i < tow_json_len(all); i++) {
		const char *one = tow_json_text(tow_json_at(all, i));

		if (one && strcmp(one, c->conf->category) == 0)
			return true;
	}
	tow_fail_class(e, TOW_FINAL, "client.refused", "it has no category '%s'",
		       c->conf->category);
	return tow_hint(e, "add it to its settings; it writes them in lower case");
}

/* Anybody may ask for the version: only the second question needs the key. */
static bool hello(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	unsigned major = 0;
	const char *version;

	if (!ask(c, a, (struct tow_http_pair[]){ { "mode", "version" }, { NULL, NULL } }, &doc, e))
		return false;
	version = tow_json_str(doc, "version", NULL);
	if (!version)
		return tow_fail_class(e, TOW_FINAL, "client.garbled", "this is no SABnzbd");
	if (sscanf(version, "%3u.", &major) == 1 && major < 2)
		return tow_fail_class(e, TOW_FINAL, "client.old",
				      "it is version %.20s, and 2 and later are spoken to here",
				      version);
	if (!knows_category(c, a, e))
		return false;
	snprintf(c->version, sizeof(c->version), "%.60s", version);
	return true;
}

/*--- what a job is */

/* Numbers of the queue are text. What is none, or less than nothing, is not known: -1. */
static double number(const struct tow_json *object, const char *member)
{
	const char *text = tow_json_str(object, member, NULL);
	char *end = NULL;
	double n = text ? strtod(text, &end) : tow_json_num(object, member, -1);

	return (text && end == text) || !(n >= 0 && n < 1e15) ? -1 : n;
}

static long long scaled(double n, long long unit)
{
	return n < 0 || n >= 9e18 / (double)unit ? -1 : (long long)(n * (double)unit);
}

/* "1:02:03", or with days before it; nought is what it says when it does not know. */
static long long seconds_of(const char *text)
{
	static const long long units[] = { 60, 60, 24 };
	long long sum = 0, unit = 1, parts[4] = { 0 };
	int n = sscanf(text, "%6lld:%6lld:%6lld:%6lld", &parts[0], &parts[1], &parts[2], &parts[3]);

	for (int i = n - 1; i >= 0; i--) {
		if (parts[i] < 0)
			return -1;
		sum += parts[i] * unit;
		unit *= units[n - 1 - i < 3 ? n - 1 - i : 2];
	}
	return sum > 0 ? sum : -1;
}

static enum tow_transfer_state state_of(const char *text)
{
	static const struct {
		const char *text;
		enum tow_transfer_state state;
	} table[] = {
		{ "Grabbing", TRANSFER_METADATA },    { "Queued", TRANSFER_QUEUED },
		{ "Propagating", TRANSFER_QUEUED },   { "Downloading", TRANSFER_DOWNLOADING },
		{ "Fetching", TRANSFER_DOWNLOADING }, { "Paused", TRANSFER_PAUSED },
		{ "Checking", TRANSFER_CHECKING },    { "QuickCheck", TRANSFER_UNPACKING },
		{ "Verifying", TRANSFER_UNPACKING },  { "Repairing", TRANSFER_UNPACKING },
		{ "Extracting", TRANSFER_UNPACKING }, { "Moving", TRANSFER_MOVING },
		{ "Running", TRANSFER_UNPACKING },    { "Failed", TRANSFER_ERROR },
		{ "Deleted", TRANSFER_DELETED },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].text, text) == 0)
			return table[i].state;
	return TRANSFER_UNKNOWN;
}

/* Why it paused a job by itself: DUPLICATE, ENCRYPTED and the like. */
static const char *labels_of(struct tow_arena *a, const struct tow_json *slot)
{
	const struct tow_json *labels = tow_json_get(slot, "labels");
	const char *all = NULL;

	for (size_t i = 0; i < tow_json_len(labels); i++) {
		const char *one = tow_json_text(tow_json_at(labels, i));

		if (one)
			all = tow_fmt(a, "%s%s%s", all ? all : "", all ? ", " : "", one);
	}
	return all;
}

/* Queue and history have other names for the same. */
static struct tow_transfer read_slot(struct tow_arena *a, const struct tow_json *slot,
				     const char *name, const char *category)
{
	double added = number(slot, "time_added");

	return (struct tow_transfer){
		.key = tow_json_dup(a, slot, "nzo_id"),
		.name = tow_strdup(a, tow_json_str(slot, name, "")),
		.client_state = tow_strdup(a, tow_json_str(slot, "status", "")),
		.left = -1,
		.down = -1,
		.up = -1,
		.eta = -1,
		.seeders = -1,
		.leechers = -1,
		.ratio = -1,
		.seeding = -1,
		.category = tow_json_dup(a, slot, category),
		.added_at = added > 0 ? (long long)added : 0,
	};
}

static struct tow_transfer read_queued(struct tow_arena *a, const struct tow_json *slot)
{
	struct tow_transfer t = read_slot(a, slot, "filename", "cat");
	double percent = number(slot, "percentage");

	t.state = state_of(t.client_state);
	t.percent = percent > 100 ? 100 : percent;
	t.down = 0;
	t.eta = seconds_of(tow_json_str(slot, "timeleft", ""));
	t.size = scaled(number(slot, "mb"), 1 << 20);
	t.left = scaled(number(slot, "mbleft"), 1 << 20);
	if (t.state == TRANSFER_METADATA) /* it knows nothing of it yet, and says 0 */
		t.size = t.left = -1;
	if (t.state == TRANSFER_PAUSED)
		t.error = labels_of(a, slot);
	return t;
}

/* Only of messages in English: it speaks the language of its settings. */
static bool is_local(const char *message)
{
	static const char *const said[] = {
		"disk is full",	 "disk full",	      "no space left",	  "write error",
		"cannot create", "permission denied", "path is too long", "read-only file",
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++)
		if (strcasestr(message, said[i]))
			return true;
	return false;
}

/* For a moment a job is Completed and is nowhere yet: it is being moved. A row that waits to be
 * unpacked is Queued there. */
static enum tow_transfer_state past_state(const char *status, const char *storage)
{
	if (strcmp(status, "Completed") == 0)
		return storage ? TRANSFER_DONE : TRANSFER_MOVING;
	if (strcmp(status, "Queued") == 0 || strcmp(status, "Fetching") == 0)
		return TRANSFER_UNPACKING;
	return state_of(status);
}

static struct tow_transfer read_past(struct tow_arena *a, const struct tow_json *slot)
{
	struct tow_transfer t = read_slot(a, slot, "name", "category");
	double completed = number(slot, "completed");

	t.content = t.folder = tow_json_dup(a, slot, "storage");
	t.state = past_state(t.client_state, t.folder);
	t.size = scaled(number(slot, "bytes"), 1);
	t.complete = t.state == TRANSFER_DONE;
	t.percent = t.state == TRANSFER_ERROR || t.state == TRANSFER_UNKNOWN ? -1 : 100;
	t.left = t.percent == 100 ? 0 : -1;
	if (t.complete && completed > 0) /* of the others it says that it is now */
		t.completed_at = scaled(completed, 1);
	if (t.state == TRANSFER_ERROR) {
		t.error = tow_json_dup(a, slot, "fail_message");
		t.local = t.error && is_local(t.error);
		t.error = t.error ? t.error : "it failed, and does not say why";
	}
	return t;
}

/*--- listings */

static bool ask_queue(struct tow_client *c, struct tow_arena *a, struct tow_json **doc,
		      const struct tow_json **queue, struct tow_err *e)
{
	if (!ask(c, a, (struct tow_http_pair[]){ { "mode", "queue" }, { NULL, NULL } }, doc, e))
		return false;
	*queue = tow_json_get(*doc, "queue");
	return tow_json_is_array(tow_json_get(*queue, "slots")) || garbled(e, "queue");
}

/* The number counts changes since it was started, from 1: two programs that have done nothing yet
 * say the same, so 1 is never taken for a sign that nothing has changed. */
static bool ask_history(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	struct own *o = own(c);
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *history;
	bool several = c->conf->done && *c->conf->done;

	if (!ask(c, a,
		 (struct tow_http_pair[]){ { "mode", "history" },
					   { "limit", MOST_HISTORY },
					   { "cat", several ? NULL : c->conf->category },
					   { "last_history_update",
					     o->seen > 1 ? tow_fmt(a, "%lld", o->seen) : NULL },
					   { NULL, NULL } },
		 &doc, e))
		return false;
	history = tow_json_get(doc, "history");
	if (history && !tow_json_bool(doc, "history", true) && o->seen > 1)
		return true;
	forget(c);
	if (!tow_json_is_array(tow_json_get(history, "slots")))
		return garbled(e, "history");
	o->history = tow_json_own(history);
	o->seen = tow_json_int(history, "last_history_update", 0);
	return true;
}

/* All of a queue that runs is called Downloading; it works at the first of it. */
static void see_working(struct tow_transfer *t, bool *working, bool paused, double speed)
{
	if (t->state == TRANSFER_QUEUED && paused)
		t->state = TRANSFER_PAUSED;
	if (t->state != TRANSFER_DOWNLOADING)
		return;
	if (*working) {
		t->state = TRANSFER_QUEUED;
	} else {
		*working = true;
		t->down = scaled(speed, 1024);
		if (t->down <= 0)
			t->state = paused ? TRANSFER_QUEUED : TRANSFER_STALLED;
	}
}

/* The queue is read whole, whatever the category: which one is worked at is not seen otherwise. */
static void read_queue(struct tow_client *c, struct tow_arena *a, const struct tow_json *queue,
		       struct tow_listing *out)
{
	const struct tow_json *slots = tow_json_get(queue, "slots");
	bool paused = tow_json_bool(queue, "paused", false), working = false;

	for (size_t i = 0; i < tow_json_len(slots); i++) {
		struct tow_transfer t = read_queued(a, tow_json_at(slots, i));

		if (!t.key)
			continue;
		see_working(&t, &working, paused, number(queue, "kbpersec"));
		if (tow_client_lists(c->conf, t.category))
			out->of[out->n++] = t;
	}
}

static void read_history(struct tow_client *c, struct tow_arena *a, struct tow_listing *out)
{
	const struct tow_json *slots = tow_json_get(own(c)->history, "slots");

	for (size_t i = 0; i < tow_json_len(slots); i++) {
		struct tow_transfer t = read_past(a, tow_json_at(slots, i));

		if (t.key && tow_client_lists(c->conf, t.category))
			out->of[out->n++] = t;
	}
}

/* Jobs by key; of the same one first what is complete, then what was read first. */
static int by_key(const void *x, const void *y)
{
	const struct tow_transfer *const *a = x, *const *b = y;
	int order = strcmp((*a)->key, (*b)->key);

	if (order == 0)
		order = (int)(*b)->complete - (int)(*a)->complete;
	return order ? order : (*a > *b) - (*a < *b);
}

/* A job on its way is in the queue and in the history, or twice in that. */
static void drop_doubles(struct tow_arena *a, struct tow_listing *l)
{
	struct tow_transfer **order = tow_alloc(a, (l->n + 1) * sizeof(struct tow_transfer *));
	struct tow_transfer *kept = tow_alloc(a, (l->n + 1) * sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		order[i] = &l->of[i];
	qsort(order, l->n, sizeof(struct tow_transfer *), by_key);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || strcmp(kept[n - 1].key, order[i]->key) != 0)
			kept[n++] = *order[i];
	l->of = kept;
	l->n = n;
}

static bool list(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		 struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *queue = NULL;
	size_t past, queued;

	if (!ask_queue(c, a, &doc, &queue, e) || !ask_history(c, a, e)) {
		forget(c); /* it may be another program when it is there again */
		return false;
	}
	past = tow_json_len(tow_json_get(own(c)->history, "slots"));
	queued = tow_json_len(tow_json_get(queue, "slots"));
	*out = (struct tow_listing){
		.of = tow_alloc(a, (past + queued + 1) * sizeof(*out->of)),
		.whole = tow_json_int(own(c)->history, "noofslots", 0) <= (long long)past,
		.free_bytes = scaled(number(queue, "diskspace1"), 1 << 30),
	};
	read_history(c, a, out); /* before the queue: it knows later things */
	read_queue(c, a, queue, out);
	drop_doubles(a, out);
	return true;
}

/*--- changes */

static bool gone(struct tow_err *e, const char *key)
{
	return tow_fail_class(e, TOW_FINAL, "client.gone", "it holds no job '%.100s'", key);
}

/* Commas stand between keys, and "all" and "failed" are keys, too: of more than was meant. */
static bool is_key(const char *key, struct tow_err *e)
{
	bool one = strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) == 0 && !strchr(key, ',');

	return one || gone(e, key);
}

/* The job's row of the history, of two the one that is complete; false with client.gone where there
 * is none. */
static bool find_past(struct tow_client *c, struct tow_arena *a, const char *key,
		      struct tow_transfer *found, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *slots;

	if (!ask(c, a,
		 (struct tow_http_pair[]){ { "mode", "history" },
					   { "limit", MOST_HISTORY },
					   { "nzo_ids", key },
					   { NULL, NULL } },
		 &doc, e))
		return false;
	slots = tow_json_get(tow_json_get(doc, "history"), "slots");
	if (!tow_json_is_array(slots))
		return garbled(e, "history");
	*found = (struct tow_transfer){ 0 };
	for (size_t i = 0; i < tow_json_len(slots) && !found->complete; i++) {
		struct tow_transfer t = read_past(a, tow_json_at(slots, i));

		if (t.key && strcmp(t.key, key) == 0)
			*found = t;
	}
	return found->key || gone(e, key);
}

/* Of a job that made one file this may be that file. */
static bool files(struct tow_client *c, struct tow_arena *a, const char *key,
		  struct tow_transfer_files *out, struct tow_err *e)
{
	struct tow_transfer past;

	if (!is_key(key, e) || !find_past(c, a, key, &past, e))
		return false;
	out->made = past.folder;
	return past.complete ||
	       tow_fail_class(e, TOW_FINAL, "client.refused", "the job is not complete");
}

/* *done: the queue held it. */
static bool act_queue(struct tow_client *c, struct tow_arena *a, const char *key, const char *name,
		      const char *with_data, bool *done, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;

	if (!ask(c, a,
		 (struct tow_http_pair[]){ { "mode", "queue" },
					   { "name", name },
					   { "value", key },
					   { "del_files", with_data },
					   { NULL, NULL } },
		 &doc, e))
		return false;
	*done = tow_json_bool(doc, "status", false) &&
		tow_json_len(tow_json_get(doc, "nzo_ids")) > 0;
	return true;
}

/* It deletes what is left of a job that failed, and never what one has made. */
static bool remove_past(struct tow_client *c, struct tow_arena *a, const char *key,
			const char *with_data, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	struct tow_transfer past;

	if (!find_past(c, a, key, &past, e))
		return false;
	if (with_data && past.complete) {
		tow_fail_class(e, TOW_FINAL, "client.refused",
			       "it does not delete what a job has made");
		return tow_hint(e, "remove the job without its data, and then its folder '%.300s'",
				past.folder);
	}
	return ask(c, a,
		   (struct tow_http_pair[]){ { "mode", "history" },
					     { "name", "delete" },
					     { "value", key },
					     { "del_files", with_data },
					     { NULL, NULL } },
		   &doc, e);
}

static bool act(struct tow_client *c, struct tow_arena *a, const char *key,
		enum tow_client_act what, struct tow_err *e)
{
	static const char *const names[] = {
		[CLIENT_PAUSE] = "pause",
		[CLIENT_RESUME] = "resume",
		[CLIENT_REMOVE] = "delete",
		[CLIENT_REMOVE_DATA] = "delete",
	};
	const char *with_data = what == CLIENT_REMOVE_DATA ? "1" : NULL;
	struct tow_transfer past;
	bool done = false;

	if (!is_key(key, e))
		return false;
	if (what == CLIENT_RECHECK || what == CLIENT_REANNOUNCE)
		return tow_fail_class(e, TOW_FINAL, "client.refused", "it cannot do this");
	if (!act_queue(c, a, key, names[what], with_data, &done, e))
		return false;
	if (done)
		return true;
	if (what == CLIENT_REMOVE || what == CLIENT_REMOVE_DATA)
		return remove_past(c, a, key, with_data, e);
	return find_past(c, a, key, &past, e) &&
	       tow_fail_class(e, TOW_FINAL, "client.refused",
			      "the job is downloaded: nothing of it can be paused or resumed");
}

static bool add_tag(struct tow_client *c, struct tow_arena *a, const char *key, const char *tag,
		    struct tow_err *e)
{
	(void)c, (void)a, (void)key, (void)tag;
	return tow_fail_class(e, TOW_FINAL, "client.refused", "it has no tags");
}

/*--- adding */

static struct tow_http_part field(const char *name, const char *text)
{
	return (struct tow_http_part){ .name = name, .data = text, .len = strlen(text) };
}

static bool ends(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcasecmp(text + n - m, end) == 0;
}

/* It goes by the end of the file's name; the job's name is without it. */
static void adding_file(struct tow_arena *a, const struct tow_transfer_new *t,
			struct tow_http_part *part, const char **name)
{
	const char *file = t->name && *t->name ? t->name : "tow";
	bool nzb = ends(file, ".nzb");

	*part = (struct tow_http_part){ .name = "name",
					.filename = nzb ? file : tow_fmt(a, "%s.nzb", file),
					.data = t->data,
					.len = t->data_len };
	*name = nzb ? tow_strndup(a, file, strlen(file) - 4) : file;
}

static struct tow_http_request adding(struct tow_client *c, struct tow_arena *a,
				      const struct tow_transfer_new *t)
{
	struct tow_http_request q = { 0 };
	struct tow_http_part parts[12] = { 0 };
	const char **headers = tow_alloc(a, 2 * sizeof(char *));
	const char *name = t->name;
	size_t n = 0;

	parts[n++] = field("output", "json");
	parts[n++] = field("apikey", c->conf->secret ? c->conf->secret : "");
	parts[n++] = field("mode", t->data ? "addfile" : "addurl");
	if (t->data)
		adding_file(a, t, &parts[n++], &name);
	else
		parts[n++] = field("name", t->link);
	if (name && *name)
		parts[n++] = field("nzbname", name);
	if (c->conf->category)
		parts[n++] = field("cat", c->conf->category);
	if (t->paused)
		parts[n++] = field("priority", "-2");
	q.body = tow_http_multipart(a, parts, &q.body_len, &headers[0]);
	q.headers = headers;
	return q;
}

/* What it has no words for must not be lost without one. */
static bool can_add(const struct tow_transfer_new *t, struct tow_err *e)
{
	if (t->folder) {
		tow_fail_class(e, TOW_FINAL, "client.refused", "it has no folder for each job");
		return tow_hint(e, "its categories say where jobs go");
	}
	if (!t->data && strncasecmp(t->link, "http://", 7) != 0 &&
	    strncasecmp(t->link, "https://", 8) != 0)
		return tow_fail_class(e, TOW_FINAL, "client.refused",
				      "it takes .nzb files, and links to them");
	return true;
}

/* A job that it takes for a duplicate it may drop, and name none. */
static bool add(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		const char **key, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	struct tow_http_request q;

	if (!can_add(t, e) || (c->conf->category && !knows_category(c, a, e)))
		return false;
	q = adding(c, a, t);
	if (!send(c, a, &q, &doc, e))
		return false;
	*key = tow_strdup(a, tow_json_text(tow_json_at(tow_json_get(doc, "nzo_ids"), 0)));
	if (*key)
		return true;
	tow_fail_class(e, TOW_FINAL, "client.refused", "it has added nothing");
	return tow_hint(e, "it holds the same already, or this is no NZB: its settings for "
			   "duplicates and its log say more");
}

const struct tow_client_driver tow_client_sabnzbd = {
	.name = "sabnzbd",
	.title = "SABnzbd",
	.usual = "http://127.0.0.1:8080",
	.takes = "secret category paths",
	.help = "SABnzbd 2 and later: http://HOST:8080 or http://HOST:8080/sabnzbd; the secret is "
		"the API key, there is no user",
	.can = CLIENT_CAN_CATEGORY,
	.own_size = sizeof(struct own),
	.close = forget,
	.hello = hello,
	.list = list,
	.files = files,
	.add = add,
	.act = act,
	.add_tag = add_tag,
};
