/* Bringing a database to this program's schema. What is to be done is decided in SQL (schema file
 * 0000, which is run first); this runs files, each part in its transaction. Safe beside running
 * workers and other migrations. */
#ifndef TOW_CLI_MIGRATION_H
#define TOW_CLI_MIGRATION_H

#include <stddef.h>

#include "tow/db.h"
#include "tow/err.h"
#include "tow/mem.h"

struct migration {
	struct tow_arena *arena;
	struct tow_db *db;
	const char *from; /* a folder with sql/ in it, instead of the files built in; NULL: those */
	void (*say)(const char *); /* called with each thing done, or that would be done */
	/* Results. */
	size_t changes;	   /* 0: it was up to date */
	const char *owner; /* the role that everything belongs to */
};

/* Brings the database up to date. */
TOW_MUST bool migration_run(struct migration *m, struct tow_err *e);

/* Says what migration_run would do, counts it, and changes nothing. */
TOW_MUST bool migration_look(struct migration *m, struct tow_err *e);

#endif
