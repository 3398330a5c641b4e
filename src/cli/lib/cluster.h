/* The private cluster: a PostgreSQL server of Towpath's own under a home folder, for people who do
 *not have one yet.
 *
 *	home/pg    the data, owned by the server's user
 *	home/run   the socket, a folder that only the server's user (and root) may enter
 *	home/log   what the server says; log/setup.log what initdb and pg_ctl said
 *	home/url   the address, written by start, read by tow_db_find()
 *	home/stopped   it shall stay down
 *
 * The server runs as whoever asks, or as the user `postgres` when root does (PostgreSQL refuses
 *root). It listens on the socket only. The superuser is the role `tow`: its owner, root and the
 *server's user come in as it without a password; every other role needs one. A home is the absolute
 *path tow_home() gives. */
#ifndef TOW_CLI_CLUSTER_H
#define TOW_CLI_CLUSTER_H

#include "tow/err.h"
#include "tow/mem.h"

/* Creates what is missing, starts the server, waits until the database `tow` answers. Calling it
 * again, or twice at the same moment, is harmless. *started (may be NULL) tells whether this call
 * started the server. */
TOW_MUST bool tow_cluster_start(const char *home, bool *started, struct tow_err *e);

/* Ends sessions and stops the server; fine when it does not run. */
TOW_MUST bool tow_cluster_stop(const char *home, struct tow_err *e);

/* The same, and it stays down until tow_cluster_start, also where tow up looks after it. */
TOW_MUST bool tow_cluster_halt(const char *home, struct tow_err *e);

/* Stops the server and removes data, socket and logs; files of the user's own in home stay. */
TOW_MUST bool tow_cluster_destroy(const char *home, struct tow_err *e);

/* Writes down that the server, as it runs now, is tow up's to stop; and whether somebody has. Who
 * is killed stops nothing, and the next tow up finds this. */
TOW_MUST bool tow_cluster_claim(const char *home, struct tow_err *e);
bool tow_cluster_claimed(const char *home);

bool tow_cluster_exists(const char *home);
bool tow_cluster_running(const char *home);
bool tow_cluster_died(const char *home); /* it has ended, and nobody said that it shall be down */

/* postgresql:///tow?host=...&user=tow; NULL when there is no cluster. */
const char *tow_cluster_url(struct tow_arena *a, const char *home);

/* The full path of a program of the newest server here ("psql", "initdb"); NULL when there is none.
 */
const char *tow_cluster_program(struct tow_arena *a, const char *name);

#endif
