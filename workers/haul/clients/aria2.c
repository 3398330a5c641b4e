/* aria2, its JSON-RPC as of 1.36. All numbers are strings, and an error is HTTP 400 with a text.
 *
 * It has no tags and no categories, so a listing is all that it holds; and it never deletes data. A
 * magnet, and the address of a .torrent, is a download of its own that is followed by the real one:
 * only that one is told of, and what it follows is among its ids.
 *
 * It takes the gid of a new download from whoever adds it. It is made from the download's own tag,
 * so that adding once more, after an answer that got lost, finds what is there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "aria2.h"

#define MANY	   100000 /* in each of its lists */
#define GID_DIGITS 16
#define NAME_BYTES 240 /* of 255: it adds ".aria2" for a time, or a number */
#define STATUS_KEYS                                                                    \
	"[\"gid\",\"status\",\"totalLength\",\"completedLength\",\"uploadLength\","    \
	"\"downloadSpeed\",\"uploadSpeed\",\"infoHash\",\"numSeeders\",\"seeder\","    \
	"\"connections\",\"errorCode\",\"errorMessage\",\"followedBy\",\"following\"," \
	"\"dir\",\"files\",\"bittorrent\",\"verifiedLength\",\"verifyIntegrityPending\"]"

static bool hello(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_BUF calls = { 0 };
	const struct tow_json *value;

	aria2_put(c, a, &calls, "getVersion", "");
	if (!aria2_ask(c, a, &calls, &doc, e) || !aria2_said(c, doc, 0, &value, e))
		return false;
	snprintf(c->version, sizeof(c->version), "%.60s", tow_json_str(value, "version", ""));
	if (!*c->version)
		return tow_fail_class(e, TOW_FINAL, "client.garbled", "this is no aria2");
	return true;
}

/*--- what a download is */

/* Its numbers are strings. What is below 0, or no number, is not known. */
static long long number(const struct tow_json *t, const char *member)
{
	const char *text = tow_json_str(t, member, "");
	char *end;
	long long n;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	n = strtoll(text, &end, 10);
	return *end || errno ? -1 : n;
}

static bool is(const struct tow_json *t, const char *member, const char *text)
{
	return strcmp(tow_json_str(t, member, ""), text) == 0;
}

/* Where its first file goes, or while that is not known, what it comes from: without what follows
 * in the address, which may hold somebody's key. */
static const char *place(struct tow_arena *a, const struct tow_json *t)
{
	const struct tow_json *file = tow_json_at(tow_json_get(t, "files"), 0);
	const char *path = tow_json_str(file, "path", ""), *link;

	if (*path)
		return path;
	link = tow_json_str(tow_json_at(tow_json_get(file, "uris"), 0), "uri", "");
	return tow_strndup(a, link, strcspn(link, "?#"));
}

/* Where a path that is no path ends its mark, or NULL. */
static const char *past_mark(const char *path)
{
	static const char mark[] = "[METADATA]";

	return strncmp(path, mark, strlen(mark)) == 0 ? path + strlen(mark) : NULL;
}

static bool ends_as_torrent(const char *link)
{
	size_t len = strcspn(link, "?#");

	return len >= 8 && strncasecmp(link + len - 8, ".torrent", 8) == 0;
}

/* What is fetched only to learn what to download. */
static bool is_lead(struct tow_arena *a, const struct tow_json *t)
{
	const char *path = place(a, t);

	return past_mark(path) || (!tow_json_get(t, "bittorrent") && ends_as_torrent(path));
}

/* All that is wanted is here, as far as it has looked: sizes are of the selected pieces. */
static bool is_whole(const struct tow_json *t)
{
	return number(t, "totalLength") > 0 &&
	       number(t, "completedLength") == number(t, "totalLength");
}

static bool is_checking(const struct tow_json *t)
{
	return tow_json_get(t, "verifiedLength") || is(t, "verifyIntegrityPending", "true");
}

