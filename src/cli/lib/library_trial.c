/* tow library test: whether a library's folder takes files, from this host and as this user. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "trial.h"

const char *library_folder_wrong(struct tow_arena *a, const char *root, const char **hint)
{
	const char *why, *inside = tow_fmt(a, "%s/.tow-test.%d", root, getpid());
	struct stat s;

	*hint = "its files are placed by the workers of queue haul: on their hosts it must be "
		"there";
	if (stat(root, &s) != 0)
		return tow_fmt(a,
			       errno == ENOENT
				       ? "%s is not on this host, and imports do not make it"
				       : "%s is not to be reached from here: %s",
			       root, strerror(errno));
	if (!S_ISDIR(s.st_mode))
		return tow_fmt(a, "%s is no folder", root);
	if (mkdir(inside, 0700) == 0 && rmdir(inside) == 0)
		return NULL;
	why = strerror(errno); /* before anything else is called */
	*hint = tow_fmt(a,
			"the user that the workers run as must be able to write there; here "
			"that is number %u",
			(unsigned)geteuid());
	return tow_fmt(a, "%s cannot be written: %s", root, why);
}

int library_trial(struct cli *c)
{
	struct health h = { .c = c };
	TOW_AUTO_ROWS *rows = NULL;
	const char *root, *detail, *hint;
	struct statvfs v;

	if (!tow_call(c->db, &rows, &c->err, "haul.library", cli_operand(c, 0)))
		return cli_failed(c);
	root = tow_rows_get(rows, 0, "root");
	detail = library_folder_wrong(&c->arena, root, &hint);
	if (detail)
		health_add(&h, "folder", "bad", detail, hint);
	else
		health_add(&h, "folder", "ok",
			   tow_fmt(&c->arena, "%s is here, and can be written", root), NULL);
	if (!detail && statvfs(root, &v) == 0)
		health_add(&h, "space", "ok",
			   tow_fmt(&c->arena, "%s free",
				   trial_size(&c->arena,
					      (long long)v.f_bavail * (long long)v.f_frsize)),
			   NULL);
	return health_print(&h);
}
