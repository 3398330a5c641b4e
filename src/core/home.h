/* The private cluster under $TOW_HOME. */
#ifndef TOW_CORE_HOME_H
#define TOW_CORE_HOME_H

#include "tow/err.h"

/* Whether its server is at this socket. */
bool home_has_server(const char *host);

/* What to do where it is not running. False, as tow_hint is. */
bool home_hint_down(struct tow_err *e);

/* Of an address that says nothing: that the environment says nothing either. */
bool home_is_meant(void);

/* Such a one, without an instance: says of what libpq went to instead that nobody named it. */
bool home_blame(struct tow_err *e);

#endif
