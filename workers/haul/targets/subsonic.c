/* Servers of Subsonic's API 1.15 and later: Navidrome, gonic, Airsonic, ... Written from
 * documentation, and tested with a replay only.
 *
 * Errors come with 200. What says who we are is sent as a form, and so is in no address: the MD5 of
 * the password and of some salt or, where there is no user, an API key (OpenSubsonic). Its scans
 * are of everything, for what is new, and have no number; a scan of some folders is Navidrome's
 * (0.59), wants the library's number and paths below its folder, and is ignored by others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tow/target.h"

enum { MOST_FOLDERS = 32 };

/*--- requests */

static const char *salt(struct tow_arena *a)
{
	unsigned long long random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		abort();
	return tow_fmt(a, "%016llx", random);
}

static const char *form(const struct tow_target *t, struct tow_arena *a)
{
	const char *some = salt(a), *secret = t->conf->secret ? t->conf->secret : "";
	bool named = t->conf->user != NULL;
	const struct tow_http_pair pairs[] = {
		{ "v", "1.16.1" },
		{ "c", "towpath" },
		{ "f", "json" },
		{ "u", t->conf->user },
		{ "t", named ? tow_md5_hex(a, tow_fmt(a, "%s%s", secret, some)) : NULL },
		{ "s", named ? some : NULL },
		{ "apiKey", named ? NULL : secret },
		{ NULL, NULL },
	};

	return tow_http_form(a, pairs);
}

static bool refused(const struct tow_target *t, const struct tow_json *error, struct tow_err *e)
{
	long long code = tow_json_int(error, "code", 0);
	const char *text = tow_json_str(error, "message", "it does not say why");

	switch (code) {
	case 20: /* the client must upgrade */
	case 30: /* the server must */
		tow_fail_class(e, TOW_FINAL, "target.old", "%.300s", text);
		break;
	case 40: /* wrong name or password */
	case 41: /* no tokens for users of LDAP */
	case 42: /* no such means here */
	case 43:
	case 44: /* wrong API key */
	case 50: /* may not do this */
		tow_fail_class(e, TOW_FINAL, "target.auth", "%.300s", text);
		break;
	default:
		tow_fail_class(e, TOW_FINAL, "target.refused", "%.300s", text);
	}
	return tow_target_hush(t, e);
}

/* *said is the member "subsonic-response". */
static bool ask(struct tow_target *t, struct tow_arena *a, const char *verb, const char *more,
		struct tow_json **doc, const struct tow_json **said, struct tow_err *e)
{
	static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded",
					       NULL };
	const char *body = tow_fmt(a, "%s%s", form(t, a), more);
	const struct tow_http_request q = { .method = "POST",
					    .url = tow_fmt(a, "%s/rest/%s", t->conf->url, verb),
					    .headers = headers,
					    .body = body,
					    .body_len = strlen(body) };
	const char *status;

	if (!tow_target_ask(t, a, &q, doc, e))
		return false;
	*said = tow_json_get(*doc, "subsonic-response");
	status = tow_json_str(*said, "status", "");
	if (strcmp(status, "failed") == 0)
		return refused(t, tow_json_get(*said, "error"), e);
	return strcmp(status, "ok") == 0 ||
	       tow_fail_class(e, TOW_RETRY, "target.garbled", "this is not Subsonic's API");
}

/* startScan came with 1.15.0. */
static bool is_old(const char *version)
{
	int major = 0, minor = 0;

	return sscanf(version, "%d.%d", &major, &minor) != 2 || major < 1 ||
	       (major == 1 && minor < 15);
}

static bool hello(struct tow_target *t, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_JSON *status_doc = NULL;
	const struct tow_json *said;
	const char *version;

	if (!ask(t, a, "ping", "", &doc, &said, e))
		return false;
	version = tow_json_str(said, "version", "");
	snprintf(t->version, sizeof(t->version), "%.20s %.38s",
		 tow_json_str(said, "type", "subsonic"),
		 tow_json_str(said, "serverVersion", version));
	if (is_old(version))
		return tow_fail_class(e, TOW_FINAL, "target.old",
				      "its API is %.20s: scans came with 1.15", version);
	return ask(t, a, "getScanStatus", "", &status_doc, &said, e);
}

