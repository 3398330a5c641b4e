#include "health.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "shell.h"
#include "text.h"
#include "tow/json.h"

enum { PATIENCE_MS = 3000 };

void health_add(struct health *h, const char *component, const char *status, const char *detail,
		const char *hint)
{
	if (h->trouble && strcmp(status, "ok") == 0)
		return;
	if (h->n == h->size) {
		size_t size = h->size ? 2 * h->size : 32;
		struct finding *more = tow_alloc(&h->c->arena, size * sizeof *more);
		if (h->n > 0)
			memcpy(more, h->findings, h->n * sizeof *more);
		h->findings = more;
		h->size = size;
	}
	h->findings[h->n++] = (struct finding){ component, status, detail, hint };
}

static void add_rows(struct health *h, const struct tow_rows *r)
{
	struct tow_arena *a = &h->c->arena;
	for (size_t i = 0; i < tow_rows_count(r); i++)
		health_add(h, tow_strdup(a, tow_rows_get(r, i, "component")),
			   tow_strdup(a, tow_rows_get(r, i, "status")),
			   tow_strdup(a, tow_rows_get(r, i, "detail")),
			   tow_strdup(a, tow_rows_get(r, i, "hint")));
}

static bool look_for_blockers(struct health *h)
{
	TOW_AUTO_ROWS *r = NULL;
	if (!tow_call(h->c->db, &r, &h->c->err, "tow.blockers"))
		return false;
	add_rows(h, r);
	h->blocked = tow_rows_count(r) > 0;
	return true;
}

/* Where nobody is in the way the database is slow, and may take its time. */
bool health_call(struct health *h, struct tow_rows **rows, const char *verb)
{
	struct cli *c = h->c;
	if (h->blocked)
		return true;
	tow_db_limit(c->db, PATIENCE_MS);
	bool done = tow_call(c->db, rows, &c->err, verb);
	tow_db_limit(c->db, 0);
	if (done || c->err.code != TOW_CANCELLED)
		return done;
	return look_for_blockers(h) && (h->blocked || tow_call(c->db, rows, &c->err, verb));
}

bool health_add_status(struct health *h, const char *verb)
{
	TOW_AUTO_ROWS *r = NULL;
	if (!health_call(h, &r, verb))
		return false;
	add_rows(h, r);
	return true;
}

static void print_json(const struct health *h)
{
	TOW_AUTO_BUF out = { 0 };
	tow_buf_addc(&out, '[');
	for (size_t i = 0; i < h->n; i++) {
		const struct finding *f = &h->findings[i];
		tow_buf_adds(&out, i ? ",\n {" : "{");
		tow_json_member(&out, "component", f->component);
		tow_json_member(&out, "status", f->status);
		tow_json_member(&out, "detail", f->detail);
		tow_json_member(&out, "hint", f->hint);
		tow_buf_addc(&out, '}');
	}
	tow_buf_addc(&out, ']');
	puts(out.data);
}

static void print_text(const struct health *h)
{
	struct look look = text_look(stdout);
	int widest = 0;
	for (size_t i = 0; i < h->n; i++) {
		int width = text_width(h->findings[i].component);
		widest = width > widest ? width : widest;
	}
	for (size_t i = 0; i < h->n; i++) {
		const struct finding *f = &h->findings[i];
		enum colour colour = text_colour_of(f->status);
		printf("%s%-4s%s  %s%*s  %s\n", text_on(&look, colour), f->status,
		       text_off(&look, colour), f->component, widest - text_width(f->component), "",
		       f->detail ? text_clean(&h->c->arena, f->detail) : "");
		if (f->hint && *f->hint)
			printf("%*s%s\n", widest + 8, "",
			       tow_fmt(&h->c->arena, "-> %s",
				       text_clean(&h->c->arena,
						  shell_hint(&h->c->arena, f->hint))));
	}
}

int health_print(const struct health *h)
{
	if (cli_has(h->c, "json"))
		print_json(h);
	else
		print_text(h);
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->findings[i].status, "bad") == 0)
			return 1;
	return EX_OK;
}