static enum tow_transfer_state state_of_active(struct tow_arena *a, const struct tow_json *t)
{
	if (is_checking(t))
		return TRANSFER_CHECKING;
	if (is_lead(a, t))
		return TRANSFER_METADATA;
	if (is(t, "seeder", "true") && is_whole(t))
		return TRANSFER_SEEDING;
	return number(t, "downloadSpeed") > 0 || is_whole(t) ? TRANSFER_DOWNLOADING
							     : TRANSFER_STALLED;
}

static enum tow_transfer_state state_of(struct tow_arena *a, const struct tow_json *t)
{
	bool seeds = is(t, "seeder", "true") && is_whole(t) && !is_checking(t);

	if (is(t, "status", "active"))
		return state_of_active(a, t);
	if (is(t, "status", "waiting"))
		return seeds ? TRANSFER_SEEDING : TRANSFER_QUEUED;
	if (is(t, "status", "paused"))
		return seeds ? TRANSFER_DONE : TRANSFER_PAUSED;
	if (is(t, "status", "complete")) /* what should lead on and does not is no torrent */
		return is_lead(a, t) ? TRANSFER_ERROR : TRANSFER_DONE;
	if (is(t, "status", "error"))
		return TRANSFER_ERROR;
	return is(t, "status", "removed") ? TRANSFER_DELETED : TRANSFER_UNKNOWN;
}

/* What it means by an error's number, for those that it says nothing more of. */
static const char *meaning(struct tow_arena *a, long long code)
{
	static const char *const texts[] = {
		[2] = "it timed out",
		[3] = "there is no such file at its address",
		[9] = "there is not enough space on the disk",
		[11] = "this file is being downloaded already",
		[12] = "this torrent is being downloaded already",
		[13] = "the file is there already",
		[14] = "the file cannot be renamed",
		[15] = "the file cannot be opened",
		[16] = "the file cannot be created",
		[17] = "the file cannot be read or written",
		[18] = "the folder cannot be created",
		[19] = "the name of its server is not known",
		[22] = "the server answered with an error",
		[24] = "the server asks for a login",
		[32] = "its checksum is wrong",
	};

	if (code >= 0 && code < (long long)(sizeof(texts) / sizeof(*texts)) && texts[code])
		return texts[code];
	return tow_fmt(a, "error %lld", code);
}

/* 9 to 18 are the disk, or what else is done to the same files: no fault of what is downloaded. */
static void read_error(struct tow_arena *a, const struct tow_json *t, struct tow_transfer *out)
{
	long long code = number(t, "errorCode");

	if (out->state != TRANSFER_ERROR)
		return;
	out->error = tow_json_dup(a, t, "errorMessage");
	/* the file of its own beside what it fetched is spoilt by a disk that was full */
	out->local =
		(code >= 9 && code <= 18) || (out->error && strstr(out->error, "segment file"));
	if (is(t, "status", "complete"))
		out->error = "what it fetched is no torrent";
	else if (!out->error)
		out->error = meaning(a, code);
}

static const char *name_of(struct tow_arena *a, const struct tow_json *t)
{
	const char *name =
		tow_json_str(tow_json_get(tow_json_get(t, "bittorrent"), "info"), "name", "");
	const char *path = place(a, t), *slash = strrchr(path, '/');

	if (!*name)
		name = past_mark(path) ? past_mark(path) : slash ? slash + 1 : path;
	return tow_strdup(a, name);
}

/* A torrent that is refused because another is the same is not that other. */
static void read_ids(struct tow_arena *a, const struct tow_json *t, struct tow_transfer *out)
{
	size_t n = 0;

	if (number(t, "errorCode") != 12 && (out->ids[n] = tow_json_dup(a, t, "infoHash")))
		n++;
	out->ids[n] = tow_json_dup(a, t, "following");
}

