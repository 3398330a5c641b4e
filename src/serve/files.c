#include "files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "coding.h"
#include "problem.h"
#include "tow/fs.h"
#include "tow/log.h"

#define HEAD                                                                   \
	"<!doctype html><html lang=en><meta charset=utf-8>"                    \
	"<meta name=viewport content=\"width=device-width, initial-scale=1\">" \
	"<meta name=color-scheme content=\"light dark\">"

static const char none[] = HEAD
	"<title>Towpath</title><h1>Towpath runs, but its page is missing</h1>"
	"<p>When it was built, npm was not there, or could not fetch what the page is made of."
	"<ol><li>Install Node.js with npm.<li>Build again: <code>make</code> (and <code>make "
	"install</code>, where it was installed). If the page is left out, a line that begins with "
	"<code>page</code> says why.<li>Load this page again.</ol>"
	"<p>All else works without it: the command <code>tow</code> (<code>tow --help</code>), and "
	"<a href=\"api/v1/openapi.json\">the API</a>.\n";

/* Its own links are from where whoever reads it has come to. */
static const char missing[] =
	HEAD "<title>Nothing here - Towpath</title><link rel=stylesheet href=\"%sstyle.css\">"
	     "<script type=module src=\"%slib/theme.js\"></script>"
	     "<main class=bare><div class=\"panel empty\"><h1>There is nothing here</h1>"
	     "<p>This address leads nowhere. <a href=\"%s\">Go to Towpath</a></div></main>\n";

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

/* The way back: a step up for each folder that the path seems to lie in. */
static const char *way_up(struct tow_arena *a, const char *path)
{
	TOW_AUTO_BUF b = { 0 };
	int slashes = 0;
	for (const char *p = path; *p; p++)
		slashes += *p == '/';
	tow_buf_adds(&b, "./");
	for (int n = 1; n < slashes; n++)
		tow_buf_adds(&b, "../");
	return tow_strndup(a, b.data, b.len);
}

/* People are told as people, programs as programs. */
static void say_missing(const char *path, const struct http_request *q, struct http_reply *r)
{
	const char *accepts = http_header(q, "Accept"), *up = way_up(q->arena, path);
	if (!accepts || !strstr(accepts, "text/html")) {
		problem_of(q->arena, r, 404, "there is no such page", NULL);
		return;
	}
	r->status = 404;
	r->body = tow_fmt(q->arena, missing, up, up, up);
	r->len = strlen(r->body);
	http_say(r, "Content-Type", types[0].type);
}

/* Else it is there, and something is wrong with it. What is not ours was not looked for. */
static bool is_absent(const struct tow_err *e)
{
	static const char *const absent[] = { "", "fs.ENOENT", "fs.ENOTDIR", "fs.ENAMETOOLONG" };
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
		if (strcmp(e->class, absent[i]) == 0)
			return true;
	return false;
}

void files_answer(const char *folder, const char *path, const struct http_request *q,
		  struct http_reply *r)
{
	struct tow_err e = { 0 };
	bool is_start = strcmp(path, "/") == 0;
	const char *name = is_start ? "/index.html" : path;
	char *data = NULL;
	if (folder && is_ours(name) && type_of(name) &&
	    tow_fs_read(q->arena, tow_fmt(q->arena, "%s%s", folder, name), &data, &r->len, &e)) {
		r->body = data;
	} else if (!is_absent(&e)) {
		tow_log_err(TOW_ERROR, "page.unread", &e);
		problem_of(q->arena, r, 500, "the page cannot be read; the server's log says why",
			   NULL);
		return;
	} else if (is_start) {
		r->body = none;
		r->len = sizeof none - 1;
	} else {
		say_missing(path, q, r);
		return;
	}
	r->status = 200;
	http_say(r, "Content-Type", type_of(name));
	http_say(r, "Cache-Control", "no-cache");
	coding_apply(q, r, NULL);
}
