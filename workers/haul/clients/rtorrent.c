/* rTorrent 0.9, XML-RPC over SCGI, or over a web server in front of it.
 *
 * It has no tags: they are kept in a value of ours, between colons; its label is custom1, written
 * as ruTorrent writes it, percent-encoded. What is added is told in its own command language: only
 * encoded text and folders that cannot leave their quotes are let in there. Adding never fails and
 * names nothing: what is added is found by its tag. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tow/client.h"
#include "tow/scgi.h"
#include "tow/xml.h"

#define MAX_LISTING (256ul << 20)
#define TAGS	    "tow_tags"
#define LOST	    "unfinished chunks" /* "Download registered as completed, but ..." */
#define FAULT_HASH  (-501)		/* no such torrent */
#define FAULT_NAME  (-506)		/* no such method */

/*--- values */

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Text that is no UTF-8 comes so. */
static const char *from_base64(struct tow_arena *a, const char *text)
{
	char *out = tow_alloc(a, strlen(text) / 4 * 3 + 4);
	unsigned bits = 0, n = 0;
	size_t len = 0;

	for (; *text; text++) {
		int digit = digit_of(*text);

		if (digit < 0)
			continue;
		bits = bits << 6 | (unsigned)digit;
		n += 6;
		if (n >= 8) {
			n -= 8;
			out[len++] = (char)(bits >> n & 0xff);
		}
	}
	return out;
}

/* What a <value> holds, whatever its type is called. */
static const char *text_of(struct tow_arena *a, const struct tow_xml *value)
{
	const struct tow_xml *typed = value ? value->first : NULL;

	if (!typed)
		return tow_xml_text(value, "");
	return strcmp(typed->name, "base64") == 0 ? from_base64(a, typed->text) : typed->text;
}

static long long int_of(struct tow_arena *a, const struct tow_xml *value)
{
	const char *text = text_of(a, value);
	char *end;
	long long n = strtoll(text, &end, 10);

	return end == text || *end || n < 0 ? -1 : n;
}

/* The first value of a list. */
static const struct tow_xml *items(const struct tow_xml *value)
{
	return tow_xml_child(tow_xml_child(tow_xml_child(value, "array"), "data"), "value");
}

/*--- requests */

static void add_xml(struct tow_buf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("<>&", *text) || ((unsigned char)*text < ' ' && *text != '\n'))
			tow_buf_addf(b, "&#%u;", (unsigned)(unsigned char)*text);
		else
			tow_buf_addc(b, *text);
	}
}

static bool post(struct tow_client *c, struct tow_arena *a, const char *body, const char **answer,
		 size_t *len, struct tow_err *e)
{
	bool web = strncmp(c->conf->url, "scgi:", 5) != 0;
	const char *headers[3] = { "Content-Type: text/xml" };
	struct tow_http_request http = { .method = "POST",
					 .url = c->conf->url,
					 .headers = headers,
					 .body = body,
					 .body_len = strlen(body),
					 .timeout_ms = c->conf->timeout_ms,
					 .max_bytes = MAX_LISTING };
	struct tow_scgi_request scgi = { .url = c->conf->url,
					 .body = body,
					 .body_len = strlen(body),
					 .timeout_ms = c->conf->timeout_ms,
					 .max_bytes = MAX_LISTING };
	struct tow_scgi_answer from_scgi;
	struct tow_http_answer from_web;

	if (!web && !tow_scgi_ask(a, &scgi, &from_scgi, e))
		return false;
	if (!web) {
		*answer = from_scgi.body;
		*len = from_scgi.body_len;
		return true;
	}
	if (c->conf->user)
		headers[1] = tow_http_basic(a, c->conf->user, c->conf->secret);
	if (!tow_http_ask(c->http, a, &http, &from_web, e))
		return false;
	if (from_web.status == 401)
		return tow_fail_class(e, TOW_FINAL, "client.auth", "wrong user or password");
	*answer = from_web.body;
	*len = from_web.body_len;
	return tow_http_ok(&from_web, e);
}

