/* What a link to a torrent leads to, read here: whose it is must be known before a client has it.
 */
#ifndef HAUL_SOURCE_H
#define HAUL_SOURCE_H

#include "tow/client.h"

/* What a link to a .torrent leads to stands beside it, or a magnet in its place; anything else is
 * left as it is. False: it could not be read, and is left as it is, too; a client may be let in
 * where we are not. It takes no longer than 20 s in all. */
TOW_MUST bool source_read(struct tow_arena *a, struct tow_transfer_new *t, long timeout_ms,
			  struct tow_err *e);

#endif
