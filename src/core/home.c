/* Where Towpath lives on this machine, and with that the database's address. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "home.h"
#include "tow/db.h"
#include "tow/fs.h"
#include "tow/uplock.h"

static const char *setting(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static const char *absolute(struct tow_arena *a, const char *path)
{
	TOW_AUTO_FREE char *here = *path == '/' ? NULL : getcwd(NULL, 0);
	return here ? tow_fmt(a, "%s/%s", here, path) : tow_strdup(a, path);
}

static const char *user_home(void)
{
	const char *home = setting("HOME");
	const struct passwd *pw = home ? NULL : getpwuid(geteuid());
	return home ? home : pw ? pw->pw_dir : "/";
}

const char *tow_home(struct tow_arena *a)
{
	const char *home = setting("TOW_HOME"), *data = setting("XDG_DATA_HOME");
	if (home)
		return absolute(a, home);
	if (geteuid() == 0)
		return "/var/lib/towpath";
	if (data)
		return absolute(a, tow_fmt(a, "%s/towpath", data));
	return absolute(a, tow_fmt(a, "%s/.local/share/towpath", user_home()));
}

static bool environment_names_a_database(void)
{
	return setting("PGHOST") || setting("PGHOSTADDR") || setting("PGPORT") ||
	       setting("PGDATABASE") || setting("PGUSER") || setting("PGSERVICE");
}

/* `tow db start` writes it. */
static bool private_cluster(struct tow_arena *a, const char **url, struct tow_err *e)
{
	const char *path = tow_fmt(a, "%s/url", tow_home(a));
	char *text;
	if (!tow_fs_read(a, path, &text, NULL, e))
		return false;
	text += strspn(text, " \t\r\n");
	text[strcspn(text, "\r\n")] = '\0';
	*url = text;
	return *text || tow_fail(e, TOW_FINAL, "there is no address in '%s'", path);
}

bool home_has_server(const char *host)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *url;
	return private_cluster(&a, &url, NULL) && strstr(url, tow_fmt(&a, "host=%s&", host));
}

bool home_hint_down(struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *home = tow_home(&a);
	if (!tow_uplock_is_held(&a, home))
		return tow_hint(e, "start it with: tow up (or tow db start), or name another "
				   "server by --database or DATABASE_URL");
	if (tow_fs_exists(tow_fmt(&a, "%s/stopped", home)))
		return tow_hint(e, "'tow db stop' stopped it: start it with: tow db start");
	return tow_hint(e, "tow up starts it again: try again in a moment; '%s/log' says more",
			home);
}

bool home_is_meant(void)
{
	return !environment_names_a_database();
}

bool home_blame(struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	(void)tow_wrap(e, "no server is named, and there is no instance in '%s'", tow_home(&a));
	return tow_hint(e, "tow up makes one; or name a server by --database or DATABASE_URL");
}

const char *tow_db_direct_url(struct tow_arena *a, const char *direct, const char *database)
{
	if (direct && *direct)
		return tow_strdup(a, direct);
	return (database && *database) || !setting("TOW_DIRECT_URL")
		       ? NULL
		       : tow_strdup(a, setting("TOW_DIRECT_URL"));
}

/* Whether there is an instance whose address cannot be read; why is its reason. */
static bool fail_address(struct tow_arena *a, const struct tow_err *why, struct tow_err *e)
{
	if (strcmp(why->class, "fs.ENOENT") == 0 &&
	    !tow_fs_exists(tow_fmt(a, "%s/pg", tow_home(a))))
		return false;
	tow_fail_class(e, TOW_RETRY, "08001", "%s", why->text);
	(void)tow_hint(e, "tow db start writes it anew, also where the database runs; or name "
			  "another with --database or DATABASE_URL");
	return true;
}

bool tow_db_find(struct tow_arena *a, const char **url, struct tow_err *e)
{
	struct tow_err why = { 0 };
	*url = NULL;
	if (environment_names_a_database() || private_cluster(a, url, &why))
		return true;
	*url = NULL;
	if (fail_address(a, &why, e))
		return false;
	if (!setting("TOW_HOME"))
		return true;
	tow_fail_class(e, TOW_RETRY, "08001", "there is no instance in '%s'", tow_home(a));
	return tow_hint(e, "tow up makes one; another server is named by --database or "
			   "DATABASE_URL");
}

const char *tow_db_url(struct tow_arena *a, const char *option)
{
	if (option && *option)
		return tow_strdup(a, option);
	if (setting("DATABASE_URL"))
		return tow_strdup(a, setting("DATABASE_URL"));
	const char *url;
	return tow_db_find(a, &url, NULL) ? url : NULL;
}