static bool fail_fault(struct tow_arena *a, const struct tow_xml *fault, struct tow_err *e)
{
	const struct tow_xml *members = tow_xml_child(tow_xml_child(fault, "value"), "struct");
	const struct tow_xml *m = tow_xml_child(members, "member");
	const char *text = "";
	long code = 0;

	for (; m; m = tow_xml_next(m, "member")) {
		const char *name = tow_xml_text(tow_xml_child(m, "name"), "");

		if (strcmp(name, "faultCode") == 0)
			code = strtol(text_of(a, tow_xml_child(m, "value")), NULL, 10);
		else if (strcmp(name, "faultString") == 0)
			text = text_of(a, tow_xml_child(m, "value"));
	}
	if (code == FAULT_HASH && strstr(text, "info-hash"))
		return tow_fail_class(e, TOW_FINAL, "client.gone", "it holds no such torrent");
	if (code == FAULT_NAME)
		return tow_fail_class(e, TOW_FINAL, "client.old", "it cannot do this: %.200s",
				      text);
	tow_fail_class(e, TOW_FINAL, "client.refused", "it would not (%ld): %.200s", code, text);
	if (strstr(text, "too large"))
		tow_hint(e,
			 "network.xmlrpc.size_limit.set = 16M in its settings lets it take more");
	return false;
}

/* Strings, NULL at the end. */
static bool call(struct tow_client *c, struct tow_arena *a, const char *method,
		 const char *const *args, const char *base64, const struct tow_xml **value,
		 struct tow_err *e)
{
	TOW_AUTO_BUF b = { 0 };
	const struct tow_xml *root = NULL, *param;
	const char *answer = "";
	size_t len = 0;

	tow_buf_addf(&b, "<?xml version=\"1.0\"?><methodCall><methodName>%s</methodName><params>",
		     method);
	for (size_t i = 0; args[i]; i++) {
		tow_buf_adds(&b, "<param><value><string>");
		add_xml(&b, args[i]);
		tow_buf_adds(&b, "</string></value></param>");
		if (i == 0 && base64)
			tow_buf_addf(&b, "<param><value><base64>%s</base64></value></param>",
				     base64);
	}
	tow_buf_adds(&b, "</params></methodCall>");
	if (!post(c, a, b.data, &answer, &len, e))
		return false;
	if (!tow_xml_parse(a, answer, len, &root, NULL) ||
	    strcmp(root->name, "methodResponse") != 0)
		return tow_fail_class(e, TOW_RETRY, "client.garbled", "it does not speak XML-RPC");
	if (tow_xml_child(root, "fault"))
		return fail_fault(a, tow_xml_child(root, "fault"), e);
	param = tow_xml_child(tow_xml_child(root, "params"), "param");
	*value = tow_xml_child(param, "value");
	return *value || tow_fail_class(e, TOW_RETRY, "client.garbled", "its answer is empty");
}

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static bool hello(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	const struct tow_xml *value = NULL;
	unsigned major = 0, minor = 0;

	if (!call(c, a, "system.client_version", ARGS(NULL), NULL, &value, e))
		return false;
	if (sscanf(text_of(a, value), "%3u.%3u", &major, &minor) != 2)
		return tow_fail_class(e, TOW_FINAL, "client.garbled", "this is no rTorrent");
	if (major == 0 && minor < 9)
		return tow_fail_class(e, TOW_FINAL, "client.old",
				      "it is %u.%u, and 0.9 is spoken to here", major, minor);
	snprintf(c->version, sizeof(c->version), "%.60s", text_of(a, value));
	return true;
}

