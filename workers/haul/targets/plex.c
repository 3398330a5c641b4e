/* Plex Media Server. Written from documentation, and tested with a replay only.
 *
 * A scan is asked of a section, its library, and of a folder in it; it answers 200 whether or not
 * there is such a folder there. So the section is the one whose location holds it, and all of them
 * where several do. It does not say what became of a scan, only that a section is being scanned. */
#include <stdio.h>
#include <string.h>

#include "tow/target.h"

/*--- requests. The token is a header: addresses end in logs. */

static bool ask(struct tow_target *t, struct tow_arena *a, const char *method, const char *path,
		struct tow_json **doc, struct tow_err *e)
{
	const char *headers[] = { "Accept: application/json",
				  t->conf->secret ? tow_fmt(a, "X-Plex-Token: %s", t->conf->secret)
						  : NULL,
				  NULL };
	const struct tow_http_request q = { .method = method,
					    .url = tow_fmt(a, "%s/%s", t->conf->url, path),
					    .headers = headers };

	return tow_target_ask(t, a, &q, doc, e);
}

static bool ask_sections(struct tow_target *t, struct tow_arena *a, struct tow_json **doc,
			 const struct tow_json **sections, struct tow_err *e)
{
	const struct tow_json *container;

	if (!ask(t, a, "GET", "library/sections", doc, e))
		return false;
	container = tow_json_get(*doc, "MediaContainer");
	*sections = tow_json_get(container, "Directory"); /* none where there is no library */
	return tow_json_is_object(container) ||
	       tow_fail_class(e, TOW_RETRY, "target.garbled", "it gives no list of its libraries");
}

/*--- sections */

/* The next one of ours that holds the path, or of all of ours where that is NULL. */
static const char *next_section(const struct tow_target *t, const struct tow_json *sections,
				const char *path, size_t *at)
{
	while (*at < tow_json_len(sections)) {
		const struct tow_json *section = tow_json_at(sections, (*at)++);
		const char *key = tow_json_str(section, "key", "");

		if (*key && tow_target_wants(t, key, tow_json_str(section, "title", "")) &&
		    (!path || tow_target_held(tow_json_get(section, "Location"), "path", path)))
			return key;
	}
	return NULL;
}

static bool hello(struct tow_target *t, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *root = NULL;
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *sections;
	size_t at = 0;

	if (!ask(t, a, "GET", "", &root, e))
		return false;
	snprintf(t->version, sizeof(t->version), "%.60s",
		 tow_json_str(tow_json_get(root, "MediaContainer"), "version", ""));
	if (!*t->version)
		return tow_fail_class(e, TOW_RETRY, "target.garbled", "this is no Plex");
	return ask_sections(t, a, &doc, &sections, e) &&
	       (!t->conf->library || next_section(t, sections, NULL, &at) ||
		tow_target_no_library(t, e));
}

/*--- what is asked for */

static bool refresh(struct tow_target *t, struct tow_arena *a, const char *key, const char *folder,
		    struct tow_err *e)
{
	const char *path = tow_fmt(a, "library/sections/%s/refresh", tow_http_escape(a, key));

	if (folder)
		path = tow_fmt(a, "%s?path=%s", path, tow_http_escape(a, folder));
	return ask(t, a, "GET", path, NULL, e);
}

/* Adds to the job, "2,5", what it has begun. */
static bool refresh_all(struct tow_target *t, struct tow_arena *a, const struct tow_json *sections,
			const char *folder, const char **job, struct tow_err *e)
{
	const char *key;
	size_t at = 0;

	while ((key = next_section(t, sections, folder, &at))) {
		if (!refresh(t, a, key, folder, e))
			return false;
		if (!*job || !tow_target_listed(*job, key))
			*job = *job ? tow_fmt(a, "%s,%s", *job, key) : tow_strdup(a, key);
	}
	return true;
}

static bool check_folders(const struct tow_target *t, const struct tow_json *sections,
			  const char *const *folders, struct tow_err *e)
{
	for (; *folders; folders++) {
		size_t at = 0;

		if (!next_section(t, sections, *folders, &at))
			return tow_target_outside(e, *folders);
	}
	return true;
}

static bool knows(struct tow_target *t, struct tow_arena *a, const char *folder, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *sections;
	const char *const folders[] = { folder, NULL };

	return ask_sections(t, a, &doc, &sections, e) && check_folders(t, sections, folders, e);
}

/* Its folders come without the slash, and so does what it is asked for. */
static const char *bare(struct tow_arena *a, const char *folder)
{
	size_t n = strlen(folder);

	return tow_strndup(a, folder, n > 1 ? n - 1 : n);
}

static bool scan(struct tow_target *t, struct tow_arena *a, const struct tow_target_scan *s,
		 const char **job, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *sections;
	const char *const *folders = tow_target_folders(a, s->paths);

	*job = NULL;
	if (!ask_sections(t, a, &doc, &sections, e) || !check_folders(t, sections, folders, e))
		return false;
	if (!*folders)
		return refresh_all(t, a, sections, NULL, job, e) &&
		       (*job || tow_target_no_library(t, e));
	for (; *folders; folders++)
		if (!refresh_all(t, a, sections, bare(a, *folders), job, e))
			return false;
	return true;
}

static bool follow(struct tow_target *t, struct tow_arena *a, const char *job,
		   struct tow_target_progress *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *sections;

	if (!ask_sections(t, a, &doc, &sections, e))
		return false;
	*out = (struct tow_target_progress){ .state = TARGET_DONE, .percent = -1 };
	for (size_t i = 0; i < tow_json_len(sections); i++) {
		const struct tow_json *section = tow_json_at(sections, i);

		if (tow_target_listed(job, tow_json_str(section, "key", "")) &&
		    tow_json_bool(section, "refreshing", false)) {
			out->state = TARGET_RUNNING;
			out->note = tow_strdup(a, tow_json_str(section, "title", NULL));
		}
	}
	return true;
}

static bool stop(struct tow_target *t, struct tow_arena *a, const char *job, struct tow_err *e)
{
	for (size_t n; *job; job += n + (job[n] == ',')) {
		const char *key;

		n = strcspn(job, ",");
		key = tow_http_escape(a, tow_strndup(a, job, n));
		if (!ask(t, a, "DELETE", tow_fmt(a, "library/sections/%s/refresh", key), NULL, e))
			return false;
	}
	return true;
}

const struct tow_target_driver tow_target_plex = {
	.name = "plex",
	.title = "Plex",
	.usual = "http://127.0.0.1:32400",
	.takes = "secret section",
	.help = "Plex Media Server 1.3 and later: http://HOST:32400; its X-Plex-Token; the name of "
		"one library, or all",
	.can = TARGET_CAN_PATHS | TARGET_CAN_FOLLOW,
	.hello = hello,
	.knows = knows,
	.scan = scan,
	.follow = follow,
	.stop = stop,
};
