#include "listing.h"

#include <math.h>
#include <string.h>

static void add_text(struct tow_buf *b, const char *name, const char *text)
{
	if (!text)
		return;
	tow_buf_addf(b, ",\"%s\":", name);
	tow_json_quote(b, text, strlen(text));
}

static void add_list(struct tow_buf *b, const char *name, const char *const *list)
{
	tow_buf_addf(b, ",\"%s\":[", name);
	for (const char *const *item = list; item && *item; item++) {
		if (item != list)
			tow_buf_addc(b, ',');
		tow_json_quote(b, *item, strlen(*item));
	}
	tow_buf_addc(b, ']');
}

static void add_number(struct tow_buf *b, const char *name, long long n)
{
	if (n >= 0)
		tow_buf_addf(b, ",\"%s\":%lld", name, n);
}

static void add_real(struct tow_buf *b, const char *name, double x)
{
	if (isfinite(x))
		tow_buf_addf(b, ",\"%s\":%.4f", name, x);
}

static const char *state_name(enum tow_transfer_state state)
{
	static const char *const names[] = {
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

	return names[state];
}

void listing_add_transfer(struct tow_buf *b, const struct tow_transfer *t)
{
	tow_buf_addf(b, "{\"complete\":%s,\"local\":%s", t->complete ? "true" : "false",
		     t->local ? "true" : "false");
	add_real(b, "percent", t->percent);
	add_real(b, "ratio", t->ratio);
	add_text(b, "state", state_name(t->state));
	add_text(b, "key", t->key);
	add_text(b, "name", t->name);
	add_list(b, "ids", t->ids);
	add_list(b, "tags", t->tags);
	add_text(b, "client_state", t->client_state);
	add_number(b, "size", t->size);
	add_number(b, "left", t->left);
	add_number(b, "down", t->down);
	add_number(b, "up", t->up);
	add_number(b, "eta", t->eta);
	add_number(b, "seeders", t->seeders);
	add_number(b, "leechers", t->leechers);
	add_number(b, "seeding", t->seeding);
	add_text(b, "folder", t->folder);
	add_text(b, "content", t->content);
	add_text(b, "category", t->category);
	add_text(b, "error", t->error);
	add_text(b, "tracker", t->tracker);
	add_text(b, "tracker_host", t->tracker_host);
	add_number(b, "added_at", t->added_at);
	add_number(b, "completed_at", t->completed_at);
	tow_buf_addc(b, '}');
}

void listing_add(struct tow_buf *b, const struct tow_client *c, const struct tow_listing *l)
{
	tow_buf_addf(b, "{\"whole\":%s", l->whole ? "true" : "false");
	add_number(b, "free", l->free_bytes);
	add_text(b, "version", *c->version ? c->version : NULL);
	tow_buf_adds(b, ",\"transfers\":[");
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			tow_buf_addc(b, ',');
		listing_add_transfer(b, &l->of[i]);
	}
	tow_buf_adds(b, "]}");
}
