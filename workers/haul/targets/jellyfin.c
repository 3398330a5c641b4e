/* Jellyfin 10.8 and later, and Emby 4, which it came from: what is used here is the same in both
 * but for the header of the key, so each gets its own. Written from sources and documentation, and
 * tested with a replay only.
 *
 * What it is told of paths it keeps for a minute (LibraryMonitorDelay), then looks at the nearest
 * folder that it knows; when that is done nobody is told. A path outside its libraries is dropped
 * without a word. A scan of everything is one of its tasks, and can be followed. */
#include <stdio.h>
#include <string.h>

#include "tow/target.h"

/*--- requests */

static bool ask(struct tow_target *t, struct tow_arena *a, const char *method, const char *path,
		const char *body, struct tow_json **doc, struct tow_err *e)
{
	const char *key = t->conf->secret ? t->conf->secret : "";
	const char *headers[] = { "Accept: application/json",
				  tow_fmt(a, "Authorization: MediaBrowser Token=\"%s\"", key),
				  tow_fmt(a, "X-Emby-Token: %s", key),
				  body ? "Content-Type: application/json" : NULL, NULL };
	const struct tow_http_request q = { .method = method,
					    .url = tow_fmt(a, "%s/%s", t->conf->url, path),
					    .headers = headers,
					    .body = body,
					    .body_len = body ? strlen(body) : 0 };

	return tow_target_ask(t, a, &q, doc, e);
}

/* The folders of all libraries; who may not know them may not scan either. */
static bool ask_folders(struct tow_target *t, struct tow_arena *a, struct tow_json **doc,
			struct tow_err *e)
{
	if (!ask(t, a, "GET", "Library/PhysicalPaths", NULL, doc, e))
		return false;
	return tow_json_is_array(*doc) ||
	       tow_fail_class(e, TOW_RETRY, "target.garbled", "it gives no list of its folders");
}

static bool hello(struct tow_target *t, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *info = NULL;
	TOW_AUTO_JSON *folders = NULL;

	if (!ask(t, a, "GET", "System/Info", NULL, &info, e))
		return false;
	snprintf(t->version, sizeof(t->version), "%.60s", tow_json_str(info, "Version", ""));
	if (!*t->version)
		return tow_fail_class(e, TOW_RETRY, "target.garbled",
				      "this is neither Jellyfin nor Emby");
	return ask_folders(t, a, &folders, e);
}

/*--- some paths */

static bool check_paths(struct tow_target *t, struct tow_arena *a, const char *const *paths,
			struct tow_err *e)
{
	TOW_AUTO_JSON *folders = NULL;

	if (!ask_folders(t, a, &folders, e))
		return false;
	for (; *paths; paths++)
		if (!tow_target_held(folders, NULL, *paths))
			return tow_target_outside(e, *paths);
	return true;
}

static bool knows(struct tow_target *t, struct tow_arena *a, const char *folder, struct tow_err *e)
{
	const char *const folders[] = { folder, NULL };

	return check_paths(t, a, folders, e);
}

static const char *updates(struct tow_arena *a, const char *const *paths, const char *event)
{
	const char *type = !event			   ? "Created"
			   : strcmp(event, "delete") == 0  ? "Deleted"
			   : strcmp(event, "upgrade") == 0 ? "Modified"
							   : "Created";
	TOW_AUTO_BUF out = { 0 };

	tow_buf_adds(&out, "{\"Updates\":[");
	for (const char *between = ""; *paths; paths++, between = ",") {
		tow_buf_addf(&out, "%s{\"UpdateType\":\"%s\",\"Path\":", between, type);
		tow_json_quote(&out, *paths, strlen(*paths));
		tow_buf_addc(&out, '}');
	}
	tow_buf_adds(&out, "]}");
	return tow_strdup(a, out.data);
}

/*--- everything */

static const char *last_end(const struct tow_json *task)
{
	return tow_json_str(tow_json_get(task, "LastExecutionResult"), "EndTimeUtc", "-");
}

