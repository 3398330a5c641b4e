/* What a link to a torrent leads to, read here: whose it is must be known before a client has it.
 */
#ifndef HAUL_SOURCE_H
#define HAUL_SOURCE_H

#include "torrent.h"

struct source_limits {
	long timeout_ms; /* nothing came for so long; all of it takes no longer than 20 s */
	size_t most;	 /* bytes of a .torrent that its client takes of us; 0: any */
};

/* Which torrent it is, and what a link to a .torrent leads to in its place: what that holds, or a
 * magnet. A .torrent that is too much for the client stays a link, and so does what is no link to
 * read. False: it could not be read, and is left as it is, too; a client may be let in where we are
 * not. */
TOW_MUST bool source_read(struct tow_arena *a, struct tow_transfer_new *t,
			  const struct source_limits *limits, struct torrent_id *id,
			  struct tow_err *e);

#endif
