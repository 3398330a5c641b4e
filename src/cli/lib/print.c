#include "print.h"

#include <sysexits.h>

#include "note.h"
#include "when.h"

bool print_rows(struct cli *c, const struct tow_rows *rows, const struct column *columns)
{
	long long now;
	if (cli_has(c, "json")) {
		table_json(stdout, rows);
		return true;
	}
	if (!when_now(c->db, &now, &c->err))
		return false;
	table_print(stdout, rows, columns, now);
	return true;
}

int print_view(struct cli *c, const char *view, const struct column *columns)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!tow_db_view(c->db, &rows, &c->err, view) || !print_rows(c, rows, columns))
		return cli_failed(c);
	return EX_OK;
}

int print_call(struct cli *c, const char *verb, const struct cli_call *call,
	       const struct column *columns)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!cli_call(c, &rows, verb, call) || !print_rows(c, rows, columns))
		return cli_failed(c);
	return EX_OK;
}

int print_search(struct cli *c, const char *verb, const struct cli_call *call,
		 const struct column *columns)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!cli_call(c, &rows, verb, call) || !print_rows(c, rows, columns))
		return cli_failed(c);
	if (tow_rows_count(rows) == 0)
		note_unheard(c);
	return EX_OK;
}