/* "ID END": its task, and when that ended the last time: by this it is known to have ended again.
 */
static bool find_task(struct tow_target *t, struct tow_arena *a, const char **job,
		      struct tow_err *e)
{
	TOW_AUTO_JSON *tasks = NULL;

	if (!ask(t, a, "GET", "ScheduledTasks", NULL, &tasks, e))
		return false;
	for (size_t i = 0; i < tow_json_len(tasks); i++) {
		const struct tow_json *task = tow_json_at(tasks, i);
		const char *id = tow_json_str(task, "Id", "");

		if (*id && strcmp(tow_json_str(task, "Key", ""), "RefreshLibrary") == 0)
			*job = tow_fmt(a, "%s %s", id, last_end(task));
	}
	return true;
}

/* One that runs already is begun anew by this. */
static bool scan(struct tow_target *t, struct tow_arena *a, const struct tow_target_scan *s,
		 const char **job, struct tow_err *e)
{
	const char *const *paths = tow_target_texts(a, s->paths);

	*job = NULL;
	if (*paths)
		return check_paths(t, a, paths, e) && ask(t, a, "POST", "Library/Media/Updated",
							  updates(a, paths, s->event), NULL, e);
	return find_task(t, a, job, e) && ask(t, a, "POST", "Library/Refresh", NULL, NULL, e);
}

static const char *task_of(struct tow_arena *a, const char *job, const char **end)
{
	size_t n = strcspn(job, " ");

	*end = job[n] ? job + n + 1 : "";
	return tow_http_escape(a, tow_strndup(a, job, n));
}

static void read_end(struct tow_arena *a, const struct tow_json *task,
		     struct tow_target_progress *out)
{
	const struct tow_json *last = tow_json_get(task, "LastExecutionResult");
	const char *status = tow_json_str(last, "Status", "");
	const char *why = tow_json_str(last, "ErrorMessage", NULL);

	*out = (struct tow_target_progress){ .state = TARGET_DONE, .percent = -1 };
	if (strcmp(status, "Completed") != 0) {
		out->state = TARGET_FAILED;
		out->note = tow_fmt(a, "%s%s%s", status, why ? ": " : "", why ? why : "");
	}
}

static bool follow(struct tow_target *t, struct tow_arena *a, const char *job,
		   struct tow_target_progress *out, struct tow_err *e)
{
	TOW_AUTO_JSON *task = NULL;
	const char *end, *id = task_of(a, job, &end);
	const char *state;

	if (!ask(t, a, "GET", tow_fmt(a, "ScheduledTasks/%s", id), NULL, &task, e))
		return false;
	state = tow_json_str(task, "State", NULL);
	if (!state)
		return tow_fail_class(e, TOW_RETRY, "target.garbled", "a task without a state");
	if (strcmp(state, "Idle") == 0 && strcmp(last_end(task), end) != 0) {
		read_end(a, task, out);
		return true;
	}
	*out = (struct tow_target_progress){
		.state = TARGET_RUNNING,
		.percent = tow_json_num(task, "CurrentProgressPercentage", -1),
		.note = strcmp(state, "Idle") == 0 ? "it has not begun" : NULL,
	};
	return true;
}

static bool stop(struct tow_target *t, struct tow_arena *a, const char *job, struct tow_err *e)
{
	const char *end;

	return ask(t, a, "DELETE", tow_fmt(a, "ScheduledTasks/Running/%s", task_of(a, job, &end)),
		   NULL, NULL, e);
}

const struct tow_target_driver tow_target_jellyfin = {
	.name = "jellyfin",
	.title = "Jellyfin or Emby",
	.usual = "http://127.0.0.1:8096",
	.takes = "secret",
	.help = "Jellyfin 10.8 and later, Emby 4: http://HOST:8096; an API key of its dashboard",
	.can = TARGET_CAN_PATHS | TARGET_CAN_FOLLOW,
	.hello = hello,
	.knows = knows,
	.scan = scan,
	.follow = follow,
	.stop = stop,
};
