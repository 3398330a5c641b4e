#include "tow/client.h"

#include <stdlib.h>
#include <string.h>

const struct tow_client_driver *tow_client_driver(const char *name)
{
	for (const struct tow_client_driver *const *d = tow_client_drivers; *d; d++)
		if (strcmp((*d)->name, name) == 0)
			return *d;
	return NULL;
}

bool tow_client_open(struct tow_client *c, const struct tow_client_driver *driver,
		     const struct tow_client_conf *conf, struct tow_err *e)
{
	*c = (struct tow_client){ .driver = driver, .conf = conf };
	c->own = driver->own_size ? tow_xcalloc(1, driver->own_size) : NULL;
	return tow_http_open(&c->http, e);
}

void tow_client_close(struct tow_client *c)
{
	if (c->driver && c->driver->close)
		c->driver->close(c);
	tow_http_close(c->http);
	free(c->own);
	*c = (struct tow_client){ 0 };
}
