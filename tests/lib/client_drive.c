/* client_drive DRIVER URL [-u USER] [-p SECRET] [-c CATEGORY] [-t TAG] [-d DONE] VERB...: one call
 *of a download client's driver, and what it said as a line of JSON. An error is {"error": class,
 *"code":
 *..., "text": ..., "hint": ...}, and exit status 1. Several verbs share one session: `list - list`.
 *
 *	hello | list | files KEY | add FILE|LINK [OWNTAG [FOLDER]] | act KEY WHAT | tag KEY TAG
 *	again FILE|LINK [OWNTAG] (what it holds is ours) | hash HASH (its key, whose)
 *	category KEY CATEGORY
 *	sleep SECONDS | wait PATH */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tow/client.h"
#include "tow/fs.h"

static const char *const states[] = {
	[TRANSFER_UNKNOWN] = "unknown",
	[TRANSFER_QUEUED] = "queued",
	[TRANSFER_METADATA] = "metadata",
	[TRANSFER_DOWNLOADING] = "downloading",
	[TRANSFER_STALLED] = "stalled",
	[TRANSFER_CHECKING] = "checking",
	[TRANSFER_UNPACKING] = "unpacking",
	[TRANSFER_MOVING] = "moving",
	[TRANSFER_PAUSED] = "paused",
	[TRANSFER_SEEDING] = "seeding",
	[TRANSFER_DONE] = "done",
	[TRANSFER_ERROR] = "error",
	[TRANSFER_MISSING_FILES] = "missing files",
	[TRANSFER_DELETED] = "deleted",
};
static const char *const acts[] = {
	[CLIENT_PAUSE] = "pause",     [CLIENT_RESUME] = "resume",
	[CLIENT_RECHECK] = "recheck", [CLIENT_REANNOUNCE] = "reannounce",
	[CLIENT_REMOVE] = "remove",   [CLIENT_REMOVE_DATA] = "remove-data",
};

static void number(struct tow_buf *b, const char *name, long long value)
{
	tow_buf_addf(b, ",\"%s\":%lld", name, value);
}

static void list_text(struct tow_buf *b, const char *name, const char *const *values)
{
	tow_buf_addf(b, ",\"%s\":[", name);
	for (const char *const *v = values; v && *v; v++) {
		if (v != values)
			tow_buf_addc(b, ',');
		tow_json_quote(b, *v, strlen(*v));
	}
	tow_buf_addc(b, ']');
}

static void print_transfer(struct tow_buf *b, const struct tow_transfer *t)
{
	tow_buf_addf(b, "{\"complete\":%s,\"local\":%s,\"percent\":%.2f,\"ratio\":%.3f",
		     t->complete ? "true" : "false", t->local ? "true" : "false", t->percent,
		     t->ratio);
	tow_json_member(b, "key", t->key);
	list_text(b, "ids", t->ids);
	tow_json_member(b, "name", t->name);
	tow_json_member(b, "state", states[t->state]);
	tow_json_member(b, "client_state", t->client_state);
	number(b, "size", t->size);
	number(b, "left", t->left);
	number(b, "down", t->down);
	number(b, "up", t->up);
	number(b, "eta", t->eta);
	number(b, "seeders", t->seeders);
	number(b, "leechers", t->leechers);
	number(b, "seeding", t->seeding);
	tow_json_member(b, "folder", t->folder);
	tow_json_member(b, "content", t->content);
	tow_json_member(b, "category", t->category);
	list_text(b, "tags", t->tags);
	tow_json_member(b, "error", t->error);
	tow_json_member(b, "tracker", t->tracker);
	tow_json_member(b, "tracker_host", t->tracker_host);
	number(b, "added_at", t->added_at);
	number(b, "completed_at", t->completed_at);
	tow_buf_addc(b, '}');
}

static bool list(struct tow_client *c, struct tow_arena *a, struct tow_buf *b, struct tow_err *e)
{
	struct tow_listing listing = { 0 };

	if (!c->driver->list(c, a, &listing, e))
		return false;
	tow_buf_addf(b, "{\"whole\":%s,\"free\":%lld,\"transfers\":[",
		     listing.whole ? "true" : "false", listing.free_bytes);
	for (size_t i = 0; i < listing.n; i++) {
		if (i)
			tow_buf_addc(b, ',');
		print_transfer(b, &listing.of[i]);
	}
	tow_buf_adds(b, "]}");
	return true;
}

static bool files(struct tow_client *c, struct tow_arena *a, const char *key, struct tow_buf *b,
		  struct tow_err *e)
{
	struct tow_transfer_files f = { 0 };

	if (!c->driver->files(c, a, key, &f, e))
		return false;
	tow_buf_adds(b, "{\"n\":0");
	tow_json_member(b, "folder", f.folder);
	tow_json_member(b, "made", f.made);
	tow_buf_adds(b, ",\"files\":[");
	for (size_t i = 0; i < f.n; i++) {
		tow_buf_addf(b, "%s{\"wanted\":%s", i ? "," : "",
			     f.of[i].wanted ? "true" : "false");
		tow_json_member(b, "path", f.of[i].path);
		number(b, "size", f.of[i].size);
		number(b, "done", f.of[i].done);
		tow_buf_addc(b, '}');
	}
	tow_buf_adds(b, "]}");
	return true;
}

