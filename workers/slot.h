/* A slot, from the inside: a process that reads jobs from its socket, runs them one by one, and
 * says how they ended. Forked from the dispatcher without exec; nothing of the dispatcher's is open
 * in it. */
#ifndef TOW_WORKERS_SLOT_H
#define TOW_WORKERS_SLOT_H

#include <sys/types.h>

#include "board.h"
#include "kinds.h"

struct slot_setup {
	int socket, out, err; /* out and err become stdout and stderr */
	struct board *board;
	const struct kinds *kinds;
	char *db_url; /* NULL: the environment's. Overwritten if no kind wants the database */
	pid_t parent;
};

_Noreturn void slot_main(const struct slot_setup *s);

#endif
