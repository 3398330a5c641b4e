/* What a torrent is known by. */
#ifndef HAUL_TORRENT_H
#define HAUL_TORRENT_H

#include "tow/client.h"

#define TORRENT_DIGITS 40 /* of what clients know a torrent by */

/* Its hashes, in lower case; NULL: it is none of that version, or that is not known before a client
 * has it. One of both versions has both. */
struct torrent_id {
	const char *v1;
	const char *v2; /* 64 digits; clients know it by the first 40 */
};

/* From what a .torrent holds or a magnet says. */
struct torrent_id torrent_id(struct tow_arena *a, const struct tow_transfer_new *t);

/* What a client that says nothing else will know it by; NULL: that is not known. */
const char *torrent_hash(struct tow_arena *a, const struct torrent_id *id);

bool torrent_is_magnet(const char *link);

#endif