static void read_sizes(struct tow_arena *a, const struct tow_json *t, struct tow_transfer *out)
{
	long long size = number(t, "totalLength"), done = number(t, "completedLength");
	long long sent = number(t, "uploadLength");
	bool known = size > 0 || out->complete;

	out->percent = out->complete ? 100 : 0;
	out->size = out->left = out->eta = -1;
	out->ratio = -1;
	if (is_lead(a, t) || !known || done < 0 || done > size)
		return;
	out->size = size;
	out->left = size - done;
	if (size > 0)
		out->percent = 100.0 * (double)done / (double)size;
	if (out->left > 0 && out->down > 0)
		out->eta = out->left / out->down;
	if (tow_json_get(t, "bittorrent") && done > 0 && sent >= 0)
		out->ratio = (double)sent / (double)done;
}

static struct tow_transfer read_download(struct tow_arena *a, const struct tow_json *t)
{
	long long peers = number(t, "connections"), seeders = number(t, "numSeeders");
	const char *path = place(a, t);
	struct tow_transfer out = {
		.key = tow_json_dup(a, t, "gid"),
		.name = name_of(a, t),
		.state = state_of(a, t),
		.client_state = tow_json_dup(a, t, "status"),
		.down = number(t, "downloadSpeed"),
		.up = number(t, "uploadSpeed"),
		.seeders = seeders,
		.leechers = seeders >= 0 && peers >= seeders ? peers - seeders : -1,
		.seeding = -1,
		.folder = tow_json_dup(a, t, "dir"),
		.content = tow_json_len(tow_json_get(t, "files")) == 1 && *path == '/'
				   ? tow_strdup(a, path)
				   : NULL,
	};

	out.complete = (out.state == TRANSFER_SEEDING || out.state == TRANSFER_DONE) &&
		       number(t, "completedLength") == number(t, "totalLength");
	read_ids(a, t, &out);
	read_sizes(a, t, &out);
	read_error(a, t, &out);
	return out;
}

/*--- listings */

static bool is_gid(const char *text)
{
	return strlen(text) == GID_DIGITS && strspn(text, "0123456789abcdefABCDEF") == GID_DIGITS;
}

/* Those of one of its three lists; false when there may be more. */
static bool read_list(struct tow_arena *a, const struct tow_json *list, struct tow_listing *out)
{
	for (size_t i = 0; i < tow_json_len(list); i++) {
		const struct tow_json *t = tow_json_at(list, i);

		if (is_gid(tow_json_str(t, "gid", "")) &&
		    tow_json_len(tow_json_get(t, "followedBy")) == 0)
			out->of[out->n++] = read_download(a, t);
	}
	return tow_json_len(list) < MANY;
}

/* At once, so that none is missed on its way from one list to the next. */
static bool list(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		 struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_BUF calls = { 0 };
	const struct tow_json *lists[3];
	const char *some = tow_fmt(a, "0,%d," STATUS_KEYS, MANY);
	size_t n = 0;

	aria2_put(c, a, &calls, "tellActive", STATUS_KEYS);
	aria2_put(c, a, &calls, "tellWaiting", some);
	aria2_put(c, a, &calls, "tellStopped", some);
	if (!aria2_ask(c, a, &calls, &doc, e))
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!aria2_said(c, doc, i, &lists[i], e))
			return false;
		if (!tow_json_is_array(lists[i]))
			return tow_fail_class(e, TOW_RETRY, "client.garbled",
					      "the listing is no list");
		n += tow_json_len(lists[i]);
	}
	*out = (struct tow_listing){ .whole = true, .free_bytes = -1 };
	out->of = tow_alloc(a, (n + 1) * sizeof(*out->of));
	for (size_t i = 0; i < 3; i++)
		out->whole = read_list(a, lists[i], out) && out->whole;
	return true;
}

/* The download as it is now, or what it is followed by: a torrent may lie behind a metalink. It
 * takes the beginning of a gid for the gid, so only whole ones go out. */
