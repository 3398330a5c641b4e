#include "bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "tow/json.h"

/* A call, and so a transaction, may not be larger than a value of PostgreSQL's. */
enum { CHUNK = 1000, CHUNK_BYTES = 4 << 20, ATOMIC_BYTES = 512 << 20 };

struct chunk {
	struct tow_buf array; /* {"...","..."} without its end */
	size_t n, first;      /* lines in it, and the number of the first */
	bool atomic;	      /* all lines are one chunk */
	bool bad_line;	      /* it ends before a line that is no JSON */
};

static void add(struct chunk *k, const char *line, size_t len)
{
	tow_array_add(&k->array, line, len);
	k->n++;
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

static bool check_line(struct cli *c, const char *line, size_t len, struct chunk *k)
{
	TOW_AUTO_JSON *parsed = NULL;
	k->bad_line = !tow_json_parse(&parsed, line, len, &c->err);
	return !k->bad_line || tow_wrap(&c->err, "line %zu is not JSON", k->first + k->n);
}

static bool make_room(struct cli *c, const struct cli_call *call, struct chunk *k)
{
	if (!k->atomic)
		return (k->n < CHUNK && k->array.len <= CHUNK_BYTES) || flush_chunk(c, call, k);
	if (k->array.len <= ATOMIC_BYTES)
		return true;
	args_usage(&c->err, "line %zu is more than one transaction takes", k->first + k->n);
	return tow_hint(&c->err, "leave out --atomic, or give less at once");
}

static bool read_lines(struct cli *c, const struct cli_call *call, struct chunk *k)
{
	TOW_AUTO_FREE char *line = NULL;
	size_t size = 0;
	ssize_t len;
	while ((len = getline(&line, &size, stdin)) >= 0) {
		if (len > 0 && line[len - 1] == '\n')
			line[--len] = '\0';
		if (!check_line(c, line, (size_t)len, k))
			return false;
		add(k, line, (size_t)len);
		if (!make_room(c, call, k))
			return false;
	}
	return flush_chunk(c, call, k);
}

/* Good lines before a bad one are enqueued. */
static void save_rest(struct cli *c, const struct cli_call *call, struct chunk *k)
{
	struct tow_err first = c->err;
	if (k->bad_line && !k->atomic && flush_chunk(c, call, k))
		c->err = first;
}

/* Whoever calls must know where to go on. Of a chunk whose answer was lost nobody here knows. */
static void say_where(struct cli *c, const struct chunk *k)
{
	size_t done = k->first - 1;
	const char *jobs = done == 1 ? "job was" : "jobs were";
	if (k->n > 0 && !tow_db_alive(c->db))
		tow_wrap(&c->err, "%zu %s enqueued, of lines %zu to %zu it is not known", done,
			 jobs, k->first, k->first + k->n - 1);
	else if (done > 0)
		tow_wrap(&c->err, "%zu %s enqueued, go on with line %zu", done, jobs, k->first);
	else
		tow_wrap(&c->err, "nothing was enqueued");
}

int bulk_enqueue(struct cli *c, const struct cli_call *call)
{
	struct chunk k = { .first = 1, .atomic = cli_has(c, "atomic") };
	bool good = read_lines(c, call, &k);
	if (!good) {
		save_rest(c, call, &k);
		say_where(c, &k);
	}
	tow_buf_release(&k.array);
	return good ? EX_OK : cli_failed(c);
}
