/* Stash, its GraphQL as 0.24 and later speak it. Written from its sources and tested with a replay
 * only.
 *
 * A path outside its libraries is dropped with a line in its log, and the job finishes having
 * scanned nothing: so they are looked at first. What a scan generates (covers, previews, ...) are
 * options of each scan, and other ones in each version: it is asked which there are, and what its
 * own settings say of them. Jobs that have finished are remembered ten at a time. */
#include <stdio.h>
#include <string.h>

#include "tow/target.h"

/*--- requests */

/* {"message": ..., "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}: a field or an argument
 * that this version does not have. */
static bool refused(const struct tow_target *t, const struct tow_json *error, struct tow_err *e)
{
	const char *code = tow_json_str(tow_json_get(error, "extensions"), "code", "");
	const char *text = tow_json_str(error, "message", "it does not say why");

	if (strcmp(code, "GRAPHQL_VALIDATION_FAILED") == 0)
		tow_fail_class(e, TOW_FINAL, "target.old", "%.300s", text);
	else
		tow_fail_class(e, TOW_FINAL, "target.refused", "%.300s", text);
	return tow_target_hush(t, e);
}

static bool post(struct tow_target *t, struct tow_arena *a, const char *body,
		 struct tow_http_answer *answer, struct tow_err *e)
{
	const char *headers[3] = { "Content-Type: application/json" };
	const struct tow_http_request q = { .method = "POST",
					    .url = tow_fmt(a, "%s/graphql", t->conf->url),
					    .headers = headers,
					    .body = body,
					    .body_len = strlen(body) };

	if (t->conf->secret)
		headers[1] = tow_fmt(a, "ApiKey: %s", t->conf->secret);
	return tow_target_send(t, a, &q, answer, e);
}

/* variables: a JSON object. An error comes with 200 or 422, as JSON; with any other status it may
 * be anything. */
static bool ask(struct tow_target *t, struct tow_arena *a, const char *query, const char *variables,
		struct tow_json **doc, struct tow_err *e)
{
	struct tow_http_answer answer;
	TOW_AUTO_BUF body = { 0 };
	const struct tow_json *error;

	tow_buf_adds(&body, "{\"query\":");
	tow_json_quote(&body, query, strlen(query));
	tow_buf_adds(&body, ",\"variables\":");
	tow_buf_adds(&body, variables);
	tow_buf_adds(&body, "}");
	if (!post(t, a, body.data, &answer, e))
		return false;
	if (answer.status != 422 && !tow_http_ok(&answer, e))
		return tow_target_hush(t, e);
	if (tow_json_parse(doc, answer.body, answer.body_len, e)) {
		error = tow_json_at(tow_json_get(*doc, "errors"), 0);
		if (error)
			return refused(t, error, e);
		if (tow_json_is_object(tow_json_get(*doc, "data")))
			return true;
	}
	tow_fail_class(e, TOW_RETRY, "target.garbled", "it did not answer with GraphQL's JSON");
	return tow_hint(e, "is this the address of a Stash?");
}

static const char *quoted(struct tow_arena *a, const char *text)
{
	TOW_AUTO_BUF out = { 0 };

	tow_json_quote(&out, text, strlen(text));
	return tow_strdup(a, out.data);
}

static bool hello(struct tow_target *t, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *data, *version;

	if (!ask(t, a, "query{version{version} configuration{general{stashes{path}}}}", "{}", &doc,
		 e))
		return false;
	data = tow_json_get(doc, "data");
	version = tow_json_get(data, "version");
	if (!tow_json_is_object(version))
		return tow_fail_class(e, TOW_RETRY, "target.garbled",
				      "it does not say its version");
	snprintf(t->version, sizeof(t->version), "%.60s", tow_json_str(version, "version", "?"));
	return true;
}

/*--- what is asked for */

static bool check_paths(const struct tow_json *data, const char *const *paths, struct tow_err *e)
{
	const struct tow_json *stashes = tow_json_get(
		tow_json_get(tow_json_get(data, "configuration"), "general"), "stashes");

	for (; *paths; paths++)
		if (!tow_target_held(stashes, "path", *paths))
			return tow_target_outside(e, *paths);
	return true;
}

static bool knows(struct tow_target *t, struct tow_arena *a, const char *folder, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const char *const folders[] = { folder, NULL };

	return ask(t, a, "query{configuration{general{stashes{path}}}}", "{}", &doc, e) &&
	       check_paths(tow_json_get(doc, "data"), folders, e);
}

static bool has_name(const struct tow_json *fields, const char *name)
{
	for (size_t i = 0; i < tow_json_len(fields); i++)
		if (strcmp(tow_json_str(tow_json_at(fields, i), "name", ""), name) == 0)
			return true;
	return false;
}

/* The options of a scan that its settings have, too: "{scan{rescan scanGenerateCovers ...}}"; empty
 * where there are none. They go into a query as they are, and so must be names. */
