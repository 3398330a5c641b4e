/* The statements of one connection. One is known by its text, `select * from verb($1, name => $2)`,
 * and prepared on the server under a name that says the text. */
#ifndef TOW_CORE_STATEMENT_H
#define TOW_CORE_STATEMENT_H

#include <stddef.h>

#include "tow/db.h"
#include "tow/err.h"
#include "tow/mem.h"

struct statement {
	char *sql;
	char name[40];
	unsigned generation; /* a new one after the server found the plan stale */
	bool ready;	     /* prepared on this connection */
};

struct statements {
	struct statement **list;
	size_t n;
	struct tow_buf sql; /* the text being made */
};

/* Each finds or adds the statement. Verbs and names are ours, never a user's: others are a BUG. */
TOW_MUST bool statement_call(struct statements *all, struct statement **s, const char *verb,
			     size_t n_values, struct tow_err *e);
TOW_MUST bool statement_view(struct statements *all, struct statement **s, const char *view,
			     struct tow_err *e);

/* The arguments whose value is not NULL, in their order: fills values and *n. */
TOW_MUST bool statement_named(struct statements *all, struct statement **s, const char *verb,
			      const struct tow_arg *args, size_t n_args, const char **values,
			      size_t *n, struct tow_err *e);

/* It must be prepared anew, under a new name. The old one is left to the server: nobody can use it
 * by mistake, and it goes with the session. */
void statement_forget(struct statement *s);

void statements_release(struct statements *all);

#endif
