/* What a SQLSTATE means for the caller. */
#ifndef TOW_CORE_SQLSTATE_H
#define TOW_CORE_SQLSTATE_H

#include <stddef.h>

#include "tow/err.h"

/* May the same call be repeated? alive: the connection survived it. */
enum tow_code sqlstate_code(const char *sqlstate, bool alive);

/* Whom a connection was for, and where. */
struct meant {
	const char *user, *database, *host, *port;
	bool named; /* by an address, not by the environment alone */
};

/* What to do when it could not be made, of which libpq said this; sqlstate is "" when no server
 * answered. False, as tow_hint is. */
bool sqlstate_hint_connect(const char *sqlstate, const char *said, const struct meant *m,
			   struct tow_err *e);

/* libpq's message about a connection that could not be made: did a server speak in it, and if it is
 * a verbose one, with which SQLSTATE ("" for none)? */
bool sqlstate_server_spoke(const char *message);
void sqlstate_in_message(const char *message, char sqlstate[6]);

/* Such a message in one line, without the lines that only ask whether the server runs. */
void sqlstate_one_line(char *out, size_t size, const char *message);

/* What to do when a statement could not be prepared, beyond what the server says; NULL for nothing.
 */
const char *sqlstate_prepare_hint(const char *sqlstate);

#endif
