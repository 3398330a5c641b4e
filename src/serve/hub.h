/* The hub: one process that holds every WebSocket. The processes that speak HTTP do the handshake
 * and hand it the connection; it polls for them, asks the database what has changed, and tells
 * whoever asked for it. */
#ifndef TOW_SERVE_HUB_H
#define TOW_SERVE_HUB_H

#include <stdatomic.h>
#include <stddef.h>

#include "tow/err.h"

enum {
	HUB_EARLY_MOST = 16 << 10,
	HUB_PING_US = 30000000,
	HUB_SILENT_US = 75000000,
};

/* Whose a connection is. The hub asks again and again whether the token is still good. */
struct hub_guest {
	char token[65]; /* SHA-256 of it, in hexadecimal */
	char owner[65]; /* the token that it is, or that it signed in with: what one may have at a
			   time is counted by it */
};

/* Hands over a connection whose handshake is done; the caller closes its own descriptor after it.
 * early: what came behind the handshake already. Never waits: a hub that does not listen is
 * TOW_RETRY. */
TOW_MUST bool hub_hand(int hub, int connection, const struct hub_guest *guest, const void *early,
		       size_t len, struct tow_err *e);

struct hub {
	const char *url;    /* the database; NULL: the environment */
	const char *called; /* what its session there is called: others see by it where we are */
	const int *ears; /* where connections come from: the other ends of SOCK_SEQPACKET pairs */
	size_t n_ears;
	size_t max_guests;	 /* more are refused */
	size_t max_each;	 /* of one token's */
	size_t max_from;	 /* from one address; 0: any number */
	int ping_us;		 /* so often each is asked whether it is there */
	int silent_us;		 /* of whom nothing has come for so long is let go */
	atomic_llong *turned_us; /* for whoever looks whether it hangs; NULL: nobody does */
};

/* Until TERM or INT, or until the database refuses for good one that was never connected; an exit
 * status. */
int hub_run(const struct hub *h);

#endif
