/* What the files of qBittorrent's driver share: what is remembered of a session.
 *
 *	qbittorrent.c		sessions, requests, changes
 *	qbittorrent_list.c	what it holds: torrents, listings, files */
#ifndef HAUL_CLIENTS_QBITTORRENT_H
#define HAUL_CLIENTS_QBITTORRENT_H

#include "tow/client.h"

struct qb_own {
	unsigned api; /* 2.8.19 as 2008019; 0: not asked yet */
	long long rid;
	bool first;	       /* the last answer was a session's first */
	struct tow_json *held; /* {"torrents": {hash: {...}}}: what maindata has said so far */
};

static inline struct qb_own *qb_own(const struct tow_client *c)
{
	return c->own;
}

/*--- qbittorrent.c */

/* Makes sure that own's api is known. */
TOW_MUST bool qb_knows_api(struct tow_client *c, struct tow_arena *a, struct tow_err *e);

/* A list; an object from sync/maindata alone. */
TOW_MUST bool qb_ask_json(struct tow_client *c, struct tow_arena *a, const char *path,
			  struct tow_json **doc, struct tow_err *e);

/*--- qbittorrent_list.c */

/* The torrent as it is now, alone in a list; false with client.gone where there is none. */
TOW_MUST bool qb_find(struct tow_client *c, struct tow_arena *a, const char *key,
		      struct tow_json **doc, struct tow_err *e);

/* As struct tow_client_driver has them. */
TOW_MUST bool qb_list(struct tow_client *c, struct tow_arena *a, struct tow_listing *out,
		      struct tow_err *e);
TOW_MUST bool qb_files(struct tow_client *c, struct tow_arena *a, const char *key,
		       struct tow_transfer_files *out, struct tow_err *e);
TOW_MUST bool qb_by_hash(struct tow_client *c, struct tow_arena *a, const char *hash,
			 struct tow_transfer *out, struct tow_err *e);

#endif