/*--- what a torrent is */

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* NULL for nothing. A percent sign that begins no byte stands for itself. */
static const char *unescaped(struct tow_arena *a, const char *text, size_t len)
{
	char *out = tow_alloc(a, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && i + 2 < len ? hex(text[i + 1]) : -1;
		int low = high >= 0 ? hex(text[i + 2]) : -1;

		if (low >= 0 && (high || low)) {
			out[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[n++] = text[i];
		}
	}
	return n ? out : NULL;
}

static const char *const *split_tags(struct tow_arena *a, const char *text)
{
	const char **tags = tow_alloc(a, (strlen(text) + 2) * sizeof(*tags));
	size_t n = 0;

	while (*text) {
		size_t len = strcspn(text, ":");

		tags[n] = unescaped(a, text, len);
		n += tags[n] != NULL;
		text += len + (text[len] == ':');
	}
	return tags;
}

/* What is asked of each torrent, in this order. */
enum {
	HASH,
	NAME,
	STARTED,
	ACTIVE,
	COMPLETE,
	HASHING,
	META,
	SIZE,
	LEFT,
	WANTED_CHUNKS,
	CHUNK,
	DOWN,
	UP,
	RATIO,
	LABEL,
	OUR_TAGS,
	MESSAGE,
	LOADED,
	FINISHED,
	DIRECTORY,
	SEEDERS,
	PEERS,
	N_FIELDS
};
static const char *const fields[] = {
	"",
	"main",
	"d.hash=",
	"d.name=",
	"d.state=",
	"d.is_active=",
	"d.complete=",
	"d.hashing=",
	"d.is_meta=",
	"d.size_bytes=",
	"d.left_bytes=",
	"d.wanted_chunks=",
	"d.chunk_size=",
	"d.down.rate=",
	"d.up.rate=",
	"d.ratio=",
	"d.custom1=",
	("d.custom=" TAGS),
	"d.message=",
	"d.load_date=",
	"d.timestamp.finished=",
	"d.directory=",
	"d.peers_complete=",
	"d.peers_connected=",
	NULL,
};

/* Trackers are always said to be the tracker's; the rest is what went wrong here. */
static bool is_error(const char *message)
{
	return *message && strncmp(message, "Tracker:", 8) != 0 &&
	       strncmp(message, "Inactive:", 9) != 0;
}

static enum tow_transfer_state state_of(const struct tow_transfer *t, const long long *n)
{
	bool all = t->left == 0 && t->size > 0;

	if (n[HASHING] > 0)
		return TRANSFER_CHECKING;
	if (t->error)
		return strstr(t->error, LOST) ? TRANSFER_MISSING_FILES : TRANSFER_ERROR;
	if (n[META] > 0)
		return n[STARTED] > 0 ? TRANSFER_METADATA : TRANSFER_PAUSED;
	if (n[STARTED] < 0 || n[ACTIVE] < 0 || t->left < 0)
		return TRANSFER_UNKNOWN;
	if (n[STARTED] == 0 || n[ACTIVE] == 0)
		return all ? TRANSFER_DONE : TRANSFER_PAUSED;
	if (all)
		return TRANSFER_SEEDING;
	return t->down > 0 ? TRANSFER_DOWNLOADING : TRANSFER_STALLED;
}

/* Of what is wanted: a file that is not leaves chunks that are never fetched. */
static long long left_of(const long long *n)
{
	if (n[COMPLETE] == 1)
		return 0;
	if (n[WANTED_CHUNKS] < 0 || n[CHUNK] <= 0 || n[WANTED_CHUNKS] > (1LL << 40) / n[CHUNK] * 64)
		return -1;
	return n[WANTED_CHUNKS] * n[CHUNK] < n[LEFT] || n[LEFT] < 0 ? n[WANTED_CHUNKS] * n[CHUNK]
								    : n[LEFT];
}

static const char *lower(struct tow_arena *a, const char *text)
{
	char *copy = tow_strdup(a, text);

	for (char *s = copy; *s; s++)
		*s = *s >= 'A' && *s <= 'Z' ? (char)(*s + ('a' - 'A')) : *s;
	return copy;
}

/* A message stays when what it tells of is over. */
static void read_message(struct tow_transfer *t, const char *message, bool over)
{
	static const char *const ours[] = { "quota", "Storage error", "diskspace",
					    "hash check returned" };

	if (over || !is_error(message)) {
		t->tracker = *message ? message : NULL;
		return;
	}
	t->error = message;
	t->local = tow_client_is_local(message);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		t->local = t->local || strstr(message, ours[i]);
}

static struct tow_transfer make_transfer(struct tow_arena *a, const char *const *text,
					 const long long *n)
{
	struct tow_transfer t = {
		.key = lower(a, text[HASH]),
		.name = text[NAME],
		.client_state = tow_fmt(a, "state %lld, active %lld, hashing %lld", n[STARTED],
					n[ACTIVE], n[HASHING]),
		.size = n[META] > 0 || n[SIZE] <= 0 ? -1 : n[SIZE],
		.left = n[META] > 0 || n[SIZE] <= 0 ? -1 : left_of(n),
		.down = n[DOWN],
		.up = n[UP],
		.eta = -1,
		.seeders = n[SEEDERS],
		.leechers = n[PEERS] >= n[SEEDERS] ? n[PEERS] - n[SEEDERS] : -1,
		.ratio = n[RATIO] < 0 ? -1 : (double)n[RATIO] / 1000,
		.seeding = -1,
		.folder = *text[DIRECTORY] ? text[DIRECTORY] : NULL,
		.category = unescaped(a, text[LABEL], strlen(text[LABEL])),
		.tags = split_tags(a, text[OUR_TAGS]),
		.added_at = n[LOADED] > 0 ? n[LOADED] : 0,
	};

	read_message(&t, text[MESSAGE],
		     n[ACTIVE] > 0 || (t.left == 0 && strstr(text[MESSAGE], LOST)));
	t.ids[0] = t.key;
	t.state = state_of(&t, n);
	t.complete = t.state == TRANSFER_SEEDING || t.state == TRANSFER_DONE;
	if (t.size > 0 && t.left >= 0 && t.left <= t.size)
		t.percent = 100.0 * (double)(t.size - t.left) / (double)t.size;
	if (t.down > 0 && t.left > 0)
		t.eta = t.left / t.down;
	t.completed_at = t.complete && n[FINISHED] > 0 ? n[FINISHED] : 0;
	return t;
}

/* False where this is no torrent. */
static bool read_transfer(struct tow_arena *a, const struct tow_xml *value,
			  struct tow_transfer *out)
{
	const struct tow_xml *at = items(value);
	const char *text[N_FIELDS];
	long long n[N_FIELDS];

	for (size_t i = 0; i < N_FIELDS; i++, at = tow_xml_next(at, "value")) {
		if (!at)
			return false;
		text[i] = text_of(a, at);
		n[i] = int_of(a, at);
	}
	if (!*text[HASH])
		return false;
	*out = make_transfer(a, text, n);
	return true;
}

/*--- listings */

static bool tagged(const struct tow_transfer *t, const char *tag)
{
	for (const char *const *of = t->tags; *of; of++)
		if (strcmp(*of, tag) == 0)
			return true;
	return false;
}

static bool narrowed(const struct tow_client_conf *conf, const struct tow_transfer *t)
{
	return (!conf->tag || tagged(t, conf->tag)) && tow_client_lists(conf, t->category);
}

static size_t count(const struct tow_xml *at)
{
	size_t n = 0;

	for (; at; at = tow_xml_next(at, "value"))
		n++;
	return n;
}

static bool ask_list(struct tow_client *c, struct tow_arena *a, const char *method,
		     const char *const *args, const struct tow_xml **first, struct tow_err *e)
{
	const struct tow_xml *value = NULL;

	if (!call(c, a, method, args, NULL, &value, e))
		return false;
	*first = items(value);
	return tow_xml_child(tow_xml_child(value, "array"), "data") ||
	       tow_fail_class(e, TOW_RETRY, "client.garbled", "the listing is no list");
}

static bool list(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		 struct tow_err *e)
{
	const struct tow_xml *at = NULL;

	if (!ask_list(c, a, "d.multicall2", fields, &at, e))
		return false;
	*out = (struct tow_listing){ .whole = true, .free_bytes = -1 };
	out->of = tow_alloc(a, (count(at) + 1) * sizeof(*out->of));
	for (; at; at = tow_xml_next(at, "value"))
		if (read_transfer(a, at, &out->of[out->n]) && narrowed(c->conf, &out->of[out->n]))
			out->n++;
	return true;
}

/* The key as the client writes it. It takes other things for a target, too: a file of a torrent, or
 * nothing at all. */
static bool target(struct tow_arena *a, const char *key, const char **hash, struct tow_err *e)
{
	char *copy = tow_strdup(a, key);

	if (strlen(key) != 40 || key[strspn(key, "0123456789abcdefABCDEF")])
		return tow_fail_class(e, TOW_FINAL, "client.gone", "it holds no torrent '%.100s'",
				      key);
	for (char *s = copy; *s; s++)
		*s = *s >= 'a' && *s <= 'z' ? (char)(*s - ('a' - 'A')) : *s;
	*hash = copy;
	return true;
}

static bool by_hash(struct tow_client *c, struct tow_arena *a, const char *key,
		    struct tow_transfer *out, struct tow_err *e)
{
	const struct tow_xml *value = NULL;
	const char *hash = NULL;

	if (!target(a, key, &hash, e) || !call(c, a, "d.custom", ARGS(hash, TAGS), NULL, &value, e))
		return false;
	*out = (struct tow_transfer){ .key = lower(a, hash),
				      .ids = { lower(a, hash) },
				      .tags = split_tags(a, text_of(a, value)) };
	return true;
}

static bool read_file(struct tow_arena *a, const struct tow_xml *value,
		      struct tow_transfer_file *out)
{
	const struct tow_xml *path = items(value), *size = tow_xml_next(path, "value");
	const struct tow_xml *chunks = tow_xml_next(size, "value");
	const struct tow_xml *done = tow_xml_next(chunks, "value");
	const struct tow_xml *priority = tow_xml_next(done, "value");
	long long all = int_of(a, chunks), have = int_of(a, done);
	double part = all > 0 && have >= all ? 1
		      : all > 0 && have > 0  ? (double)have / (double)all
					     : 0;

	*out = (struct tow_transfer_file){ .path = text_of(a, path),
					   .size = int_of(a, size),
					   .wanted = int_of(a, priority) != 0 };
	if (all == 0)
		part = 1; /* an empty file */
	out->done = out->size < 0 ? -1 : (long long)((double)out->size * part);
	return *out->path != '\0';
}

/* Its folder of a torrent with a folder is that one; as with other clients, the folder's name is
 * put before each path instead. */
static const char *part_folder(struct tow_arena *a, struct tow_transfer_files *out)
{
	const char *slash = out->folder ? strrchr(out->folder, '/') : NULL;
	const char *name = slash && slash[1] ? slash + 1 : NULL;

	if (name)
		out->folder = slash == out->folder
				      ? "/"
				      : tow_strndup(a, out->folder, (size_t)(slash - out->folder));
	return name;
}

static bool files(struct tow_client *c, struct tow_arena *a, const char *key,
		  struct tow_transfer_files *out, struct tow_err *e)
{
	const struct tow_xml *at = NULL, *folder = NULL, *many = NULL;
	const char *hash = NULL, *name, *meta; /* meta: what a magnet holds while it is no more */

	if (!target(a, key, &hash, e) || !call(c, a, "d.directory", ARGS(hash), NULL, &folder, e) ||
	    !call(c, a, "d.is_multi_file", ARGS(hash), NULL, &many, e) ||
	    !ask_list(c, a, "f.multicall",
		      ARGS(hash, "", "f.path=", "f.size_bytes=", "f.size_chunks=",
			   "f.completed_chunks=", "f.priority="),
		      &at, e))
		return false;
	*out = (struct tow_transfer_files){ .folder = text_of(a, folder) };
	out->of = tow_alloc(a, (count(at) + 1) * sizeof(*out->of));
	name = int_of(a, many) == 1 ? part_folder(a, out) : NULL;
	meta = tow_fmt(a, "%s.meta", hash);
	for (; at; at = tow_xml_next(at, "value")) {
		struct tow_transfer_file *f = &out->of[out->n];

		if (!read_file(a, at, f) || strcmp(f->path, meta) == 0)
			continue;
		if (name)
			f->path = tow_fmt(a, "%s/%s", name, f->path);
		out->n++;
	}
	return true;
}

/*--- changes */

static bool act(struct tow_client *c, struct tow_arena *a, const char *key,
		enum tow_client_act what, struct tow_err *e)
{
	static const char *const methods[] = {
		[CLIENT_PAUSE] = "d.stop",	   [CLIENT_RESUME] = "d.start",
		[CLIENT_RECHECK] = "d.check_hash", [CLIENT_REANNOUNCE] = "d.tracker_announce",
		[CLIENT_REMOVE] = "d.erase",
	};
	const struct tow_xml *value = NULL;
	const char *hash = NULL;

	if (!target(a, key, &hash, e))
		return false;
	if (what != CLIENT_REMOVE_DATA)
		return call(c, a, methods[what], ARGS(hash), NULL, &value, e);
	if (!call(c, a, "d.directory", ARGS(hash), NULL, &value, e))
		return false;
	tow_fail_class(e, TOW_FINAL, "client.cannot", "it does not delete data");
	return tow_hint(e, "remove the torrent without its data, and then its files below '%.300s'",
			text_of(a, value));
}

static bool add_tag(struct tow_client *c, struct tow_arena *a, const char *key, const char *tag,
		    struct tow_err *e)
{
	const struct tow_xml *value = NULL;
	struct tow_transfer t = { 0 };
	const char *hash = NULL, *had;

	if (!target(a, key, &hash, e) || !call(c, a, "d.custom", ARGS(hash, TAGS), NULL, &value, e))
		return false;
	had = text_of(a, value);
	t.tags = split_tags(a, had);
	if (tagged(&t, tag))
		return true;
	return call(c, a, "d.custom.set",
		    ARGS(hash, TAGS,
			 tow_fmt(a, "%s%s%s", had, *had ? ":" : "", tow_http_escape(a, tag))),
		    NULL, &value, e);
}

static bool set_category(struct tow_client *c, struct tow_arena *a, const char *key,
			 const char *category, struct tow_err *e)
{
	const struct tow_xml *value = NULL;
	const char *hash = NULL;

	return target(a, key, &hash, e) &&
	       call(c, a, "d.custom1.set", ARGS(hash, tow_http_escape(a, category)), NULL, &value,
		    e);
}

/* It says 0 to everything, and then drops what it cannot read. */
static bool can_add(const struct tow_transfer_new *t, struct tow_err *e)
{
	if (t->folder && (*t->folder != '/' || strpbrk(t->folder, "\"\\\r\n")))
		return tow_fail_class(e, TOW_FINAL, "client.refused",
				      "a folder that its command language cannot say: '%s'",
				      t->folder);
	if (t->data &&
	    (t->data_len < 2 || *t->data != 'd' || !memmem(t->data, t->data_len, "4:infod", 7)))
		return tow_fail_class(e, TOW_FINAL, "client.refused", "this is no torrent file");
	return true;
}

static bool add(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		const char **key, struct tow_err *e)
{
	const struct tow_client_conf *conf = c->conf;
	const char *own = t->tag ? tow_http_escape(a, t->tag) : "";
	const char *general = conf->tag ? tow_http_escape(a, conf->tag) : "";
	const char *args[6] = { "" };
	const struct tow_xml *value = NULL;
	size_t n = 1;

	if (!can_add(t, e))
		return false;
	if (!t->data)
		args[n++] = t->link;
	if (conf->category)
		args[n++] = tow_fmt(a, "d.custom1.set=\"%s\"", tow_http_escape(a, conf->category));
	if (*own || *general)
		args[n++] = tow_fmt(a, "d.custom.set=" TAGS ",\"%s%s%s\"", own,
				    *own && *general ? ":" : "", general);
	if (t->folder)
		args[n++] = tow_fmt(a, "d.directory.set=\"%s\"", t->folder);
	*key = NULL;
	return call(c, a,
		    t->data ? (t->paused ? "load.raw" : "load.raw_start")
			    : (t->paused ? "load.normal" : "load.start"),
		    args, t->data ? tow_base64(a, t->data, t->data_len) : NULL, &value, e);
}

const struct tow_client_driver tow_client_rtorrent = {
	.name = "rtorrent",
	.title = "rTorrent",
	.usual = "scgi://127.0.0.1:5000",
	.takes = "user_name secret category tag paths",
	.help = "rTorrent 0.9: scgi://HOST:PORT or scgi:///path/to/socket, where whoever can "
		"connect "
		"may do all; or http://HOST/RPC2 of a web server, with its user and password",
	.can = CLIENT_CAN_TAG | CLIENT_CAN_CATEGORY,
	.most_data = 256 << 10, /* of half a MiB that it reads of a request, in base64 */
	.hello = hello,
	.list = list,
	.files = files,
	.by_hash = by_hash,
	.add = add,
	.act = act,
	.add_tag = add_tag,
	.set_category = set_category,
};
