/* Where Towpath lives on this machine, and with that the database's address. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "home.h"
#include "tow/db.h"
#include "tow/fs.h"

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

/* `tow db start` writes it. False: it is there, and cannot be read. */
static bool read_url(struct tow_arena *a, const char **url, struct tow_err *e)
{
	char *text;
	*url = NULL;
	if (!tow_fs_read(a, tow_fmt(a, "%s/url", tow_home(a)), &text, NULL, e))
		return strcmp(e->class, "fs.ENOENT") == 0 || strcmp(e->class, "fs.ENOTDIR") == 0;
	text += strspn(text, " \t\r\n");
	text[strcspn(text, "\r\n")] = '\0';
	*url = text;
	return true;
}

/* "": the file of its address is there, and has none. */
static const char *private_cluster(struct tow_arena *a)
{
	struct tow_err e = { 0 };
	const char *url;
	return read_url(a, &url, &e) ? url : "";
}

bool home_fail_url(struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	struct tow_err why = { 0 };
	const char *url;
	if (read_url(&a, &url, &why))
		tow_fail(&why, TOW_FINAL, "there is no address in '%s/url'", tow_home(&a));
	tow_fail_class(e, TOW_FINAL, "08001", "%s", why.text);
	return tow_hint(e, "tow db start writes it anew, also where the database runs; or name "
			   "another with --database or DATABASE_URL");
}

bool home_has_server(const char *host)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *url = private_cluster(&a);
	return url && strstr(url, tow_fmt(&a, "host=%s&", host));
}

bool home_is_meant(void)
{
	return !environment_names_a_database();
}

const char *tow_db_direct_url(struct tow_arena *a, const char *direct, const char *database)
{
	if (direct && *direct)
		return tow_strdup(a, direct);
	return (database && *database) || !setting("TOW_DIRECT_URL")
		       ? NULL
		       : tow_strdup(a, setting("TOW_DIRECT_URL"));
}

const char *tow_db_url(struct tow_arena *a, const char *option)
{
	if (option && *option)
		return tow_strdup(a, option);
	if (setting("DATABASE_URL"))
		return tow_strdup(a, setting("DATABASE_URL"));
	return environment_names_a_database() ? NULL : private_cluster(a);
}
