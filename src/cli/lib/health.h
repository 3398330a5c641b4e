/* Findings about the system: component, status (ok, warn, bad), detail, hint. */
#ifndef TOW_CLI_HEALTH_H
#define TOW_CLI_HEALTH_H

#include "cli.h"

struct finding {
	const char *component, *status, *detail, *hint;
};

struct health {
	struct cli *c;
	struct finding *findings; /* in c's arena */
	size_t n, size;
	bool trouble; /* what is ok is left out */
	bool blocked; /* the findings say who keeps the database from answering */
};

/* The texts must live as long as c; hint may be NULL. */
void health_add(struct health *h, const char *component, const char *status, const char *detail,
		const char *hint);

/* A call that may not wait for somebody's lock on a table for ever: after some seconds it is the
 * findings that say who has it, and rows stay as they were. */
TOW_MUST bool health_call(struct health *h, struct tow_rows **rows, const char *verb);

/* All that a function like tow.status() says. */
TOW_MUST bool health_add_status(struct health *h, const char *verb);

/* Prints them, as --json says; returns 1 if one is bad, else 0. */
int health_print(const struct health *h);

#endif
