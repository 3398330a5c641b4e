#include "files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "coding.h"
#include "problem.h"
#include "tow/fs.h"

static const char none[] =
	"<!doctype html><meta charset=utf-8><title>Towpath</title><p>The API is at "
	"<a href=\"api/v1/openapi.json\">api/v1</a>; the page was not built, because npm was not "
	"there: install npm, then <code>make</code> again.\n";

static const struct {
	const char *end, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".mjs", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
	{ ".json", "application/json" },
	{ ".webmanifest", "application/manifest+json" },
};

static bool has_page(const char *folder)
{
	TOW_AUTO_ARENA a = { 0 };
	return tow_fs_exists(tow_fmt(&a, "%s/index.html", folder)) &&
	       tow_fs_exists(tow_fmt(&a, "%s/vendor", folder));
}

const char *files_folder(struct tow_arena *a, const char *dir)
{
	static const char *const places[] = { "web", "../share/towpath/web" };
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	if (dir)
		return dir;
	if (len < 0)
		return NULL;
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *folder = tow_fmt(a, "%s/%s", self, places[i]);
		if (has_page(folder))
			return folder;
	}
	return NULL;
}

static const char *type_of(const char *path)
{
	size_t len = strlen(path);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		size_t n = strlen(types[i].end);
		if (len > n && strcmp(path + len - n, types[i].end) == 0)
			return types[i].type;
	}
	return NULL;
}

/* Names of our own making alone: no dot begins one. */
static bool is_ours(const char *path)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
	return *path == '/' && strspn(path, plain) == strlen(path) && !strstr(path, "/.") &&
	       !strstr(path, "//");
}

void files_answer(const char *folder, const char *path, const struct http_request *q,
		  struct http_reply *r)
{
	struct tow_err e = { 0 };
	const char *name = strcmp(path, "/") == 0 ? "/index.html" : path;
	char *data = NULL;
	if (!folder && strcmp(path, "/") == 0) {
		r->status = 200;
		r->body = none;
		r->len = sizeof none - 1;
		http_say(r, "Content-Type", types[0].type);
	} else if (!folder || !is_ours(name) || !type_of(name) ||
		   !tow_fs_read(q->arena, tow_fmt(q->arena, "%s%s", folder, name), &data, &r->len,
				&e)) {
		problem_of(q->arena, r, 404, "there is no such page", NULL);
		return;
	} else {
		r->status = 200;
		r->body = data;
		http_say(r, "Content-Type", type_of(name));
	}
	http_say(r, "Cache-Control", "no-cache");
	coding_apply(q, r);
}
