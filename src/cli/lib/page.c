#include "page.h"

#include <string.h>

#include "tow/db.h"
#include "tow/fs.h"
#include "tow/listen.h"

#define USUAL "127.0.0.1:7077"

static const char *written_in(struct tow_arena *a, const char *home)
{
	return tow_fmt(a, "%s/page", home);
}

/* "127.0.0.1:36863", of "http://127.0.0.1:36863/"; so that a page that is open finds us again. */
static const char *last_time(struct tow_arena *a, const char *home)
{
	static const char start[] = "http://127.0.0.1:";
	char *found = NULL;
	size_t len;
	if (!tow_fs_read(a, written_in(a, home), &found, &len, NULL) ||
	    strncmp(found, start, sizeof start - 1) != 0)
		return USUAL;
	return tow_fmt(a, "127.0.0.1:%.5s",
		       tow_strndup(a, found + sizeof start - 1,
				   strspn(found + sizeof start - 1, "0123456789")));
}

bool page_listen(struct tow_arena *a, const char *home, const char *wanted, int *fd,
		 const char **address, const char **taken, struct tow_err *e)
{
	const char *const tries[] = { wanted ? wanted : last_time(a, home), USUAL, "127.0.0.1:0" };
	const char *at = NULL;

	*taken = NULL;
	for (size_t i = 0; i < (wanted ? 1 : sizeof tries / sizeof *tries) && !at; i++)
		if (tow_listen(a, tries[i], fd, e))
			at = tries[i];
		else if (strcmp(e->class, "taken") != 0)
			return false;
		else if (!*taken)
			*taken = tries[i];
	if (!at)
		return false;
	*e = (struct tow_err){ 0 };
	*address = tow_fmt(a, "http://%.*s:%d/", (int)(strrchr(at, ':') - at), at,
			   tow_listen_port(*fd));
	return tow_fs_write(written_in(a, home), *address, strlen(*address), 0644, e);
}

const char *page_address(struct tow_arena *a, const char *wanted)
{
	char *found = NULL;
	size_t len;
	if (wanted && *wanted)
		return wanted[strlen(wanted) - 1] == '/' ? wanted : tow_fmt(a, "%s/", wanted);
	return tow_fs_read(a, written_in(a, tow_home(a)), &found, &len, NULL) ? found
									      : "http://" USUAL "/";
}
