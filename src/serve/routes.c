#include "routes.h"

#include <ctype.h>
#include <string.h>

#include "tow/json.h"

bool routes_load(struct routes *r, struct tow_db *db, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!tow_db_view(db, &rows, e, "tow.routes"))
		return tow_wrap(e, "read the routes");
	tow_arena_reset(&r->arena);
	r->n = tow_rows_count(rows);
	r->of = tow_alloc(&r->arena, r->n * sizeof *r->of);
	r->newest = 0;
	for (size_t i = 0; i < r->n; i++) {
		long long id = tow_rows_int(rows, i, "id");
		r->of[i] = (struct route){
			.id = tow_strdup(&r->arena, tow_rows_get(rows, i, "id")),
			.method = tow_strdup(&r->arena, tow_rows_get(rows, i, "method")),
			.path = tow_strdup(&r->arena, tow_rows_get(rows, i, "path")),
		};
		r->newest = id > r->newest ? id : r->newest;
	}
	return true;
}

static int hex(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
					    : -1;
}

/* What %XX and, in a query, + stand for. NULL: it is escaped wrongly, or holds a NUL. */
static char *unescape(struct tow_arena *a, const char *text, size_t len, bool plus)
{
	char *out = tow_alloc(a, len + 1), *to = out;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '%') {
			if (i + 2 >= len || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0)
				return NULL;
			c = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c == '\0')
			return NULL;
		*to++ = c;
	}
	return out;
}

static void begin_member(struct tow_buf *given, const char *name, size_t len)
{
	if (given->len)
		tow_buf_addc(given, ',');
	tow_json_quote(given, name, len);
	tow_buf_addc(given, ':');
}

/* One step of a path: the same word, or {name}, which stands for anything. */
static bool step(struct tow_arena *a, const char **want, const char **have, struct tow_buf *given)
{
	size_t w = strcspn(*want, "/"), n = strcspn(*have, "/");
	if (**want == '{') {
		const char *value = unescape(a, *have, n, false);
		if (!value || !*value)
			return false;
		begin_member(given, *want + 1, w - 2);
		tow_json_quote(given, value, strlen(value));
	} else if (w != n || strncmp(*want, *have, w) != 0) {
		return false;
	}
	*want += w;
	*have += n;
	return true;
}

static bool fits(struct tow_arena *a, const char *want, const char *have, struct tow_buf *given)
{
	while (*want == '/' && *have == '/') {
		want++;
		have++;
		if (!step(a, &want, &have, given))
			return false;
	}
	return !*want && !*have;
}

const struct route *routes_find(const struct routes *r, struct tow_arena *a, const char *method,
				const char *path, struct tow_buf *given, const char **methods)
{
	*methods = "";
	for (size_t i = 0; i < r->n; i++) {
		const struct route *o = &r->of[i];
		tow_buf_reset(given);
		if (!fits(a, o->path, path, given))
			continue;
		if (strcmp(o->method, method) == 0)
			return o;
		*methods = tow_fmt(a, "%s%s%s", *methods, **methods ? ", " : "", o->method);
	}
	return NULL;
}

/* --- queries */

struct pair {
	char *name, *value;
	bool told;
};

static size_t split(struct tow_arena *a, const char *query, struct pair *pairs)
{
	size_t n = 0;
	while (*query) {
		size_t len = strcspn(query, "&"), name = strcspn(query, "=&");
		if (len > 0) {
			const char *value = query + name + (name < len);
			pairs[n++] = (struct pair){
				.name = unescape(a, query, name, true),
				.value = unescape(a, value, (size_t)(query + len - value), true),
			};
		}
		query += len + (query[len] == '&');
	}
	return n;
}

static void tell(struct pair *pairs, size_t n, size_t first, struct tow_buf *given)
{
	size_t told = 0, all = 0;
	for (size_t i = first; i < n; i++)
		all += strcmp(pairs[i].name, pairs[first].name) == 0;
	begin_member(given, pairs[first].name, strlen(pairs[first].name));
	if (all > 1)
		tow_buf_addc(given, '[');
	for (size_t i = first; i < n; i++) {
		if (strcmp(pairs[i].name, pairs[first].name) != 0)
			continue;
		if (told++)
			tow_buf_addc(given, ',');
		tow_json_quote(given, pairs[i].value, strlen(pairs[i].value));
		pairs[i].told = true;
	}
	if (all > 1)
		tow_buf_addc(given, ']');
}

bool routes_query(struct tow_arena *a, const char *query, struct tow_buf *given)
{
	enum { MOST = 100 };
	struct pair pairs[MOST];
	size_t n = 1;
	for (const char *p = query; *p; p++)
		n += *p == '&';
	if (n > MOST)
		return false;
	n = split(a, query, pairs);
	for (size_t i = 0; i < n; i++)
		if (!pairs[i].name || !pairs[i].value)
			return false;
	for (size_t i = 0; i < n; i++)
		if (!pairs[i].told)
			tell(pairs, n, i, given);
	return true;
}

/* Of two members of a name the last one counts. */
const char *routes_given(struct tow_arena *a, const struct tow_buf *query,
			 const struct tow_buf *path)
{
	return tow_fmt(a, "{%s%s%s}", query->len ? query->data : "",
		       query->len && path->len ? "," : "", path->len ? path->data : "");
}
