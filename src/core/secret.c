#include "tow/secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tow/db.h"
#include "tow/fs.h"

bool tow_secret_is_name(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= 64 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		       len;
}

static bool bad_name(const char *name, struct tow_err *e)
{
	tow_fail_class(e, TOW_FINAL, "secret", "bad name of a secret: '%.80s'", name);
	return tow_hint(e, "use 1 to 64 letters, digits, and any of _ . -");
}

static const char *own_path(struct tow_arena *a, const char *name)
{
	return tow_fmt(a, "%s/secrets/%s", tow_home(a), name);
}

static const char *path_of(struct tow_arena *a, const char *name)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	const char *path = credentials ? tow_fmt(a, "%s/%s", credentials, name) : NULL;

	return path && tow_fs_exists(path) ? path : own_path(a, name);
}

static const char *name_in(const char *reference)
{
	return strncmp(reference, "secret:", 7) == 0 ? reference + 7 : "";
}

bool tow_secret_read(struct tow_arena *a, const char *reference, char **text, struct tow_err *e)
{
	const char *name = name_in(reference);
	size_t len;

	if (!tow_secret_is_name(name))
		return bad_name(reference, e);
	if (!tow_fs_read(a, path_of(a, name), text, &len, NULL)) {
		tow_fail_class(e, TOW_FINAL, "secret", "the worker cannot read the secret '%s'",
			       name);
		return tow_hint(e, "on the worker's host: tow secret set %s", name);
	}
	while (len > 0 && strchr("\r\n", (*text)[len - 1]))
		(*text)[--len] = '\0';
	return true;
}

/* systemd's are looked after by systemd, which may give them a group. */
bool tow_secret_is_open(struct tow_arena *a, const char *reference)
{
	const char *path = path_of(a, name_in(reference));
	struct stat st;

	return strcmp(path, own_path(a, name_in(reference))) == 0 && stat(path, &st) == 0 &&
	       (st.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

bool tow_secret_write(const char *name, const void *data, size_t len, struct tow_err *e)
{
	TOW_AUTO_ARENA a = { 0 };
	const char *folder = tow_fmt(&a, "%s/secrets", tow_home(&a));

	if (!tow_secret_is_name(name))
		return bad_name(name, e);
	return tow_fs_mkdirs(folder, 0700, e) &&
	       tow_fs_write(tow_fmt(&a, "%s/%s", folder, name), data, len, 0600, e);
}

/* One of a letter or two is in every text, and no secret. */
void tow_secret_hush(struct tow_err *e, const char *secret)
{
	size_t n = secret ? strlen(secret) : 0;

	for (char *at = e->text; n > 2 && (at = strstr(at, secret)); at += 3) {
		memset(at, '*', 3);
		memmove(at + 3, at + n, strlen(at + n) + 1);
	}
}
