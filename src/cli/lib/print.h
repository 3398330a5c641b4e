/* What most commands end with: ask, then print a table or JSON. */
#ifndef TOW_CLI_PRINT_H
#define TOW_CLI_PRINT_H

#include "cli.h"
#include "table.h"

/* As --json says. The command's options must have OPTION_JSON. */
TOW_MUST bool print_rows(struct cli *c, const struct tow_rows *rows, const struct column *columns);

/* A whole view, or a call. */
int print_view(struct cli *c, const char *view, const struct column *columns);
int print_call(struct cli *c, const char *verb, const struct cli_call *call,
	       const struct column *columns);
/* The same of jobs, by --kind and --queue: where there is none, what may be wrong with these is
 * said. */
int print_search(struct cli *c, const char *verb, const struct cli_call *call,
		 const struct column *columns);

#endif
