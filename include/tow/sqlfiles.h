/* The files of sql/, embedded in the program so that `tow migrate` needs nothing beside it.
 * Generated at build time. */
#ifndef TOW_SQLFILES_H
#define TOW_SQLFILES_H

#include <stddef.h>

struct tow_sql_file {
	const char *path; /* "sql/tow/schema/0001_name.sql" */
	const char *text; /* followed by a NUL that len does not count */
	size_t len;
};

/* sql/<area>/schema/<name>.sql and sql/<area>/code/<name>.sql, sorted by path (bytewise); path is
 * NULL at the end. */
extern const struct tow_sql_file tow_sql_files[];

#endif