static bool find(struct tow_client *c, struct tow_arena *a, const char *key, struct tow_json **doc,
		 const struct tow_json **t, struct tow_err *e)
{
	for (size_t hops = 0; hops < 3 && is_gid(key); hops++) {
		TOW_AUTO_BUF calls = { 0 };

		aria2_put(c, a, &calls, "tellStatus", tow_fmt(a, "\"%s\"," STATUS_KEYS, key));
		tow_json_freep(doc);
		if (!aria2_ask(c, a, &calls, doc, e) || !aria2_said(c, *doc, 0, t, e))
			return false;
		key = tow_json_text(tow_json_at(tow_json_get(*t, "followedBy"), 0));
		if (!key)
			return true;
		key = tow_strdup(a, key);
	}
	return tow_fail_class(e, TOW_FINAL, "client.gone", "'%.100s' is no download's gid", key);
}

/* One that lies elsewhere is told as it is: no caller takes such a path. */
static const char *below(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	while (len > 0 && folder[len - 1] == '/')
		len--;
	if (strncmp(path, folder, len) != 0 || path[len] != '/')
		return path;
	return path + len + strspn(path + len, "/");
}

static bool files(struct tow_client *c, struct tow_arena *a, const char *key,
		  struct tow_transfer_files *out, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *t, *list;

	if (!find(c, a, key, &doc, &t, e))
		return false;
	list = is_lead(a, t) ? NULL : tow_json_get(t, "files");
	*out = (struct tow_transfer_files){ .n = tow_json_len(list),
					    .folder = tow_json_dup(a, t, "dir") };
	out->of = tow_alloc(a, (out->n + 1) * sizeof(*out->of));
	for (size_t i = 0; i < out->n; i++) {
		const struct tow_json *f = tow_json_at(list, i);

		out->of[i] = (struct tow_transfer_file){
			.path = tow_strdup(a, below(tow_json_str(t, "dir", ""),
						    tow_json_str(f, "path", ""))),
			.size = number(f, "length"),
			.done = number(f, "completedLength"),
			.wanted = !is(f, "selected", "false"),
		};
	}
	return true;
}

/*--- changes */

/* Within some five seconds: while it still takes its leave of a tracker it refuses to forget. */
static bool forgotten(struct tow_client *c, struct tow_arena *a, const char *gid)
{
	static const struct timespec look = { .tv_nsec = 100000000 };

	for (int looks = 0; looks < 50; looks++) {
		struct tow_err e = { 0 };

		if (aria2_tell(c, a, "removeDownloadResult", gid, &e))
			return true;
		if (strcmp(e.class, "client.refused") != 0)
			return false;
		(void)nanosleep(&look, NULL);
	}
	return false;
}

/* First out of its work, then out of its memory, also of what it followed: what stayed there would
 * be listed on. It need not wait for its leave of a tracker that does not answer. */
static bool drop(struct tow_client *c, struct tow_arena *a, const struct tow_json *t,
		 struct tow_err *e)
{
	const char *gid = tow_json_str(t, "gid", ""), *following = tow_json_str(t, "following", "");
	bool ended = is(t, "status", "complete") || is(t, "status", "error") ||
		     is(t, "status", "removed");

	if (!aria2_tell(c, a, ended ? "removeDownloadResult" : "remove", gid, e))
		return false;
	if (!ended && !forgotten(c, a, gid) && aria2_tell(c, a, "forceRemove", gid, NULL))
		(void)forgotten(c, a, gid);
	if (is_gid(following))
		(void)!aria2_tell(c, a, "removeDownloadResult", following, NULL);
	return true;
}

