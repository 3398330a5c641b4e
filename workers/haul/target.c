#include "tow/target.h"

#include <string.h>

#include "tow/secret.h"

const struct tow_target_driver *tow_target_driver(const char *name)
{
	for (const struct tow_target_driver *const *d = tow_target_drivers; *d; d++)
		if (strcmp((*d)->name, name) == 0)
			return *d;
	return NULL;
}

bool tow_target_open(struct tow_target *t, const struct tow_target_driver *driver,
		     const struct tow_target_conf *conf, struct tow_err *e)
{
	*t = (struct tow_target){ .driver = driver, .conf = conf };
	return tow_http_open(&t->http, e);
}

void tow_target_close(struct tow_target *t)
{
	tow_http_close(t->http);
	*t = (struct tow_target){ 0 };
}

/*--- paths */

static bool is_slash(const char *path, char c)
{
	bool windows = *path == '\\' || (*path && path[1] == ':');

	return c == '/' || (windows && c == '\\');
}

static size_t name_len(const char *path, const char *name)
{
	size_t n = 0;

	while (name[n] && !is_slash(path, name[n]))
		n++;
	return n;
}

static bool climbs(const char *path)
{
	for (const char *name = path; *name;) {
		size_t n = name_len(path, name);

		if (n == 2 && strncmp(name, "..", 2) == 0)
			return true;
		name += n + (name[n] != '\0');
	}
	return false;
}

bool tow_target_holds(const char *root, const char *path)
{
	size_t n = strlen(root);

	while (n > 0 && is_slash(root, root[n - 1]))
		n--;
	return strncmp(root, path, n) == 0 && (!path[n] || is_slash(path, path[n])) &&
	       !climbs(path);
}

static const char *folder_of(struct tow_arena *a, const char *path)
{
	size_t n = strlen(path);

	while (n > 0 && !is_slash(path, path[n - 1]))
		n--;
	return tow_strndup(a, path, n);
}

/* Paths come sorted, or nearly so: the last folder is the likeliest. */
static bool is_known(const char *const *folders, size_t n, const char *folder)
{
	while (n-- > 0)
		if (tow_target_holds(folders[n], folder) || strcmp(folders[n], folder) == 0)
			return true;
	return false;
}

const char **tow_target_folders(struct tow_arena *a, const char *const *paths)
{
	size_t n = 0, kept;
	const char **folders;

	while (paths && paths[n])
		n++;
	folders = tow_alloc(a, (n + 1) * sizeof(*folders));
	n = 0;
	for (; paths && *paths; paths++) {
		const char *folder = folder_of(a, *paths);

		if (is_known(folders, n, folder))
			continue;
		kept = 0;
		for (size_t i = 0; i < n; i++)
			if (!tow_target_holds(folder, folders[i]))
				folders[kept++] = folders[i];
		folders[kept] = folder;
		n = kept + 1;
		folders[n] = NULL;
	}
	return folders;
}

const char *tow_target_common(struct tow_arena *a, const char *const *folders)
{
	const char *first = *folders;
	size_t n = first ? strlen(first) : 0;

	for (; *folders; folders++) {
		size_t same = 0;

		while (same < n && first[same] == (*folders)[same])
			same++;
		while (same > 0 && !is_slash(first, first[same - 1]))
			same--;
		n = same;
	}
	return first ? tow_strndup(a, first, n) : "";
}

static bool is_text(const char *path)
{
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_BUF b = { 0 };
	const char *read = NULL;

	tow_json_quote(&b, path, strlen(path));
	if (tow_json_parse(&doc, b.data, b.len, NULL))
		read = tow_json_text(doc);
	return read && strcmp(read, path) == 0;
}

const char *const *tow_target_texts(struct tow_arena *a, const char *const *paths)
{
	size_t n = 0;
	const char **out;

	while (paths && paths[n])
		n++;
	out = tow_alloc(a, (n + 1) * sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		const char *path = paths[i];

		while (!is_text(path))
			path = folder_of(a, tow_strndup(a, path, strlen(path) - 1));
		out[i] = path;
	}
	return out;
}

/*--- libraries */

bool tow_target_held(const struct tow_json *list, const char *member, const char *path)
{
	for (size_t i = 0; i < tow_json_len(list); i++) {
		const struct tow_json *one = tow_json_at(list, i);
		const char *root = member ? tow_json_str(one, member, NULL) : tow_json_text(one);

		if (root && *root && tow_target_holds(root, path))
			return true;
	}
	return false;
}

bool tow_target_wants(const struct tow_target *t, const char *id, const char *name)
{
	const char *library = t->conf->library;

	return !library || strcmp(library, id) == 0 || strcmp(library, name) == 0;
}

bool tow_target_listed(const char *list, const char *id)
{
	for (size_t n; *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (strlen(id) == n && strncmp(list, id, n) == 0)
			return true;
	}
	return false;
}

bool tow_target_outside(struct tow_err *e, const char *path)
{
	tow_fail_class(e, TOW_FINAL, "target.outside", "'%s' is in none of its libraries", path);
	return tow_hint(e, "paths are meant as the server sees them: compare with the folders of "
			   "its libraries, or map them");
}

bool tow_target_no_library(const struct tow_target *t, struct tow_err *e)
{
	if (t->conf->library)
		return tow_fail_class(e, TOW_FINAL, "target.outside", "it has no library '%s'",
				      t->conf->library);
	return tow_fail_class(e, TOW_FINAL, "target.outside", "it has no libraries");
}

/*--- requests */

bool tow_target_hush(const struct tow_target *t, struct tow_err *e)
{
	tow_secret_hush(e, t->conf->secret);
	return false;
}

static bool fail_auth(const struct tow_target *t, long status, struct tow_err *e)
{
	if (status == 403)
		return tow_fail_class(e, TOW_FINAL, "target.auth", "it does not let us do this");
	if (t->conf->secret)
		return tow_fail_class(e, TOW_FINAL, "target.auth",
				      "it does not know this password, token or key");
	tow_fail_class(e, TOW_FINAL, "target.auth", "it asks who we are");
	return tow_hint(e, "give the target its secret");
}

bool tow_target_send(struct tow_target *t, struct tow_arena *a, const struct tow_http_request *q,
		     struct tow_http_answer *answer, struct tow_err *e)
{
	struct tow_http_request timed = *q;

	timed.timeout_ms = t->conf->timeout_ms;
	if (!tow_http_ask(t->http, a, &timed, answer, e))
		return tow_target_hush(t, e);
	if (answer->status == 401 || answer->status == 403)
		return fail_auth(t, answer->status, e);
	if (answer->status >= 300 && answer->status < 400) {
		(void)!tow_http_ok(answer, e);
		tow_hint(e, "its address is another one: https, another host, or a longer path");
		return tow_target_hush(t, e);
	}
	return true;
}

bool tow_target_ask(struct tow_target *t, struct tow_arena *a, const struct tow_http_request *q,
		    struct tow_json **doc, struct tow_err *e)
{
	struct tow_http_answer answer;

	if (!tow_target_send(t, a, q, &answer, e))
		return false;
	if (!tow_http_ok(&answer, e))
		return tow_target_hush(t, e);
	if (doc && !tow_json_parse(doc, answer.body, answer.body_len, e)) {
		tow_fail_class(e, TOW_RETRY, "target.garbled", "it did not answer with JSON");
		return tow_hint(e, "is this the address of what it is said to be?");
	}
	return true;
}
