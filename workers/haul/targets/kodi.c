/* Kodi 17 and later, its JSON-RPC over HTTP. Written from its sources and documentation, and tested
 * with a replay only.
 *
 * It says OK to any folder, and scans those only that are in one of its sources and end in a slash.
 * Asked to scan while it scans, it stops: so that is looked at first, and it is never asked for two
 * folders of one library, but for the one that holds both. A season's folder it would take for a
 * show of that name: of video it is asked for the folder right below the source. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tow/target.h"

static const struct media {
	const char *name, *scan, *scanning;
	bool whole; /* wants the folder right below the source */
} medias[] = {
	{ "video", "VideoLibrary.Scan", "Library.IsScanningVideo", true },
	{ "music", "AudioLibrary.Scan", "Library.IsScanningMusic", false },
};

enum { MEDIAS = sizeof(medias) / sizeof(*medias) };

/*--- requests */

static bool refused(const struct tow_target *t, const struct tow_json *error, struct tow_err *e)
{
	long long code = tow_json_int(error, "code", 0);
	const char *text = tow_json_str(error, "message", "it does not say why");

	tow_fail_class(e, TOW_FINAL,
		       code == -32601	? "target.old"	/* no such method */
		       : code == -32099 ? "target.auth" /* no permission */
					: "target.refused",
		       "%.300s", text);
	return tow_target_hush(t, e);
}

/* params: a JSON object. An error comes with 200. */
static bool ask(struct tow_target *t, struct tow_arena *a, const char *method, const char *params,
		struct tow_json **doc, struct tow_err *e)
{
	const char *headers[3] = { "Content-Type: application/json" };
	const char *body =
		tow_fmt(a, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}", method,
			params);
	const struct tow_http_request q = { .method = "POST",
					    .url = tow_fmt(a, "%s/jsonrpc", t->conf->url),
					    .headers = headers,
					    .body = body,
					    .body_len = strlen(body) };
	const struct tow_json *error;

	if (t->conf->user || t->conf->secret)
		headers[1] = tow_http_basic(a, t->conf->user ? t->conf->user : "kodi",
					    t->conf->secret ? t->conf->secret : "");
	if (!tow_target_ask(t, a, &q, doc, e))
		return false;
	error = tow_json_get(*doc, "error");
	if (error)
		return refused(t, error, e);
	return tow_json_get(*doc, "result") ||
	       tow_fail_class(e, TOW_RETRY, "target.garbled", "this is not Kodi's JSON-RPC");
}

static bool hello(struct tow_target *t, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *version;

	if (!ask(t, a, "Application.GetProperties", "{\"properties\":[\"version\"]}", &doc, e))
		return false;
	version = tow_json_get(tow_json_get(doc, "result"), "version");
	if (!tow_json_is_object(version))
		return tow_fail_class(e, TOW_RETRY, "target.garbled",
				      "it does not say its version");
	snprintf(t->version, sizeof(t->version), "%lld.%lld", tow_json_int(version, "major", 0),
		 tow_json_int(version, "minor", 0));
	return true;
}

/*--- sources */

static const char *decoded(struct tow_arena *a, const char *text, size_t len)
{
	char *out = tow_alloc(a, len + 1), *end = out;

	for (size_t i = 0; i < len; i++) {
		char digits[3] = { 0 };

		if (text[i] == '%' && i + 2 < len) {
			memcpy(digits, text + i + 1, 2);
			*end++ = (char)strtol(digits, NULL, 16);
			i += 2;
		} else {
			*end++ = text[i];
		}
	}
	return out;
}

/* A source of several folders is multipath://%2fone%2f/%2fother%2f/. NULL: it does not hold the
 * folder; else where the folder's own part begins. */
static const char *rest_in(struct tow_arena *a, const char *source, const char *folder)
{
	size_t n;

	if (strncasecmp(source, "multipath://", 12) == 0) {
		for (source += 12; *source; source += n + (source[n] == '/')) {
			const char *rest, *one;

			n = strcspn(source, "/");
			one = decoded(a, source, n);
			rest = *one ? rest_in(a, one, folder) : NULL;
			if (rest)
				return rest;
		}
		return NULL;
	}
	if (!*source || !tow_target_holds(source, folder))
		return NULL;
	n = strlen(source);
	while (n > 0 && strchr("/\\", source[n - 1]))
		n--;
	return folder + n + strspn(folder + n, "/\\");
}

/* What is asked for instead of the folder; NULL where no source of this library holds it. */
static const char *wanted(struct tow_arena *a, const struct media *m,
			  const struct tow_json *sources, const char *folder)
{
	for (size_t i = 0; i < tow_json_len(sources); i++) {
		const char *source = tow_json_str(tow_json_at(sources, i), "file", "");
		const char *rest = rest_in(a, source, folder);
		size_t n;

		if (!rest)
			continue;
		n = strcspn(rest, "/\\");
		return m->whole && rest[n] ? tow_strndup(a, folder, (size_t)(rest - folder) + n + 1)
					   : folder;
	}
	return NULL;
}

/*--- scans */

struct order {
	const char **folders; /* NULL at the end */
	size_t n, sources;
};