static bool act(struct tow_client *c, struct tow_arena *a, const char *key,
		enum tow_client_act what, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *t;
	const char *gid;

	if (!find(c, a, key, &doc, &t, e))
		return false;
	gid = tow_json_str(t, "gid", "");
	if (!is_gid(gid))
		return tow_fail_class(e, TOW_RETRY, "client.garbled", "a download without a gid");
	switch (what) {
	case CLIENT_PAUSE:
		return is(t, "status", "paused") || aria2_tell(c, a, "pause", gid, e);
	case CLIENT_RESUME:
		return is(t, "status", "active") || is(t, "status", "waiting") ||
		       aria2_tell(c, a, "unpause", gid, e);
	case CLIENT_REMOVE:
		return drop(c, a, t, e);
	case CLIENT_REMOVE_DATA:
		tow_fail_class(e, TOW_FINAL, "client.cannot",
			       "it never deletes what it downloaded");
		return tow_hint(e, "remove the transfer, and delete its files where they are");
	case CLIENT_RECHECK:
	case CLIENT_REANNOUNCE:
		break;
	}
	return tow_fail_class(e, TOW_FINAL, "client.refused", "it cannot be told to do that");
}

static bool add_tag(struct tow_client *c, struct tow_arena *a, const char *key, const char *tag,
		    struct tow_err *e)
{
	(void)c, (void)a, (void)key;
	return tow_fail_class(e, TOW_FINAL, "client.refused", "it has no tags, so none '%.100s'",
			      tag);
}

/*--- adding */

/* Of the same tag, or for want of one of the same content, always the same. */
static const char *gid_for(struct tow_arena *a, const struct tow_transfer_new *t)
{
	const char *text = t->tag ? t->tag : t->data ? t->data : t->link;
	size_t len = !t->tag && t->data ? t->data_len : strlen(text);

	return tow_strndup(a, tow_hmac_sha256_hex(a, "aria2", text, len), GID_DIGITS);
}

/* One name in the folder and nothing else: it would write to "../../x" as told. */
static const char *safe_name(struct tow_arena *a, const char *name)
{
	size_t len = strlen(name);
	char *safe;

	if (len > NAME_BYTES)
		for (len = NAME_BYTES; len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80;)
			len--;
	safe = tow_strndup(a, name, len);
	for (char *s = safe; *s; s++)
		if (*s == '/' || (unsigned char)*s < ' ' || *s == 0x7f)
			*s = '_';
	return strspn(safe, ".") == strlen(safe) ? NULL : safe;
}

static void put_limits(struct tow_buf *b, const struct tow_transfer_new *t)
{
	if (t->down_limit > 0)
		tow_buf_addf(b, ",\"max-download-limit\":\"%lld\"", t->down_limit);
	if (t->up_limit > 0)
		tow_buf_addf(b, ",\"max-upload-limit\":\"%lld\"", t->up_limit);
	if (t->ratio_limit > 0)
		tow_buf_addf(b, ",\"seed-ratio\":\"%.3f\"", t->ratio_limit);
	if (t->ratio_limit == 0 || t->seed_limit == 0) /* a ratio of 0 would mean for ever */
		tow_buf_adds(b, ",\"seed-time\":\"0\"");
	else if (t->seed_limit > 0)
		tow_buf_addf(b, ",\"seed-time\":\"%.2f\"", (double)t->seed_limit / 60);
}

static const char *options(struct tow_arena *a, const struct tow_transfer_new *t, const char *gid)
{
	const char *name =
		t->name && t->link && !ends_as_torrent(t->link) ? safe_name(a, t->name) : NULL;
	TOW_AUTO_BUF b = { 0 };

	tow_buf_addf(&b, "{\"gid\":\"%s\",\"pause\":\"%s\",\"follow-torrent\":\"mem\"", gid,
		     t->paused ? "true" : "false");
	if (t->folder) {
		tow_buf_adds(&b, ",\"dir\":");
		aria2_put_text(&b, t->folder);
	}
	if (name) {
		tow_buf_adds(&b, ",\"out\":");
		aria2_put_text(&b, name);
	}
	put_limits(&b, t);
	tow_buf_addc(&b, '}');
	return tow_strndup(a, b.data, b.len);
}

