/* The files of a folder's sql/, as the table that is otherwise built in. */
#ifndef TOW_CLI_SQLFOLDER_H
#define TOW_CLI_SQLFOLDER_H

#include "tow/err.h"
#include "tow/mem.h"
#include "tow/sqlfiles.h"

/* Sorted by path, as the built-in ones; path is NULL at the end. */
TOW_MUST bool sqlfolder_read(struct tow_arena *a, const char *folder,
			     const struct tow_sql_file **files, struct tow_err *e);

#endif
