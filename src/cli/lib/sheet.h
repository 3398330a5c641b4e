/* All about one thing, on a page: a title, facts by label, and lists below them. What has no value
 * is left out. */
#ifndef TOW_CLI_SHEET_H
#define TOW_CLI_SHEET_H

#include "cli.h"
#include "text.h"
#include "tow/json.h"

enum { SHEET_BAR = 30 };

struct sheet {
	struct tow_arena *a;
	const struct tow_rows *rows; /* the first one is what the page is about */
	struct look look;
	long long now;
};

TOW_MUST bool sheet_open(struct sheet *p, struct cli *c, const struct tow_rows *rows);
const char *sheet_get(const struct sheet *p, const char *name); /* NULL: null */

/* "job 7  mail  running"; what has no name but its own: NULL */
void sheet_title(const struct sheet *p, const char *thing, const char *name, const char *state);
void sheet_section(const struct sheet *p, const char *name);

void sheet_fact(const struct sheet *p, const char *label, const char *value);
void sheet_fact_text(const struct sheet *p, const char *label, const char *name); /* a column */
/* "2026-11-21 02:42:18.5+00 (3 s ago)" */
const char *sheet_instant(const struct sheet *p, const char *text);

/*--- columns of JSON */

const struct tow_json *sheet_json(const struct sheet *p, const char *name, struct tow_json **doc);
void sheet_list(const struct sheet *p, const char *name, const char *column,
		void (*print)(const struct sheet *, const struct tow_json *));
const char *sheet_clock(const struct sheet *p, const struct tow_json *o, const char *member);
void sheet_attempt(const struct sheet *p, const struct tow_json *o); /* of a job */

#endif
