/* What a SQLSTATE means for the caller. */
#ifndef TOW_CORE_SQLSTATE_H
#define TOW_CORE_SQLSTATE_H

#include "tow/err.h"

/* May the same call be repeated? alive: the connection survived it. */
enum tow_code sqlstate_code(const char *sqlstate, bool alive);

/* What to do when a connection could not be made; sqlstate is "" when no server answered. */
const char *sqlstate_connect_hint(const char *sqlstate);

/* What to do when a statement could not be prepared, beyond what the server says; NULL for nothing.
 */
const char *sqlstate_prepare_hint(const char *sqlstate);

#endif
