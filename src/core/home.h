/* The private cluster under $TOW_HOME. */
#ifndef TOW_CORE_HOME_H
#define TOW_CORE_HOME_H

#include <stdbool.h>

#include "tow/err.h"

/* Whether its server is at this socket. */
bool home_has_server(const char *host);

/* Of an empty address, which says that the file of the private cluster's has none: why. False. */
bool home_fail_url(struct tow_err *e);

/* Of an address that says nothing: that the environment says nothing either. */
bool home_is_meant(void);

#endif
