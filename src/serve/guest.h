/* One WebSocket: frames in and out, and no word of what they say. Nothing here blocks. What goes
 * out waits here; a caller that adds to it looks at guest_backlog first. */
#ifndef TOW_SERVE_GUEST_H
#define TOW_SERVE_GUEST_H

#include "hub.h"
#include "sorted.h"
#include "tow/mem.h"

enum {
	GUEST_FRAME_MOST = 64 << 10,  /* of what comes in; larger: 1009 */
	GUEST_FULL = 32 << 10,	      /* with so much to send no more is given to it */
	GUEST_BACKLOG_MOST = 1 << 20, /* it has asked for more than it reads */
};

/* Why a connection is ended. */
enum guest_end {
	GUEST_LEAVING = 1001, /* the server goes away */
	GUEST_STRANGE = 1003, /* it sends what is no text */
	GUEST_POLICY = 1008,
	GUEST_BUSY = 1013,    /* come again later */
	GUEST_REFUSED = 4401, /* the token is not good any more */
};

struct guest {
	int fd;
	struct hub_guest who;
	struct wslay_event_context *frames;
	struct tow_buf in, out;
	struct tow_arena *heard; /* what is read goes there */
	struct guest_text *first, **last;
	bool eof; /* nothing more comes, or can be sent */

	/* The hub's: */
	char from[64]; /* its address; "": this machine's own, without one */
	struct sorted wants;
	unsigned long long next; /* the message that it reads next */
	long long came_us, heard_us, pinged_us, closing_us;
	unsigned faults;
	bool greeted; /* it has subscribed to something */
};

struct guest_text {
	struct guest_text *next;
	size_t len;
	char text[]; /* a NUL is behind it */
};

/* The descriptor is the guest's from here on. */
struct guest *guest_new(int fd, const struct hub_guest *who, const void *early, size_t len);
void guest_free(struct guest *g);

/* What has come, as whole texts in the arena; false: the connection is over. The hub's callers see
 * pings and pongs as texts of no one: heard says whether anything came. */
TOW_MUST bool guest_read(struct guest *g, struct tow_arena *a, const struct guest_text **first,
			 bool *heard);
void guest_say(struct guest *g, const char *text, size_t len);
void guest_ping(struct guest *g);
void guest_close(struct guest *g, enum guest_end why, const char *reason);
bool guest_is_done(const struct guest *g);    /* it has said that it will not come back */
bool guest_is_closing(const struct guest *g); /* one of us has said goodbye */
TOW_MUST bool guest_write(struct guest *g);   /* false: the connection is over */
size_t guest_backlog(const struct guest *g);

#endif
