/* tow client test: the way to a client, what it holds, and whether that can be reached and placed
 * from here. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "tow/client.h"
#include "tow/proc.h"
#include "trial.h"

#define MOST_FOLDERS 16

struct client_trial {
	struct trial trial;
	struct tow_client_conf conf;
	struct tow_client client;
	struct tow_listing listing;
	struct tow_rows *libraries;
};

static void end(struct client_trial *t)
{
	if (t->client.driver)
		tow_client_close(&t->client);
	tow_rows_free(t->libraries);
}

#define AUTO_CLIENT_TRIAL __attribute__((cleanup(end))) struct client_trial

static struct tow_arena *arena(struct client_trial *t)
{
	return &t->trial.health.c->arena;
}

/*--- the way to it */

static bool open_client(struct client_trial *t, const struct tow_rows *row)
{
	struct cli *c = t->trial.health.c;
	const struct tow_client_driver *driver = tow_client_driver(t->trial.driver);
	struct tow_arena *a = arena(t);
	char *password;

	if (!driver) {
		health_add(&t->trial.health, "driver", "bad",
			   tow_fmt(a, "there is no driver '%s'", t->trial.driver),
			   "tow client drivers lists them");
		return false;
	}
	if (!trial_secret(&t->trial, &password))
		return false;
	t->conf = (struct tow_client_conf){
		.url = t->trial.url,
		.user = t->trial.user,
		.secret = password,
		.category = row ? tow_strdup(a, tow_rows_get(row, 0, "category"))
				: cli_option(c, "category"),
		.tag = row ? tow_strdup(a, tow_rows_get(row, 0, "tag")) : cli_option(c, "tag"),
		.timeout_ms = t->trial.timeout_ms,
	};
	if (tow_client_open(&t->client, driver, &t->conf, &c->err))
		return true;
	trial_failed(&t->trial, "connection", &c->err);
	return false;
}

static bool greet(struct client_trial *t)
{
	struct cli *c = t->trial.health.c;
	long long began = tow_mono_us();

	if (!t->client.driver->hello(&t->client, &c->arena, &c->err)) {
		trial_failed(&t->trial, "connection", &c->err);
		return false;
	}
	health_add(&t->trial.health, "connection", "ok",
		   tow_fmt(&c->arena, "%s %s at %s, in %lld ms", t->trial.driver, t->client.version,
			   *t->trial.url ? t->trial.url : "this host",
			   (tow_mono_us() - began) / 1000),
		   NULL);
	return true;
}

static const char *narrowed(struct client_trial *t)
{
	const char *category = t->conf.category, *tag = t->conf.tag;

	return tow_fmt(arena(t), "%s%s%s%s", category ? " in category " : "",
		       category ? category : "", tag ? " with tag " : "", tag ? tag : "");
}

static bool list(struct client_trial *t)
{
	struct cli *c = t->trial.health.c;
	long long began = tow_mono_us();
	size_t complete = 0;
	bool none;

	if (!t->client.driver->list(&t->client, &c->arena, &t->listing, &c->err)) {
		trial_failed(&t->trial, "listing", &c->err);
		return false;
	}
	for (size_t i = 0; i < t->listing.n; i++)
		complete += t->listing.of[i].complete;
	none = t->listing.n == 0 && (t->conf.category || t->conf.tag);
	health_add(&t->trial.health, "listing", "ok",
		   tow_fmt(&c->arena, "%zu transfers%s, %zu complete, in %lld ms", t->listing.n,
			   narrowed(t), complete, (tow_mono_us() - began) / 1000),
		   none ? "if the client does not know the category or tag yet, the first "
			  "download that is given to it makes it"
			: NULL);
	if (t->listing.free_bytes >= 0)
		health_add(&t->trial.health, "space", "ok",
			   tow_fmt(&c->arena, "%s free where it downloads to",
				   trial_size(&c->arena, t->listing.free_bytes)),
			   NULL);
	return true;
}

/*--- what is seen from here */

/* A link needs one file system and one mount of it: st_dev alone is the same in a bind mount, where
 * a link is refused. */
static bool same_mount(const char *a, const char *b)
{
	struct statx sa, sb;

	return statx(AT_FDCWD, a, 0, STATX_TYPE | STATX_MNT_ID, &sa) == 0 &&
	       statx(AT_FDCWD, b, 0, STATX_TYPE | STATX_MNT_ID, &sb) == 0 &&
	       sa.stx_dev_major == sb.stx_dev_major && sa.stx_dev_minor == sb.stx_dev_minor &&
	       sa.stx_mnt_id == sb.stx_mnt_id;
}

static bool check_libraries(struct client_trial *t)
{
	struct cli *c = t->trial.health.c;

	if (!tow_db_view(c->db, &t->libraries, &c->err, "haul.libraries"))
		return false;
	for (size_t i = 0; i < tow_rows_count(t->libraries); i++) {
		const char *name = tow_rows_get(t->libraries, i, "name"),
			   *root = tow_rows_get(t->libraries, i, "root");

		if (access(root, R_OK | W_OK | X_OK) == 0)
			continue;
		health_add(&t->trial.health, "library", "bad",
			   tow_fmt(&c->arena, "%s: %s %s", name, root,
				   errno == ENOENT ? "is not there" : "may not be written here"),
			   errno == ENOENT ? "make the folder, or mount what holds it"
					   : "let the user that workers run as write there");
	}
	return true;
}

