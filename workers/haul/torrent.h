/* What a torrent is known by. */
#ifndef HAUL_TORRENT_H
#define HAUL_TORRENT_H

#include "tow/client.h"

/* Its v1 hash, in lower case, from what a .torrent holds or a magnet says; NULL: it is not known
 * before a client has it. */
const char *torrent_hash(struct tow_arena *a, const struct tow_transfer_new *t);

#endif
