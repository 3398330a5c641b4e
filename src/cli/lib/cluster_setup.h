/* The inside of the private cluster: where its parts are, and the making of its data folder. See
 * cluster.h. */
#ifndef TOW_CLI_CLUSTER_SETUP_H
#define TOW_CLI_CLUSTER_SETUP_H

#include <sys/types.h>

#include "tow/err.h"
#include "tow/mem.h"

struct cluster {
	struct tow_arena *arena;
	const char *home, *pg, *run, *log;
	const char *socket; /* run, or a short folder under /tmp when run's path is too long for a
			       socket */
	uid_t uid;	    /* the server's user */
	gid_t gid;
	const char *user;
};

/* These run as the server's user. */
TOW_MUST bool cluster_initdb(const struct cluster *c, struct tow_err *e);
TOW_MUST bool cluster_place(const struct cluster *c,
			    struct tow_err *e); /* before each start: paths may have changed */
TOW_MUST bool cluster_wipe(const char *dir,
			   struct tow_err *e); /* empties a folder; fine if there is none */

/* Runs one of the server's programs to its end; what it says goes to log/setup.log, and its end
 * into e. */
TOW_MUST bool cluster_program(const struct cluster *c, const char *const *argv, struct tow_err *e);

#endif
