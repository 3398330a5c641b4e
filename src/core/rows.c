/* Rows: libpq's result under another name. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "tow/db.h"

static const PGresult *in(const struct tow_rows *r)
{
	return (const PGresult *)r;
}

size_t tow_rows_count(const struct tow_rows *r)
{
	return (size_t)PQntuples(in(r));
}

size_t tow_rows_width(const struct tow_rows *r)
{
	return (size_t)PQnfields(in(r));
}

const char *tow_rows_name(const struct tow_rows *r, size_t column)
{
	return PQfname(in(r), (int)column);
}

/* Type oids of pg_type.dat, which never change. */
enum type {
	T_BOOL = 16,
	T_INT8 = 20,
	T_INT2 = 21,
	T_INT4 = 23,
	T_OID = 26,
	T_JSON = 114,
	T_FLOAT4 = 700,
	T_FLOAT8 = 701,
	T_NAME_ARRAY = 1003,
	T_TEXT_ARRAY = 1009,
	T_INT8_ARRAY = 1016,
	T_TIMESTAMPTZ = 1184,
	T_INTERVAL_ARRAY = 1187,
	T_NUMERIC = 1700,
	T_JSONB = 3802,
};

bool tow_rows_is_number(const struct tow_rows *r, size_t column)
{
	Oid t = PQftype(in(r), (int)column);
	return t == T_INT8 || t == T_INT2 || t == T_INT4 || t == T_OID || t == T_FLOAT4 ||
	       t == T_FLOAT8 || t == T_NUMERIC;
}

bool tow_rows_is_json(const struct tow_rows *r, size_t column)
{
	Oid t = PQftype(in(r), (int)column);
	return t == T_JSON || t == T_JSONB;
}

bool tow_rows_is_bool(const struct tow_rows *r, size_t column)
{
	return PQftype(in(r), (int)column) == T_BOOL;
}

bool tow_rows_is_instant(const struct tow_rows *r, size_t column)
{
	return PQftype(in(r), (int)column) == T_TIMESTAMPTZ;
}

bool tow_rows_is_list(const struct tow_rows *r, size_t column)
{
	Oid t = PQftype(in(r), (int)column);
	return t == T_TEXT_ARRAY || t == T_NAME_ARRAY || t == T_INTERVAL_ARRAY;
}

bool tow_rows_is_numbers(const struct tow_rows *r, size_t column)
{
	return PQftype(in(r), (int)column) == T_INT8_ARRAY;
}

const char *tow_rows_at(const struct tow_rows *r, size_t row, size_t column)
{
	if (row >= tow_rows_count(r) || column >= tow_rows_width(r) ||
	    PQgetisnull(in(r), (int)row, (int)column))
		return NULL;
	return PQgetvalue(in(r), (int)row, (int)column);
}

/* Not PQfnumber, which folds case in a copy at every call. */
const char *tow_rows_get(const struct tow_rows *r, size_t row, const char *name)
{
	size_t width = tow_rows_width(r);
	for (size_t column = 0; column < width; column++)
		if (strcmp(tow_rows_name(r, column), name) == 0)
			return tow_rows_at(r, row, column);
	return NULL;
}

long long tow_rows_int(const struct tow_rows *r, size_t row, const char *name)
{
	const char *s = tow_rows_get(r, row, name);
	return s ? strtoll(s, NULL, 10) : 0;
}

void tow_rows_free(struct tow_rows *r)
{
	PQclear((PGresult *)r);
}

void tow_rows_freep(struct tow_rows **r)
{
	tow_rows_free(*r);
	*r = NULL;
}