static bool read_options(struct tow_target *t, struct tow_arena *a, const char **selection,
			 struct tow_err *e)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_BUF names = { 0 };
	const struct tow_json *data, *taken, *set;

	if (!ask(t, a,
		 "query{input:__type(name:\"ScanMetadataInput\"){inputFields{name}}"
		 " settings:__type(name:\"ScanMetadataOptions\"){fields{name}}}",
		 "{}", &doc, e))
		return false;
	data = tow_json_get(doc, "data");
	taken = tow_json_get(tow_json_get(data, "input"), "inputFields");
	set = tow_json_get(tow_json_get(data, "settings"), "fields");
	for (size_t i = 0; i < tow_json_len(set); i++) {
		const char *name = tow_json_str(tow_json_at(set, i), "name", "");

		if (*name && !name[strspn(name, letters)] && has_name(taken, name))
			tow_buf_addf(&names, " %s", name);
	}
	*selection = names.len ? tow_fmt(a, "defaults{scan{%s}}", names.data + 1) : "";
	return true;
}

/* {"paths": [...], "scanGenerateCovers": true, ...}. Who never saved the settings of a scan has
 * what the web page begins with: covers. */
static const char *input(struct tow_arena *a, const char *const *paths, const struct tow_json *set,
			 bool covers)
{
	TOW_AUTO_BUF out = { 0 };
	void *iter = NULL;
	const char *name, *between = "";
	const struct tow_json *value;

	tow_buf_adds(&out, "{\"input\":{");
	if (*paths) {
		tow_buf_adds(&out, "\"paths\":[");
		for (; *paths; paths++, between = ",")
			tow_buf_addf(&out, "%s%s", between, quoted(a, *paths));
		tow_buf_addc(&out, ']');
	}
	while ((value = tow_json_next(set, &iter, &name))) {
		tow_buf_addf(&out, "%s%s:%s", between, quoted(a, name), tow_json_dump(a, value));
		between = ",";
	}
	if (!set && covers)
		tow_buf_addf(&out, "%s\"scanGenerateCovers\":true", between);
	tow_buf_adds(&out, "}}");
	return tow_strdup(a, out.data);
}

static bool start(struct tow_target *t, struct tow_arena *a, const char *variables,
		  const char **job, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;

	if (!ask(t, a, "mutation($input:ScanMetadataInput!){metadataScan(input:$input)}", variables,
		 &doc, e))
		return false;
	*job = tow_strdup(a, tow_json_str(tow_json_get(doc, "data"), "metadataScan", NULL));
	return *job || tow_fail_class(e, TOW_RETRY, "target.garbled",
				      "it does not say which job it has begun");
}

static bool scan(struct tow_target *t, struct tow_arena *a, const struct tow_target_scan *s,
		 const char **job, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const char *const *paths = tow_target_texts(a, s->paths);
	const struct tow_json *data, *set;
	const char *selection;

	if (!read_options(t, a, &selection, e) ||
	    !ask(t, a, tow_fmt(a, "query{configuration{general{stashes{path}}%s}}", selection),
		 "{}", &doc, e))
		return false;
	data = tow_json_get(doc, "data");
	set = tow_json_get(tow_json_get(tow_json_get(data, "configuration"), "defaults"), "scan");
	if (!tow_json_is_object(set))
		set = NULL;
	return check_paths(data, paths, e) &&
	       start(t, a, input(a, paths, set, strstr(selection, "scanGenerateCovers") != NULL),
		     job, e);
}

/*--- what became of it */

static void read_job(struct tow_arena *a, const struct tow_json *job,
		     struct tow_target_progress *out)
{
	const char *status = tow_json_str(job, "status", "");
	double part = tow_json_num(job, "progress", -1);
	const char *at = tow_json_text(tow_json_at(tow_json_get(job, "subTasks"), 0));

	*out = (struct tow_target_progress){ .state = TARGET_RUNNING, .percent = -1 };
	if (part >= 0)
		out->percent = 100 * (part < 1 ? part : 1);
	if (strcmp(status, "FINISHED") == 0) {
		out->state = TARGET_DONE;
	} else if (strcmp(status, "CANCELLED") == 0) {
		out->state = TARGET_FAILED;
		out->note = "it was cancelled in Stash";
	} else if (strcmp(status, "FAILED") == 0) {
		out->state = TARGET_FAILED;
		out->note = tow_strdup(a, tow_json_str(job, "error", "it does not say why"));
	} else {
		out->note = strcmp(status, "READY") == 0 ? "it waits for other jobs of Stash"
							 : tow_strdup(a, at);
	}
}

static bool follow(struct tow_target *t, struct tow_arena *a, const char *job,
		   struct tow_target_progress *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *found;

	if (!ask(t, a, "query($id:ID!){findJob(input:{id:$id}){status progress subTasks error}}",
		 tow_fmt(a, "{\"id\":%s}", quoted(a, job)), &doc, e))
		return false;
	found = tow_json_get(tow_json_get(doc, "data"), "findJob");
	if (tow_json_is_object(found))
		read_job(a, found, out);
	else
		*out = (struct tow_target_progress){ .state = TARGET_DONE, .percent = -1 };
	return true;
}

static bool stop(struct tow_target *t, struct tow_arena *a, const char *job, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;

	return ask(t, a, "mutation($id:ID!){stopJob(job_id:$id)}",
		   tow_fmt(a, "{\"id\":%s}", quoted(a, job)), &doc, e);
}

const struct tow_target_driver tow_target_stash = {
	.name = "stash",
	.title = "Stash",
	.usual = "http://127.0.0.1:9999",
	.takes = "secret",
	.help = "Stash 0.24 and later: http://HOST:9999; its API key, if it has a password",
	.can = TARGET_CAN_PATHS | TARGET_CAN_FOLLOW,
	.hello = hello,
	.knows = knows,
	.scan = scan,
	.follow = follow,
	.stop = stop,
};