static bool add(struct tow_client *c, struct tow_arena *a, const char *what, const char *tag,
		const char *folder, bool ours, struct tow_buf *b, struct tow_err *e)
{
	struct tow_transfer_new t = {
		.tag = tag, .folder = folder, .ours = ours, .ratio_limit = -1, .seed_limit = -1
	};
	const char *key = NULL;
	char *data = NULL;

	if (strchr(what, ':')) {
		t.link = what;
	} else {
		if (!tow_fs_read(a, what, &data, &t.data_len, e))
			return false;
		t.data = data;
		t.name = strrchr(what, '/') ? strrchr(what, '/') + 1 : what;
	}
	if (!c->driver->add(c, a, &t, &key, e))
		return false;
	tow_buf_adds(b, "{\"added\":true");
	tow_json_member(b, "key", key);
	tow_buf_addc(b, '}');
	return true;
}

static bool by_hash(struct tow_client *c, struct tow_arena *a, const char *hash, struct tow_buf *b,
		    struct tow_err *e)
{
	struct tow_transfer t = { 0 };

	if (!c->driver->by_hash(c, a, hash, &t, e))
		return false;
	tow_buf_adds(b, "{\"n\":0");
	tow_json_member(b, "key", t.key);
	list_text(b, "ids", t.ids);
	list_text(b, "tags", t.tags);
	tow_buf_addc(b, '}');
	return true;
}

static bool act(struct tow_client *c, struct tow_arena *a, const char *key, const char *what,
		struct tow_err *e)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (strcmp(acts[i], what) == 0)
			return c->driver->act(c, a, key, (enum tow_client_act)i, e);
	return tow_fail(e, TOW_BUG, "no such act '%s'", what);
}

static char **words;

static const char *word(void)
{
	return *words && strcmp(*words, "-") != 0 ? *words++ : NULL;
}

static bool verb(struct tow_client *c, struct tow_arena *a, struct tow_buf *b, struct tow_err *e)
{
	const char *what = word(), *first = word(), *second = word(), *third = word();

	if (*words)
		words++; /* the dash */
	if (strcmp(what, "list") == 0)
		return list(c, a, b, e);
	if (strcmp(what, "files") == 0)
		return files(c, a, first, b, e);
	if (strcmp(what, "add") == 0 || strcmp(what, "again") == 0)
		return add(c, a, first, second, third, what[1] == 'g', b, e);
	if (strcmp(what, "hash") == 0)
		return by_hash(c, a, first, b, e);
	if (strcmp(what, "sleep") == 0) {
		usleep((unsigned)(atof(first) * 1e6));
		return true;
	}
	if (strcmp(what, "wait") == 0) { /* what was said so far is read meanwhile */
		fflush(stdout);
		while (access(first, F_OK) != 0)
			usleep(20000);
		return true;
	}
	if (strcmp(what, "hello") == 0	    ? !c->driver->hello(c, a, e)
	    : strcmp(what, "act") == 0	    ? !act(c, a, first, second, e)
	    : strcmp(what, "category") == 0 ? !c->driver->set_category(c, a, first, second, e)
					    : !c->driver->add_tag(c, a, first, second, e))
		return false;
	tow_buf_adds(b, "{\"ok\":true");
	tow_json_member(b, "version", c->version);
	tow_buf_addc(b, '}');
	return true;
}

int main(int argc, char **argv)
{
	const char *done[2] = { 0 };
	struct tow_client_conf conf = { .timeout_ms = 30000, .done = done };
	const struct tow_client_driver *driver;
	struct tow_client c;
	struct tow_err e = { 0 };

	if (argc < 4 || !(driver = tow_client_driver(argv[1])))
		return 64;
	conf.url = argv[2];
	for (words = argv + 3; *words && words[0][0] == '-' && words[0][1]; words += 2) {
		const char **to = words[0][1] == 'u'   ? &conf.user
				  : words[0][1] == 'p' ? &conf.secret
				  : words[0][1] == 'c' ? &conf.category
				  : words[0][1] == 'd' ? &done[0]
						       : &conf.tag;

		*to = words[1];
	}
	if (!tow_client_open(&c, driver, &conf, &e))
		return 70;
	while (*words) {
		TOW_AUTO_ARENA a = { 0 };
		TOW_AUTO_BUF b = { 0 };
		bool ok = verb(&c, &a, &b, &e);

		if (!ok) {
			tow_buf_reset(&b);
			tow_buf_adds(&b, "{\"n\":0");
			tow_json_member(&b, "error", e.class);
			tow_json_member(&b, "code", tow_code_name(e.code));
			tow_json_member(&b, "text", e.text);
			tow_json_member(&b, "hint", e.hint);
			tow_buf_addc(&b, '}');
		}
		if (b.len)
			puts(b.data);
		if (!ok) {
			tow_client_close(&c);
			return 1;
		}
	}
	tow_client_close(&c);
	return 0;
}