/* Which of the folders are this library's; those are marked in held. */
static bool order_of(struct tow_target *t, struct tow_arena *a, const struct media *m,
		     const char *const *folders, bool *held, struct order *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *sources;
	size_t n = 0;

	while (folders[n])
		n++;
	*out = (struct order){ .folders = tow_alloc(a, (n + 1) * sizeof(*out->folders)) };
	if (!tow_target_wants(t, m->name, m->name))
		return true;
	if (!ask(t, a, "Files.GetSources", tow_fmt(a, "{\"media\":\"%s\"}", m->name), &doc, e))
		return false;
	sources = tow_json_get(tow_json_get(doc, "result"), "sources");
	out->sources = tow_json_len(sources);
	for (size_t i = 0; i < n; i++) {
		const char *one = wanted(a, m, sources, folders[i]);

		if (one) {
			out->folders[out->n++] = one;
			held[i] = true;
		}
	}
	/* Of several the one that holds them; beyond every source that is all there is. */
	if (out->n > 1) {
		const char *common = tow_target_common(a, tow_target_folders(a, out->folders));

		out->n = 1;
		out->folders[0] = *common && wanted(a, m, sources, common) ? common : "";
	}
	return true;
}

/* *busy: the first of these libraries that is being scanned; NULL. */
static bool find_busy(struct tow_target *t, struct tow_arena *a, const char *list,
		      const struct media **busy, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;

	*busy = NULL;
	if (!ask(t, a, "XBMC.GetInfoBooleans",
		 tow_fmt(a, "{\"booleans\":[\"%s\",\"%s\"]}", medias[0].scanning,
			 medias[1].scanning),
		 &doc, e))
		return false;
	for (size_t i = 0; i < MEDIAS && !*busy; i++)
		if (tow_target_listed(list, medias[i].name) &&
		    tow_json_bool(tow_json_get(doc, "result"), medias[i].scanning, false))
			*busy = &medias[i];
	return true;
}

static bool start(struct tow_target *t, struct tow_arena *a, const struct media *m,
		  const char *folder, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_BUF params = { 0 };

	tow_buf_adds(&params, "{\"showdialogs\":false");
	if (*folder) {
		tow_buf_adds(&params, ",\"directory\":");
		tow_json_quote(&params, folder, strlen(folder));
	}
	tow_buf_addc(&params, '}');
	return ask(t, a, m->scan, params.data, &doc, e);
}

/* What of each library: none of the folders may be in none of them. */
static bool find_orders(struct tow_target *t, struct tow_arena *a, const char *const *folders,
			struct order orders[MEDIAS], const char **job, struct tow_err *e)
{
	size_t n = 0;
	bool *held;

	while (folders[n])
		n++;
	held = tow_alloc(a, (n + 1) * sizeof(*held));
	*job = "";
	for (size_t i = 0; i < MEDIAS; i++) {
		if (!order_of(t, a, &medias[i], folders, held, &orders[i], e))
			return false;
		if (n == 0 && orders[i].sources > 0)
			orders[i].folders[orders[i].n++] = "";
		if (orders[i].n > 0)
			*job = tow_fmt(a, "%s%s%s", *job, **job ? "," : "", medias[i].name);
	}
	for (size_t i = 0; i < n; i++)
		if (!held[i])
			return tow_target_outside(e, folders[i]);
	return **job || tow_target_no_library(t, e);
}

static bool knows(struct tow_target *t, struct tow_arena *a, const char *folder, struct tow_err *e)
{
	const char *const folders[] = { folder, NULL };
	struct order orders[MEDIAS];
	const char *job;

	return find_orders(t, a, folders, orders, &job, e);
}

static bool scan(struct tow_target *t, struct tow_arena *a, const struct tow_target_scan *s,
		 const char **job, struct tow_err *e)
{
	const char *const *folders = tow_target_folders(a, tow_target_texts(a, s->paths));
	const struct media *busy;
	struct order orders[MEDIAS];

	if (!find_orders(t, a, folders, orders, job, e) || !find_busy(t, a, *job, &busy, e))
		return false;
	if (busy)
		return tow_fail_class(e, TOW_RETRY, "target.busy",
				      "it is scanning for %s already, and would stop", busy->name);
	for (size_t i = 0; i < MEDIAS; i++)
		if (orders[i].n > 0 && !start(t, a, &medias[i], orders[i].folders[0], e))
			return false;
	return true;
}

static bool follow(struct tow_target *t, struct tow_arena *a, const char *job,
		   struct tow_target_progress *out, struct tow_err *e)
{
	const struct media *busy;

	if (!find_busy(t, a, job, &busy, e))
		return false;
	*out = (struct tow_target_progress){ .state = busy ? TARGET_RUNNING : TARGET_DONE,
					     .percent = -1,
					     .note = busy ? busy->name : NULL };
	return true;
}

const struct tow_target_driver tow_target_kodi = {
	.name = "kodi",
	.title = "Kodi",
	.usual = "http://127.0.0.1:8080",
	.takes = "user_name secret section",
	.help = "Kodi 17 and later, with its remote control over HTTP: http://HOST:8080; its user "
		"and "
		"password; video or music, or both",
	.can = TARGET_CAN_PATHS | TARGET_CAN_FOLLOW,
	.hello = hello,
	.knows = knows,
	.scan = scan,
	.follow = follow,
};
