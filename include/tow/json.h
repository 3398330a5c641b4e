/* JSON, read and written. A document belongs to whoever parsed or made it; parts of it are
 * borrowed. */
#ifndef TOW_JSON_H
#define TOW_JSON_H

#include <stddef.h>

#include "tow/err.h"
#include "tow/mem.h"

struct tow_json; /* any JSON value */

/* Class bytes, not json, where it fails for what is no text, or holds a NUL. */
TOW_MUST bool tow_json_parse(struct tow_json **doc, const char *text, size_t len,
			     struct tow_err *e);
void tow_json_free(struct tow_json *doc);
void tow_json_freep(struct tow_json **doc);
#define TOW_AUTO_JSON __attribute__((cleanup(tow_json_freep))) struct tow_json

/* Reading: a missing member or one of another type gives the fallback. NULL stands for "not there"
 * throughout. */
const struct tow_json *tow_json_get(const struct tow_json *object, const char *member);
const char *tow_json_str(const struct tow_json *object, const char *member, const char *fallback);
/* A copy; NULL where it is no text, or empty. */
const char *tow_json_dup(struct tow_arena *a, const struct tow_json *object, const char *member);
long long tow_json_int(const struct tow_json *object, const char *member, long long fallback);
double tow_json_num(const struct tow_json *object, const char *member, double fallback);
bool tow_json_bool(const struct tow_json *object, const char *member, bool fallback);
bool tow_json_is_object(const struct tow_json *v);
bool tow_json_is_array(const struct tow_json *v);
const char *tow_json_text(const struct tow_json *v); /* the string itself, NULL if it is not one */
size_t tow_json_len(const struct tow_json *array);
const struct tow_json *tow_json_at(const struct tow_json *array, size_t i);
/* Walk an object: start with iter NULL; returns the next member's value and name, NULL at the end.
 */
const struct tow_json *tow_json_next(const struct tow_json *object, void **iter, const char **name);

/* What changes says replaces what doc says, member by member, all the way down. */
void tow_json_merge(struct tow_json *doc, const struct tow_json *changes);
void tow_json_drop(struct tow_json *object, const char *member);
struct tow_json *tow_json_own(const struct tow_json *part); /* a copy, to be freed */

char *tow_json_dump(struct tow_arena *a, const struct tow_json *v); /* compact */

/* Writing text: appends a quoted string, invalid UTF-8 and NUL bytes escaped so that PostgreSQL
 * accepts it (a NUL becomes U+2400, a bad byte U+FFFD). len may hold any bytes. */
void tow_json_quote(struct tow_buf *out, const char *s, size_t len);
/* Likewise a member of an object that has been begun: "name": "value"; NULL: null. */
void tow_json_member(struct tow_buf *out, const char *name, const char *value);

#endif