static void check_link(struct client_trial *t, const char *local, size_t i, struct tow_buf *how)
{
	const char *name = tow_rows_get(t->libraries, i, "name"),
		   *root = tow_rows_get(t->libraries, i, "root"),
		   *modes = tow_rows_get(t->libraries, i, "modes");
	bool linked = same_mount(local, root);

	tow_buf_addf(how, "; %s for %s", linked ? "links" : "copies only", name);
	if (linked || strstr(modes, "copy") || strstr(modes, "move") || strstr(modes, "symlink"))
		return;
	health_add(&t->trial.health, "library", "bad",
		   tow_fmt(arena(t),
			   "%s takes no copies, and %s is on another file system or mount", name,
			   local),
		   tow_fmt(arena(t),
			   "put both below one mount, or: tow library set %s --mode "
			   "reflink,link,copy",
			   name));
}

/* The map as it stands, and what is missing in it: 'set' replaces the whole. */
static const char *map_hint(struct client_trial *t, const char *folder)
{
	struct cli *c = t->trial.health.c;
	TOW_AUTO_BUF map = { 0 };
	TOW_AUTO_ROWS *rows = NULL;

	tow_buf_adds(&map, "--path-map '");
	if (tow_call(c->db, &rows, NULL, "haul.path_map", t->trial.name))
		for (size_t i = 0; i < tow_rows_count(rows); i++)
			if (strcmp(tow_rows_get(rows, i, "remote"), folder) != 0)
				tow_buf_addf(&map, "%s=%s,", tow_rows_get(rows, i, "remote"),
					     tow_rows_get(rows, i, "local"));
	return tow_fmt(&c->arena, "say where it is on this host: tow client set %s %s%s=/FOLDER'",
		       t->trial.name, map.data, folder);
}

static void not_seen(struct client_trial *t, const char *folder, const char *local)
{
	struct tow_arena *a = arena(t);
	bool gone = errno == ENOENT || errno == ENOTDIR;
	const char *slash = strrchr(local, '/');
	bool parent = slash && slash > local &&
		      access(tow_strndup(a, local, (size_t)(slash - local)), F_OK) == 0;
	const char *here = strcmp(folder, local) == 0 ? "" : tow_fmt(a, " (here %s)", local);

	if (!gone)
		health_add(&t->trial.health, "folder", "bad",
			   tow_fmt(a, "%s%s may not be read here", folder, here),
			   "let the user that workers run as read it");
	else if (parent)
		health_add(&t->trial.health, "folder", "warn",
			   tow_fmt(a, "%s%s is gone, though what holds it is here", folder, here),
			   "its transfers have no files to import");
	else
		health_add(&t->trial.health, "folder", "bad",
			   tow_fmt(a, "%s%s is not on this host", folder, here),
			   map_hint(t, folder));
}

static bool check_folder(struct client_trial *t, const char *folder)
{
	struct cli *c = t->trial.health.c;
	TOW_AUTO_ROWS *rows = NULL;
	TOW_AUTO_BUF how = { 0 };
	const char *local;

	if (!tow_call(c->db, &rows, &c->err, "haul.local_path", t->trial.name, folder))
		return false;
	local = tow_rows_at(rows, 0, 0);
	if (access(local, R_OK | X_OK) != 0) {
		not_seen(t, folder, local);
		return true;
	}
	tow_buf_adds(&how, folder);
	if (strcmp(folder, local) != 0)
		tow_buf_addf(&how, " is %s here", local);
	else
		tow_buf_adds(&how, " is here");
	for (size_t i = 0; i < tow_rows_count(t->libraries); i++)
		check_link(t, local, i, &how);
	health_add(&t->trial.health, "folder", "ok", tow_strdup(&c->arena, how.data), NULL);
	return true;
}

static bool is_known(const char *const *folders, size_t n, const char *folder)
{
	while (n-- > 0)
		if (strcmp(folders[n], folder) == 0)
			return true;
	return false;
}

static bool check_folders(struct client_trial *t)
{
	const char *folders[MOST_FOLDERS];
	size_t n = 0;

	for (size_t i = 0; i < t->listing.n && n < MOST_FOLDERS; i++) {
		const char *folder = t->listing.of[i].folder;

		if (!folder || is_known(folders, n, folder))
			continue;
		folders[n++] = folder;
		if (!check_folder(t, folder))
			return false;
	}
	if (n == MOST_FOLDERS)
		health_add(&t->trial.health, "folder", "ok", "there may be more: that was enough",
			   NULL);
	return true;
}

int client_trial(struct cli *c)
{
	AUTO_CLIENT_TRIAL t = { .trial = { .health = { .c = c } } };
	TOW_AUTO_ROWS *row = NULL;

	if (!trial_begin(&t.trial, "haul.client", &row))
		return cli_failed(c);
	if (open_client(&t, row) && greet(&t) && list(&t) &&
	    (!check_libraries(&t) || !check_folders(&t)))
		return cli_failed(c);
	return health_print(&t.trial.health);
}