/*--- scans */

/* "3:/music" is the library with that number, and its folder: the path below that, NULL if there
 * is none. */
static const char *below(const char *library, const char *path)
{
	const char *root = strchr(library, ':');

	if (!root || !tow_target_holds(root + 1, path))
		return NULL;
	path += strlen(root + 1);
	return path + strspn(path, "/");
}

/* "&target=3:Artist/Album&target=..."; "" where nothing is known of its libraries, or where all of
 * it is as quick. */
static bool targets(const struct tow_target *t, struct tow_arena *a, const char *const *paths,
		    const char **more, struct tow_err *e)
{
	const char *library = t->conf->library;
	const char *const *folders = tow_target_folders(a, paths);
	TOW_AUTO_BUF out = { 0 };
	size_t n = 0;

	*more = "";
	if (!library || !strchr(library, ':'))
		return true;
	for (; folders[n]; n++) {
		const char *path = below(library, folders[n]);
		size_t len;

		if (!path)
			return tow_fail_class(e, TOW_FINAL, "target.outside",
					      "'%s' is not in its library '%s'", folders[n],
					      library);
		for (len = strlen(path); len > 0 && path[len - 1] == '/';)
			len--;
		path = tow_fmt(a, "%.*s:%.*s", (int)strcspn(library, ":"), library, (int)len, path);
		tow_buf_addf(&out, "&target=%s", tow_http_escape(a, path));
	}
	if (n > 0 && n <= MOST_FOLDERS)
		*more = tow_strdup(a, out.data);
	return true;
}

static bool scan(struct tow_target *t, struct tow_arena *a, const struct tow_target_scan *s,
		 const char **job, struct tow_err *e)
{
	TOW_AUTO_JSON *before = NULL;
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *said;
	const char *more;

	*job = "scan";
	if (!targets(t, a, s->paths, &more, e) ||
	    !ask(t, a, "getScanStatus", "", &before, &said, e))
		return false;
	if (tow_json_bool(tow_json_get(said, "scanStatus"), "scanning", false))
		return tow_fail_class(e, TOW_RETRY, "target.busy", "it is scanning already");
	return ask(t, a, "startScan", more, &doc, &said, e);
}

static bool follow(struct tow_target *t, struct tow_arena *a, const char *job,
		   struct tow_target_progress *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *said, *status;
	const char *error;

	(void)job; /* there is one at most */
	if (!ask(t, a, "getScanStatus", "", &doc, &said, e))
		return false;
	status = tow_json_get(said, "scanStatus");
	if (!tow_json_is_object(status))
		return tow_fail_class(e, TOW_RETRY, "target.garbled",
				      "it does not say if it scans");
	*out = (struct tow_target_progress){ .state = TARGET_DONE, .percent = -1 };
	error = tow_json_str(status, "error", "");
	if (tow_json_bool(status, "scanning", false)) {
		out->state = TARGET_RUNNING;
		out->note = tow_fmt(a, "%lld so far", tow_json_int(status, "count", 0));
	} else if (*error) {
		out->state = TARGET_FAILED;
		out->note = tow_strdup(a, error);
	}
	return true;
}

const struct tow_target_driver tow_target_subsonic = {
	.name = "subsonic",
	.title = "Navidrome, Subsonic",
	.usual = "http://127.0.0.1:4533",
	.takes = "user_name secret section",
	.help = "Navidrome and others of Subsonic's API 1.15: http://HOST:4533; an administrator "
		"and "
		"the password, or an API key alone; NUMBER:/FOLDER of a library for scans of "
		"folders",
	.can = TARGET_CAN_FOLLOW,
	.hello = hello,
	.scan = scan,
	.follow = follow,
};
