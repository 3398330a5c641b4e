#include "hub.h"
#include <unistd.h>
bool hub_hand(int hub, int connection, const struct hub_guest *guest, const void *early, size_t len,
	      struct tow_err *e)
{
	(void)hub;
	(void)connection;
	(void)guest;
	(void)early;
	(void)len;
	return tow_fail(e, TOW_BUG, "stub");
}
int hub_run(const struct hub *h)
{
	(void)h;
	pause();
	return 0;
}
