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

bool page_listen(struct tow_arena *a, const char *home, const char *wanted, int *fd,
		 const char **address, struct tow_err *e)
{
	const char *at = wanted ? wanted : USUAL;
	bool open = tow_listen(a, at, fd, e);
	if (!open && !wanted && strcmp(e->class, "taken") == 0) {
		*e = (struct tow_err){ 0 };
		at = "127.0.0.1:0";
		open = tow_listen(a, at, fd, e);
	}
	if (!open)
		return false;
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
