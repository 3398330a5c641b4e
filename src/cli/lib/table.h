/* Rows for people and for programs. For people: aligned columns, numbers on the right, times
 * relative to the database's clock, cut to the width of a terminal and of a terminal only. For
 * programs: an array of JSON objects with every column as it is. */
#ifndef TOW_CLI_TABLE_H
#define TOW_CLI_TABLE_H

#include <stdio.h>

#include "tow/db.h"
#include "tow/mem.h"

enum column_as {
	AS_IS,
	AS_STATE,    /* coloured by what it says */
	AS_WHEN,     /* a time: "3 s ago" */
	AS_DURATION, /* an interval: "2 h 5 min" */
	AS_PERCENT,
	AS_BYTES,   /* "1.5 GB" */
	AS_RATE,    /* "2.1 MB/s" */
	AS_PACE,    /* of jobs a second: "5/s", "100/min" */
	AS_LIST,    /* an array without its braces */
	AS_YES,	    /* a boolean: yes or no */
	AS_IF_ANY,  /* as it is; the column is left out when no row has one */
	AS_COUNTED, /* "10000+" where the row's column more names it: there are others */
};

struct column {
	const char *name;  /* the rows' column; NULL ends a table of columns */
	const char *title; /* NULL: as the name, in capitals */
	enum column_as as;
};
#define COLUMN_END                \
	{                         \
		NULL, NULL, AS_IS \
	}

/* now: from when_now(). Prints the titles even when there are no rows. */
void table_print(FILE *f, const struct tow_rows *rows, const struct column *columns, long long now);

/* One value as a cell shows it; "" for null. */
const char *table_cell(struct tow_arena *a, const struct tow_rows *rows, size_t row,
		       const struct column *c, long long now);

/* [{"id": 1, ...}, ...], a row a line. */
void table_json(FILE *f, const struct tow_rows *rows);
/* One row as one object on one line. */
void table_json_row(FILE *f, const struct tow_rows *rows, size_t row);
/* The same with the number of the job that it is about before its columns, which lack it. */
void table_json_row_of(FILE *f, const char *name, const char *id, const struct tow_rows *rows,
		       size_t row);

#endif
