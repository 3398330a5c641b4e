/* Our own workers (haul.fetch). Nobody answers here: what was fetched is in folders of ours, and
 * whoever fetches says so by itself, so the list is empty, and there is nothing to add to. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "tow/client.h"
#include "tow/fetch.h"

static bool hello(struct tow_client *c, struct tow_arena *a, struct tow_err *e)
{
	const char *root;

	snprintf(c->version, sizeof(c->version), "%s", TOW_VERSION);
	return tow_fetch_root(a, c->conf->url, &root, e);
}

static bool refuse(const char *what, struct tow_err *e)
{
	return tow_fail_class(e, TOW_FINAL, "client.refused", "what our workers fetch has no %s",
			      what);
}

static bool list(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		 struct tow_err *e)
{
	struct statvfs v;
	const char *root;

	if (!tow_fetch_root(a, c->conf->url, &root, e))
		return false;
	*out = (struct tow_listing){ .whole = true, .free_bytes = -1 };
	if (statvfs(root, &v) == 0)
		out->free_bytes = (long long)v.f_bavail * (long long)v.f_frsize;
	else if (*c->conf->url)
		return tow_fail_class(e, TOW_FINAL, "local.folder", "the folder %s: %s", root,
				      strerror(errno));
	return true;
}

static bool files(struct tow_client *c, struct tow_arena *a, const char *key,
		  struct tow_transfer_files *out, struct tow_err *e)
{
	struct tow_transfer_file *one = tow_alloc(a, sizeof(*one));
	struct tow_fetch_file file;
	const char *root;

	if (!tow_fetch_root(a, c->conf->url, &root, e) || !tow_fetch_look(a, root, key, &file, e))
		return false;
	*one = (struct tow_transfer_file){
		.path = file.name, .size = file.size, .done = file.done, .wanted = true
	};
	*out = (struct tow_transfer_files){ .of = one,
					    .n = 1,
					    .folder = tow_fmt(a, "%s/%s", root, key) };
	return true;
}

static bool add(struct tow_client *c, struct tow_arena *a, const struct tow_transfer_new *t,
		const char **key, struct tow_err *e)
{
	(void)c, (void)a, (void)t, (void)key;
	return refuse("queue", e);
}

static bool act(struct tow_client *c, struct tow_arena *a, const char *key,
		enum tow_client_act what, struct tow_err *e)
{
	const char *root;

	if (what != CLIENT_REMOVE && what != CLIENT_REMOVE_DATA)
		return refuse("verb like this", e);
	return tow_fetch_root(a, c->conf->url, &root, e) &&
	       tow_fetch_remove(root, key, what == CLIENT_REMOVE_DATA, e);
}

static bool add_tag(struct tow_client *c, struct tow_arena *a, const char *key, const char *tag,
		    struct tow_err *e)
{
	(void)c, (void)a, (void)key, (void)tag;
	return refuse("tags", e);
}

const struct tow_client_driver tow_client_web = {
	.name = "web",
	.title = "our own workers, for plain links",
	.takes = "url",
	.help = "our own workers, for http(s) links; file:///FOLDER, or nothing for downloads in "
		"$TOW_HOME",
	.can = CLIENT_CAN_LIMIT,
	.hello = hello,
	.list = list,
	.files = files,
	.add = add,
	.act = act,
	.add_tag = add_tag,
};
