/* What the database is told of the drivers that this program has, so that pages can offer them. */
#ifndef TOW_CLI_DRIVERS_H
#define TOW_CLI_DRIVERS_H

#include "tow/db.h"
#include "tow/err.h"

TOW_MUST bool drivers_publish(struct tow_db *db, struct tow_err *e);

#endif
