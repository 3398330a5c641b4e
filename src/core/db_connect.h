/* From an address to a connection of libpq's, or to why there is none. */
#ifndef TOW_CORE_DB_CONNECT_H
#define TOW_CORE_DB_CONNECT_H

#include "tow/err.h"

struct pg_conn;

/* Waits until we are let in. */
TOW_MUST bool db_connect(struct pg_conn **pg, const char *url, const char *application,
			 struct tow_err *e);
/* Begins it; whoever has it asks libpq to go on. named: by an address, not by the environment
 * alone. */
TOW_MUST bool db_connect_begin(struct pg_conn **pg, bool *named, const char *url,
			       const char *application, struct tow_err *e);
/* Of one that was begun, and came to nothing. False. */
bool db_connect_failed(const struct pg_conn *pg, bool named, struct tow_err *e);

/* As long as connecting may take, as the address or we have it; 0: any time. */
int db_connect_patience_ms(struct pg_conn *pg);

#endif
