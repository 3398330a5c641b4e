#include "tow/json.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* A struct tow_json is jansson's value under another name. */
static const json_t *in(const struct tow_json *v)
{
	return (const json_t *)v;
}

static const struct tow_json *out(const json_t *v)
{
	return (const struct tow_json *)v;
}

/* Bytes that are no text, or text that PostgreSQL cannot keep, are another matter than bad JSON. */
static const char *class_of(const json_error_t *error)
{
	enum json_error_code code = json_error_code(error);
	bool bytes = code == json_error_invalid_utf8 || code == json_error_null_character ||
		     code == json_error_null_byte_in_key;

	return bytes ? "bytes" : "json";
}

/* An integer beyond 64 bits is legal JSON (PostgreSQL's numeric writes them): then numbers are
 * read as doubles rather than the document refused. */
bool tow_json_parse(struct tow_json **doc, const char *text, size_t len, struct tow_err *e)
{
	json_error_t error;
	json_t *v = json_loadb(text, len, JSON_DECODE_ANY, &error);
	if (!v && json_error_code(&error) == json_error_numeric_overflow)
		v = json_loadb(text, len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
	if (!v)
		return tow_fail_class(e, TOW_FINAL, class_of(&error),
				      "bad JSON at line %d, column %d: %s", error.line,
				      error.column, error.text);
	*doc = (struct tow_json *)v;
	return true;
}

void tow_json_free(struct tow_json *doc)
{
	json_decref((json_t *)doc);
}

void tow_json_freep(struct tow_json **doc)
{
	tow_json_free(*doc);
	*doc = NULL;
}

const struct tow_json *tow_json_get(const struct tow_json *object, const char *member)
{
	return out(json_object_get(in(object), member));
}

/* Casts away const of what jansson takes as its own counted values. */
static json_t *counted(const struct tow_json *v)
{
	return (json_t *)(uintptr_t)v;
}

void tow_json_merge(struct tow_json *doc, const struct tow_json *changes)
{
	if (json_object_update_recursive((json_t *)doc, counted(changes)) != 0)
		abort();
}

void tow_json_drop(struct tow_json *object, const char *member)
{
	json_object_del((json_t *)object, member);
}

struct tow_json *tow_json_own(const struct tow_json *part)
{
	json_t *copy = json_deep_copy(in(part));

	if (!copy)
		abort();
	return (struct tow_json *)copy;
}

const char *tow_json_str(const struct tow_json *object, const char *member, const char *fallback)
{
	const char *s = tow_json_text(tow_json_get(object, member));
	return s ? s : fallback;
}

/* A double that is a whole number counts as an integer: not every program writes 3 as 3. */
const char *tow_json_dup(struct tow_arena *a, const struct tow_json *object, const char *member)
{
	const char *text = tow_json_str(object, member, "");

	return *text ? tow_strdup(a, text) : NULL;
}

long long tow_json_int(const struct tow_json *object, const char *member, long long fallback)
{
	const json_t *v = in(tow_json_get(object, member));
	if (json_is_integer(v))
		return json_integer_value(v);
	double d = json_real_value(v);
	if (json_is_real(v) && d >= -9223372036854775808.0 && d < 9223372036854775808.0 &&
	    d == trunc(d))
		return (long long)d;
	return fallback;
}

double tow_json_num(const struct tow_json *object, const char *member, double fallback)
{
	const json_t *v = in(tow_json_get(object, member));
	return json_is_number(v) ? json_number_value(v) : fallback;
}

bool tow_json_bool(const struct tow_json *object, const char *member, bool fallback)
{
	const json_t *v = in(tow_json_get(object, member));
	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

bool tow_json_is_object(const struct tow_json *v)
{
	return json_is_object(in(v));
}

bool tow_json_is_array(const struct tow_json *v)
{
	return json_is_array(in(v));
}

const char *tow_json_text(const struct tow_json *v)
{
	return json_string_value(in(v));
}

size_t tow_json_len(const struct tow_json *array)
{
	return json_array_size(in(array));
}

const struct tow_json *tow_json_at(const struct tow_json *array, size_t i)
{
	return out(json_array_get(in(array), i));
}

const struct tow_json *tow_json_next(const struct tow_json *object, void **iter, const char **name)
{
	json_t *o = (json_t *)object;
	*iter = *iter ? json_object_iter_next(o, *iter) : json_object_iter(o);
	if (!*iter)
		return NULL;
	*name = json_object_iter_key(*iter);
	return out(json_object_iter_value(*iter));
}

char *tow_json_dump(struct tow_arena *a, const struct tow_json *v)
{
	const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
	if (!v)
		return tow_strdup(a, "null");
	size_t size = json_dumpb(in(v), NULL, 0, flags);
	char *text = tow_alloc(a, size + 1);
	json_dumpb(in(v), text, size, flags);
	return text;
}

static void quote_ascii(struct tow_buf *b, char c)
{
	static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	for (const char *l = letters; *l; l += 2) {
		if (*l == c) {
			tow_buf_addc(b, '\\');
			tow_buf_addc(b, l[1]);
			return;
		}
	}
	if (c == '\0')
		tow_buf_adds(b, "\u2400");
	else if ((unsigned char)c < 0x20 || c == 0x7f)
		tow_buf_addf(b, "\\u%04x", (unsigned)c);
	else
		tow_buf_addc(b, c);
}

void tow_json_quote(struct tow_buf *b, const char *s, size_t len)
{
	tow_buf_addc(b, '"');
	for (size_t i = 0; i < len;) {
		size_t n = utf8_len((const unsigned char *)s + i, len - i);
		if (n == 0)
			tow_buf_adds(b, "\uFFFD");
		else if (n == 1)
			quote_ascii(b, s[i]);
		else
			tow_buf_add(b, s + i, n);
		i += n ? n : 1;
	}
	tow_buf_addc(b, '"');
}

void tow_json_member(struct tow_buf *b, const char *name, const char *value)
{
	tow_buf_addf(b, "%s\"%s\": ", b->data[b->len - 1] == '{' ? "" : ", ", name);
	if (value)
		tow_json_quote(b, value, strlen(value));
	else
		tow_buf_adds(b, "null");
}
