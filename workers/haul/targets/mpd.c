/* MPD, its own protocol, which has not changed in what is used here since 0.16. Tested with the
 * real one, 0.23.
 *
 * It knows paths relative to its music directory only, and tells where that is to those on its unix
 * socket: over TCP the target's library is the music directory. It says OK to a path that does not
 * exist, and queues what it is asked to do, 32 updates at most, each with a number that counts on,
 * and begins anew at 1 after 32768. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tow/line.h"
#include "tow/target.h"

enum { MOST_UPDATES = 16, NUMBERS = 32768 };

/*--- the conversation */

static bool garbled(const char *line, struct tow_err *e)
{
	tow_fail_class(e, TOW_RETRY, "target.garbled", "it said '%.100s'", line);
	return tow_hint(e, "is this the address of an MPD?");
}

/* ACK [4@0] {update} you don't have permission for "update" */
static bool refused(const struct tow_target *t, const char *line, struct tow_err *e)
{
	static const struct {
		long code;
		const char *class;
		enum tow_code what;
	} known[] = {
		{ 3, "target.auth", TOW_FINAL },     /* a wrong password */
		{ 4, "target.auth", TOW_FINAL },     /* no permission */
		{ 5, "target.old", TOW_FINAL },	     /* an unknown command */
		{ 52, "target.refused", TOW_RETRY }, /* a failure of its system */
		{ 54, "target.busy", TOW_RETRY },    /* too many updates are queued */
	};
	const char *text = strchr(line, '}'), *class = "target.refused";
	enum tow_code code = TOW_FINAL;
	long number = 0;

	if (sscanf(line, "ACK [%ld@", &number) != 1)
		return garbled(line, e);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].code == number) {
			class = known[i].class;
			code = known[i].what;
		}
	text = text ? text + 1 : line;
	tow_fail_class(e, code, class, "%.300s", text + strspn(text, " "));
	return tow_target_hush(t, e);
}

/* *value: what comes behind the first line that begins with prefix; NULL when there is none. */
static bool ask(const struct tow_target *t, struct tow_arena *a, struct tow_line *l,
		const char *command, const char *prefix, const char **value, struct tow_err *e)
{
	const char *line = "";

	*value = NULL;
	if (!tow_line_say(l, command, e))
		return false;
	for (;;) {
		if (!tow_line_hear(l, &line, e))
			return false;
		if (strcmp(line, "OK") == 0)
			return true;
		if (strncmp(line, "ACK ", 4) == 0)
			return refused(t, line, e);
		if (!*value && strncmp(line, prefix, strlen(prefix)) == 0)
			*value = tow_strdup(a, line + strlen(prefix));
	}
}

static const char *quoted(struct tow_arena *a, const char *text)
{
	TOW_AUTO_BUF out = { 0 };

	tow_buf_addc(&out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			tow_buf_addc(&out, '\\');
		tow_buf_addc(&out, *text);
	}
	tow_buf_addc(&out, '"');
	return tow_strdup(a, out.data);
}

static bool greet(struct tow_target *t, struct tow_arena *a, struct tow_line *l, struct tow_err *e)
{
	const char *line = "", *none;

	if (!tow_line_hear(l, &line, e))
		return false;
	if (strncmp(line, "OK MPD ", 7) != 0)
		return garbled(line, e);
	snprintf(t->version, sizeof(t->version), "%.60s", line + 7);
	return !t->conf->secret ||
	       ask(t, a, l, tow_fmt(a, "password %s", quoted(a, t->conf->secret)), "-", &none, e);
}

/* A connection for each call: it closes those that are silent for a minute. */
static bool enter(struct tow_target *t, struct tow_arena *a, struct tow_line **l, struct tow_err *e)
{
	const struct tow_line_conf conf = { .scheme = "mpd",
					    .port = "6600",
					    .url = t->conf->url,
					    .timeout_ms = t->conf->timeout_ms };

	return tow_line_open(l, a, &conf, e) && greet(t, a, *l, e);
}

/*--- paths */

static bool is_local(const struct tow_target *t)
{
	return strncmp(t->conf->url, "mpd:///", 7) == 0;
}

/* NULL where it does not say: who may not ask for it may still update. */
static bool find_root(const struct tow_target *t, struct tow_arena *a, struct tow_line *l,
		      const char **root, struct tow_err *e)
{
	*root = t->conf->library;
	return *root || !is_local(t) || ask(t, a, l, "config", "music_directory: ", root, e) ||
	       strncmp(e->class, "line.", 5) != 0;
}

static bool outside(const char *root, const char *path, struct tow_err *e)
{
	if (root)
		return tow_fail_class(e, TOW_FINAL, "target.outside",
				      "'%s' is not in its music directory '%s'", path, root);
	tow_fail_class(e, TOW_FINAL, "target.outside", "it does not say where '%s' is for it",
		       path);
	return tow_hint(e, "set the target's library to the music_directory of its configuration");
}

/* As it wants it: below the music directory, and without a slash at either end. */
static bool relative(struct tow_arena *a, const char *root, const char *path, const char **out,
		     struct tow_err *e)
{
	const char *rest = path;
	size_t n;

