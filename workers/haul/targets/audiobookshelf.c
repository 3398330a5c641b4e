/* Audiobookshelf 2.8 and later. Written from its sources, and tested with a replay only.
 *
 * It scans whole libraries. While it scans one it drops what else it is asked for it, with a line
 * in its log, and may be past where the new files are: so that is looked at first. It answers
 * before it begins, and gives no number: its tasks are found by the library, and are gone when they
 * are over. */
#include <stdio.h>
#include <string.h>

#include "tow/target.h"

/*--- requests */

static bool ask(struct tow_target *t, struct tow_arena *a, const char *method, const char *path,
		struct tow_json **doc, struct tow_err *e)
{
	const char *headers[] = { "Accept: application/json",
				  t->conf->secret
					  ? tow_fmt(a, "Authorization: Bearer %s", t->conf->secret)
					  : NULL,
				  NULL };
	const struct tow_http_request q = { .method = method,
					    .url = tow_fmt(a, "%s/api/%s", t->conf->url, path),
					    .headers = headers };

	return tow_target_ask(t, a, &q, doc, e);
}

static bool ask_list(struct tow_target *t, struct tow_arena *a, const char *path,
		     struct tow_json **doc, const struct tow_json **list, struct tow_err *e)
{
	if (!ask(t, a, "GET", path, doc, e))
		return false;
	*list = tow_json_get(*doc, path);
	return tow_json_is_array(*list) ||
	       tow_fail_class(e, TOW_RETRY, "target.garbled", "it gives no list of its %s", path);
}

/*--- libraries */

/* The next one of ours that holds the path, or of all of ours where that is NULL. */
static const char *next_library(const struct tow_target *t, const struct tow_json *libraries,
				const char *path, size_t *at)
{
	while (*at < tow_json_len(libraries)) {
		const struct tow_json *library = tow_json_at(libraries, (*at)++);
		const char *id = tow_json_str(library, "id", "");

		if (*id && tow_target_wants(t, id, tow_json_str(library, "name", "")) &&
		    (!path || tow_target_held(tow_json_get(library, "folders"), "fullPath", path)))
			return id;
	}
	return NULL;
}

static bool hello(struct tow_target *t, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *who = NULL;
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *libraries;
	const char *type;
	size_t at = 0;

	if (!ask(t, a, "POST", "authorize", &who, e))
		return false;
	type = tow_json_str(tow_json_get(who, "user"), "type", "");
	snprintf(t->version, sizeof(t->version), "%.60s",
		 tow_json_str(tow_json_get(who, "serverSettings"), "version", ""));
	if (!*t->version || !*type)
		return tow_fail_class(e, TOW_RETRY, "target.garbled", "this is no Audiobookshelf");
	if (strcmp(type, "root") != 0 && strcmp(type, "admin") != 0)
		return tow_fail_class(e, TOW_FINAL, "target.auth",
				      "only its administrators may scan, and this is a '%.20s'",
				      type);
	return ask_list(t, a, "libraries", &doc, &libraries, e) &&
	       (!t->conf->library || next_library(t, libraries, NULL, &at) ||
		tow_target_no_library(t, e));
}

/*--- what is asked for. A job is the libraries' ids, "ID,ID". */

static bool find_libraries(const struct tow_target *t, struct tow_arena *a,
			   const struct tow_json *libraries, const char *path, const char **ids,
			   struct tow_err *e)
{
	const char *id;
	bool found = false;

	for (size_t at = 0; (id = next_library(t, libraries, path, &at)); found = true)
		if (!tow_target_listed(*ids, id))
			*ids = **ids ? tow_fmt(a, "%s,%s", *ids, id) : tow_strdup(a, id);
	if (found || !path)
		return found || tow_target_no_library(t, e);
	return tow_target_outside(e, path);
}

static bool knows(struct tow_target *t, struct tow_arena *a, const char *folder, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *libraries;
	const char *ids = "";

	return ask_list(t, a, "libraries", &doc, &libraries, e) &&
	       find_libraries(t, a, libraries, folder, &ids, e);
}

/* The task that scans one of them, or has failed to, before it is forgotten; NULL. */
static const struct tow_json *task_of(const struct tow_json *tasks, const char *ids)
{
	for (size_t i = 0; i < tow_json_len(tasks); i++) {
		const struct tow_json *task = tow_json_at(tasks, i);
		const char *id = tow_json_str(tow_json_get(task, "data"), "libraryId", "");

		if (strcmp(tow_json_str(task, "action", ""), "library-scan") == 0 &&
		    tow_target_listed(ids, id) &&
		    (!tow_json_bool(task, "isFinished", false) ||
		     tow_json_bool(task, "isFailed", false)))
			return task;
	}
	return NULL;
}

static bool check_idle(struct tow_target *t, struct tow_arena *a, const char *ids,
		       struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *tasks, *task;

	if (!ask_list(t, a, "tasks", &doc, &tasks, e))
		return false;
	task = task_of(tasks, ids);
	return !task || tow_json_bool(task, "isFinished", false) ||
	       tow_fail_class(e, TOW_RETRY, "target.busy", "it is scanning '%s' already",
			      tow_json_str(tow_json_get(task, "data"), "libraryName", ids));
}

static bool start(struct tow_target *t, struct tow_arena *a, const char *ids, struct tow_err *e)
{
	for (size_t n; *ids; ids += n + (ids[n] == ',')) {
		const char *id;

		n = strcspn(ids, ",");
		id = tow_http_escape(a, tow_strndup(a, ids, n));
		if (!ask(t, a, "POST", tow_fmt(a, "libraries/%s/scan", id), NULL, e))
			return false;
	}
	return true;
}

static bool scan(struct tow_target *t, struct tow_arena *a, const struct tow_target_scan *s,
		 const char **job, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *libraries;
	const char *const *paths = s->paths;

	*job = "";
	if (!ask_list(t, a, "libraries", &doc, &libraries, e))
		return false;
	if ((!paths || !*paths) && !find_libraries(t, a, libraries, NULL, job, e))
		return false;
	for (; paths && *paths; paths++)
		if (!find_libraries(t, a, libraries, *paths, job, e))
			return false;
	return check_idle(t, a, *job, e) && start(t, a, *job, e);
}

static bool follow(struct tow_target *t, struct tow_arena *a, const char *job,
		   struct tow_target_progress *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *tasks, *task;

	if (!ask_list(t, a, "tasks", &doc, &tasks, e))
		return false;
	task = task_of(tasks, job);
	*out = (struct tow_target_progress){ .state = TARGET_DONE, .percent = -1 };
	if (!task)
		return true;
	out->state = tow_json_bool(task, "isFailed", false) ? TARGET_FAILED : TARGET_RUNNING;
	out->note = tow_strdup(a, out->state == TARGET_FAILED
					  ? tow_json_str(task, "error", "it does not say why")
					  : tow_json_str(task, "title", NULL));
	return true;
}

const struct tow_target_driver tow_target_audiobookshelf = {
	.name = "audiobookshelf",
	.title = "Audiobookshelf",
	.usual = "http://127.0.0.1:13378",
	.takes = "secret section",
	.help = "Audiobookshelf 2.8 and later: http://HOST:13378; the API key of an administrator; "
		"the name of one library, or all",
	.can = TARGET_CAN_FOLLOW,
	.hello = hello,
	.knows = knows,
	.scan = scan,
	.follow = follow,
};
