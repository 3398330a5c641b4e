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
};

/* The texts must live as long as c; hint may be NULL. */
void health_add(struct health *h, const char *component, const char *status, const char *detail,
		const char *hint);

/* All that a function like tow.status() says. */
TOW_MUST bool health_add_status(struct health *h, const char *verb);

/* Prints them, as --json says; returns 1 if one is bad, else 0. */
int health_print(const struct health *h);

#endif
