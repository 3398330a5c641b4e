/* qBittorrent, its web API 2: 4.1 to 5.x, which differ in the names of states and verbs, in what a
 * login answers and in what adding says.
 *
 * Five wrong passwords ban an address for an hour: a login that is refused is never repeated here.
 */
#include <stdio.h>
#include <string.h>

#include "../torrent.h"
#include "qbittorrent.h"

#define MAX_LISTING (256ul << 20)
#define STOP_API    2011000 /* 5.0: pause and resume are called stop and start */

static void forget(struct tow_client *c)
{
	tow_json_freep(&qb_own(c)->held);
	qb_own(c)->rid = 0;
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

bool qb_ask_json(struct tow_client *c, struct tow_arena *a, const char *path, struct tow_json **doc,
		 struct tow_err *e)
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
	qb_own(c)->api = major * 1000000 + minor * 1000 + patch;
	if (!get(c, a, "app/version", &answer, e))
		return false;
	snprintf(c->version, sizeof(c->version), "%.60s", answer.body);
	return true;
}

bool qb_knows_api(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	return qb_own(c)->api || hello(c, a, e);
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

	if (!qb_knows_api(c, a, e) || !qb_find(c, a, key, &torrent, e))
		return false;
	if (what == CLIENT_PAUSE)
		path = qb_own(c)->api >= STOP_API ? "torrents/stop" : "torrents/pause";
	else if (what == CLIENT_RESUME)
		path = qb_own(c)->api >= STOP_API ? "torrents/start" : "torrents/resume";
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

	return one_tag(tag, e) && qb_find(c, a, key, &torrent, e) &&
	       post(c, a, "torrents/addTags",
		    (struct tow_http_pair[]){ { "hashes", key }, { "tags", tag }, { NULL, NULL } },
		    e);
}

/* One that it does not have it refuses. Where a torrent is in it already it is not asked: it may
 * move files. */
static bool set_category(struct tow_client *c, struct tow_arena *a, const char *key,
			 const char *category, struct tow_err *e)
{
	const struct tow_http_pair make[] = { { "category", category }, { NULL, NULL } };
	const struct tow_http_pair set[] = { { "hashes", key },
					     { "category", category },
					     { NULL, NULL } };
	TOW_AUTO_JSON *torrent = NULL;

	if (!qb_find(c, a, key, &torrent, e))
		return false;
	if (strcmp(tow_json_str(tow_json_at(torrent, 0), "category", ""), category) == 0 ||
	    post(c, a, "torrents/setCategory", set, e))
		return true;
	if (strcmp(e->class, "client.refused") != 0)
		return false;
	*e = (struct tow_err){ 0 };
	return post(c, a, "torrents/createCategory", make, e) &&
	       post(c, a, "torrents/setCategory", set, e);
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

static bool find_held(struct tow_client *c, struct tow_arena *a, const char *hash,
		      struct tow_json **doc, const char **key, struct tow_err *e)
{
	if (!hash || *key)
		return true;
	if (qb_find(c, a, hash, doc, e)) {
		*key = hash;
		return true;
	}
	if (strcmp(e->class, "client.gone") != 0)
		return false;
	*e = (struct tow_err){ 0 };
	return true;
}

/* One of ours gets the tags and the category that it lacks. */
static bool take_over(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		      const char *key, struct tow_err *e)
{
	return (!t->tag || add_tag(c, a, key, t->tag, e)) &&
	       (!c->conf->tag || add_tag(c, a, key, c->conf->tag, e)) &&
	       (!c->conf->category || set_category(c, a, key, c->conf->category, e));
}

/* It says no more than that it would not, whether it holds it already or cannot read it. */
static bool not_taken(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		      const char **key, struct tow_err *e)
{
	struct torrent_id id = torrent_id(a, t);
	TOW_AUTO_JSON *torrent = NULL;
	const char *second = id.v2 ? tow_strndup(a, id.v2, TORRENT_DIGITS) : NULL;

	if (!find_held(c, a, id.v1, &torrent, key, e) || !find_held(c, a, second, &torrent, key, e))
		return false;
	if (*key)
		return t->ours ? take_over(c, a, t, *key, e) : tow_client_held(e);
	tow_fail_class(e, TOW_FINAL, "client.refused", "it did not take this%s",
		       id.v1 || id.v2 ? ", and does not hold it"
				      : ": it holds it already, or cannot read it");
	return tow_hint(e, "its log (View, Log) may say why");
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
	*key = NULL;
	if (answer.status == 409 || said(&answer, "Fails."))
		return not_taken(c, a, t, key, e);
	if (!tow_http_ok(&answer, e))
		return false;
	*key = added_key(a, &answer);
	return true;
}

const struct tow_client_driver tow_client_qbittorrent = {
	.name = "qbittorrent",
	.title = "qBittorrent",
	.usual = "http://127.0.0.1:8080",
	.takes = "user_name secret category tag paths",
	.help = "qBittorrent 4.1 and later: http://HOST:8080; user and password, or an API key "
		"(5.2) without a user",
	.can = CLIENT_CAN_TAG | CLIENT_CAN_CATEGORY | CLIENT_CAN_SEQUENTIAL | CLIENT_CAN_LIMIT |
	       CLIENT_CAN_RATIO | CLIENT_CAN_SEED_TIME | CLIENT_CAN_V2,
	.own_size = sizeof(struct qb_own),
	.close = forget,
	.hello = hello,
	.list = qb_list,
	.files = qb_files,
	.by_hash = qb_by_hash,
	.add = add,
	.act = act,
	.add_tag = add_tag,
	.set_category = set_category,
};