/* Adds, and looks in the same moment at what it is then, and at all others that are at work. */
static bool ask_adding(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		       const char *gid, struct tow_json **doc, struct tow_err *e)
{
	static const char keys[] = "[\"gid\",\"status\",\"infoHash\"]";
	TOW_AUTO_BUF calls = { 0 };
	TOW_AUTO_BUF link = { 0 };

	tow_json_freep(doc);
	if (t->data) {
		aria2_put(c, a, &calls, "addTorrent",
			  tow_fmt(a, "\"%s\",[],%s", tow_base64(a, t->data, t->data_len),
				  options(a, t, gid)));
	} else {
		aria2_put_text(&link, t->link);
		aria2_put(c, a, &calls, "addUri",
			  tow_fmt(a, "[%s],%s", link.data, options(a, t, gid)));
	}
	aria2_put(c, a, &calls, "tellStatus", tow_fmt(a, "\"%s\",%s", gid, keys));
	aria2_put(c, a, &calls, "tellActive", keys);
	aria2_put(c, a, &calls, "tellWaiting", tow_fmt(a, "0,%d,%s", MANY, keys));
	return aria2_ask(c, a, &calls, doc, e);
}

/* Another download of the same torrent: it would take ours, and fail it a moment later. */
static const char *twin_of(const struct tow_client *c, struct tow_arena *a,
			   const struct tow_json *doc, const struct tow_json *ours)
{
	const char *hash = tow_json_str(ours, "infoHash", "");
	const struct tow_json *list;

	for (size_t call = 2; *hash && call < 4; call++) {
		if (!aria2_said(c, doc, call, &list, NULL))
			continue;
		for (size_t i = 0; i < tow_json_len(list); i++) {
			const struct tow_json *t = tow_json_at(list, i);

			if (is(t, "infoHash", hash) && is_gid(tow_json_str(t, "gid", "")) &&
			    !is(ours, "gid", tow_json_str(t, "gid", "")))
				return tow_json_dup(a, t, "gid");
		}
	}
	return NULL;
}

/* What it remembers as failed or removed gives way to a new try. */
static bool gives_way(struct tow_client *c, struct tow_arena *a, const struct tow_json *held,
		      const char *gid)
{
	return (is(held, "status", "error") || is(held, "status", "removed")) &&
	       aria2_tell(c, a, "removeDownloadResult", gid, NULL);
}

static bool add(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		const char **key, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const struct tow_json *added, *held = NULL;
	const char *gid = gid_for(a, t), *twin;
	bool new;

	if (!tow_client_check_link(t, e))
		return false;
	if (!ask_adding(c, a, t, gid, &doc, e))
		return false;
	if (!aria2_said(c, doc, 0, &added, NULL) && aria2_said(c, doc, 1, &held, NULL) &&
	    gives_way(c, a, held, gid) && !ask_adding(c, a, t, gid, &doc, e))
		return false;
	new = aria2_said(c, doc, 0, &added, e);
	if (!aria2_said(c, doc, 1, &held, new ? e : NULL))
		return false;
	*key = gid;
	if (!new || !(twin = twin_of(c, a, doc, held)))
		return true;
	(void)!aria2_tell(c, a, "remove", gid, NULL); /* it may have ended by itself */
	(void)forgotten(c, a, gid);
	*key = t->ours ? twin : tow_json_dup(a, held, "infoHash");
	return t->ours || tow_client_held(e);
}

const struct tow_client_driver tow_client_aria2 = {
	.name = "aria2",
	.title = "aria2",
	.usual = "http://127.0.0.1:6800",
	.takes = "secret paths",
	.help = "aria2: http://HOST:6800; the secret is its --rpc-secret, and there is no user",
	.can = CLIENT_CAN_LIMIT | CLIENT_CAN_RATIO | CLIENT_CAN_SEED_TIME,
	.hello = hello,
	.list = list,
	.files = files,
	.by_hash = tow_client_in_list, /* it finds nothing by one */
	.add = add,
	.act = act,
	.add_tag = add_tag,
};