	if (strpbrk(path, "\r\n"))
		return tow_fail_class(e, TOW_FINAL, "target.refused",
				      "a name with a line break cannot be told to it");
	if (root && tow_target_holds(root, path)) {
		for (n = strlen(root); n > 0 && root[n - 1] == '/';)
			n--;
		rest = path + n;
		rest += strspn(rest, "/");
	} else if (*path == '/' || strstr(path, "://")) {
		return outside(root, path, e);
	}
	for (n = strlen(rest); n > 0 && rest[n - 1] == '/';)
		n--;
	*out = tow_strndup(a, rest, n);
	return true;
}

static size_t count(const char *const *paths)
{
	size_t n = 0;

	while (paths && paths[n])
		n++;
	return n;
}

/* As many as it queues, with room for others: the files, else their folders, else the folder of
 * them all. */
static const char *const *few(struct tow_arena *a, const char *const *paths)
{
	const char **one;

	if (count(paths) <= MOST_UPDATES)
		return paths;
	paths = tow_target_folders(a, paths);
	if (count(paths) <= MOST_UPDATES)
		return paths;
	one = tow_alloc(a, 2 * sizeof(*one));
	one[0] = tow_target_common(a, paths);
	return one;
}

/* Where two folders above a file are new, the real one (0.23.12) looks in a wrong place, finds
 * nothing and says nothing: it is sent to the topmost new folder instead. */
static bool climb(const struct tow_target *t, struct tow_arena *a, struct tow_line *l,
		  const char **name, struct tow_err *e)
{
	const char *slash, *parent, *none;

	while ((slash = strrchr(*name, '/'))) {
		parent = tow_strndup(a, *name, (size_t)(slash - *name));
		if (ask(t, a, l, tow_fmt(a, "lsinfo %s", quoted(a, parent)), "-", &none, e))
			return true;
		if (strncmp(e->class, "target.", 7) != 0)
			return false;
		*name = parent;
	}
	return true;
}

/*--- what a driver does */

static bool hello(struct tow_target *t, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_LINE *l = NULL;
	const char *may, *root;

	if (!enter(t, a, &l, e) || !ask(t, a, l, "commands", "command: update", &may, e) ||
	    !find_root(t, a, l, &root, e))
		return false;
	if (may)
		return true;
	tow_fail_class(e, TOW_FINAL, "target.auth",
		       t->conf->secret ? "this password may not update"
				       : "it lets nobody update without a password");
	return tow_hint(e, "the permission 'control' is for that: see 'password' in mpd.conf");
}

static bool knows(struct tow_target *t, struct tow_arena *a, const char *folder, struct tow_err *e)
{
	TOW_AUTO_LINE *l = NULL;
	const char *root, *name;

	return enter(t, a, &l, e) && find_root(t, a, l, &root, e) &&
	       relative(a, root, folder, &name, e);
}

/* "" is all of the music directory. */
static bool update(const struct tow_target *t, struct tow_arena *a, struct tow_line *l,
		   const char *path, const char **job, struct tow_err *e)
{
	const char *command = *path ? tow_fmt(a, "update %s", quoted(a, path)) : "update";

	if (!ask(t, a, l, command, "updating_db: ", job, e))
		return *path ? tow_wrap(e, "'%s'", path) : false;
	return *job || garbled("OK without a number", e);
}

static bool is_said(const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], names[n]) == 0)
			return true;
	return false;
}

/* Nothing is asked for before every path is known to be one that it can have. */
static bool scan(struct tow_target *t, struct tow_arena *a, const struct tow_target_scan *s,
		 const char **job, struct tow_err *e)
{
	TOW_AUTO_LINE *l = NULL;
	const char *const *paths = few(a, s->paths);
	size_t n = count(paths);
	const char **names = tow_alloc(a, (n + 1) * sizeof(*names)), *root;

	if (!enter(t, a, &l, e) || !find_root(t, a, l, &root, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!relative(a, root, paths[i], &names[i], e))
			return false;
	if (n == 0)
		return update(t, a, l, "", job, e);
	for (size_t i = 0; i < n; i++)
		if (!climb(t, a, l, &names[i], e) ||
		    (!is_said(names, i) && !update(t, a, l, names[i], job, e)))
			return false;
	return true;
}

/* The number that it is at is beyond ours, or below by more than any queue is long: it has begun
 * anew. */
static bool is_past(long at, long job)
{
	long ahead = (at - job + NUMBERS) % NUMBERS;

	return ahead > 0 && ahead < NUMBERS / 2;
}

static bool follow(struct tow_target *t, struct tow_arena *a, const char *job,
		   struct tow_target_progress *out, struct tow_err *e)
{
	TOW_AUTO_LINE *l = NULL;
	const char *at;
	long ours = strtol(job, NULL, 10), now;

	if (!enter(t, a, &l, e) || !ask(t, a, l, "status", "updating_db: ", &at, e))
		return false;
	*out = (struct tow_target_progress){ .state = TARGET_DONE, .percent = -1 };
	now = at ? strtol(at, NULL, 10) : 0;
	if (!at || is_past(now, ours))
		return true;
	out->state = TARGET_RUNNING;
	out->note = now == ours ? "it looks at the files" : "it is at another update";
	return true;
}

const struct tow_target_driver tow_target_mpd = {
	.name = "mpd",
	.title = "MPD",
	.usual = "mpd://127.0.0.1:6600",
	.takes = "secret section",
	.help = "MPD 0.16 and later: mpd://HOST:6600 or mpd:///path/to/socket; a password that may "
		"update; its music directory as library",
	.can = TARGET_CAN_PATHS | TARGET_CAN_FOLLOW,
	.hello = hello,
	.knows = knows,
	.scan = scan,
	.follow = follow,
};
