#include "bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "tow/json.h"

enum { CHUNK = 1000, CHUNK_BYTES = 4 << 20 };

struct chunk {
	struct tow_buf array; /* {"...","..."} without its end */
	size_t n, first;      /* lines in it, and the number of the first */
};

static void add(struct chunk *k, const char *line, size_t len)
{
	tow_buf_adds(&k->array, k->n++ ? ",\"" : "{\"");
	for (size_t i = 0; i < len; i++) {
		if (line[i] == '"' || line[i] == '\\')
			tow_buf_addc(&k->array, '\\');
		tow_buf_addc(&k->array, line[i]);
	}
	tow_buf_addc(&k->array, '"');
}

static void print_ids(const struct cli *c, const struct tow_rows *ids)
{
	for (size_t i = 0; i < tow_rows_count(ids); i++)
		printf(cli_has(c, "json") ? "{\"id\": %s}\n" : "%s\n", tow_rows_at(ids, i, 0));
}

static bool flush_chunk(struct cli *c, const struct cli_call *common, struct chunk *k)
{
	TOW_AUTO_ROWS *ids = NULL;
	struct cli_call call = *common;
	if (k->n == 0)
		return true;
	tow_buf_addc(&k->array, '}');
	cli_arg(&call, "args", k->array.data);
	if (!cli_call(c, &ids, "tow.enqueue_many", &call)) {
		tow_wrap(&c->err, "lines %zu to %zu", k->first, k->first + k->n - 1);
		return false;
	}
	print_ids(c, ids);
	k->first += k->n;
	k->n = 0;
	tow_buf_reset(&k->array);
	return true;
}

static bool check_line(struct cli *c, const char *line, size_t len, size_t number)
{
	TOW_AUTO_JSON *parsed = NULL;
	return tow_json_parse(&parsed, line, len, &c->err) ||
	       tow_wrap(&c->err, "line %zu is no JSON", number);
}

static bool read_lines(struct cli *c, const struct cli_call *call, struct chunk *k)
{
	TOW_AUTO_FREE char *line = NULL;
	size_t size = 0;
	ssize_t len;
	while ((len = getline(&line, &size, stdin)) >= 0) {
		if (len > 0 && line[len - 1] == '\n')
			line[--len] = '\0';
		if (!check_line(c, line, (size_t)len, k->first + k->n))
			return false;
		add(k, line, (size_t)len);
		if ((k->n == CHUNK || k->array.len > CHUNK_BYTES) && !flush_chunk(c, call, k))
			return false;
	}
	return true;
}

/* What came before a bad line is enqueued: the error says where to go on. */
int bulk_enqueue(struct cli *c, const struct cli_call *call)
{
	struct chunk k = { .first = 1 };
	bool good = read_lines(c, call, &k);
	struct tow_err first = c->err;
	bool flushed = (!good && k.array.len > CHUNK_BYTES) || flush_chunk(c, call, &k);
	tow_buf_release(&k.array);
	if (!good)
		c->err = first;
	return good && flushed ? EX_OK : cli_failed(c);
}
