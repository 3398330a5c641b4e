/* Connections from process to process: each is one packet, with the descriptor beside it. */
#include "hand.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "tow/mem.h"

union beside {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static void put_beside(struct msghdr *m, union beside *b, int fd)
{
	struct cmsghdr *c;

	*b = (union beside){ 0 };
	m->msg_control = b;
	m->msg_controllen = sizeof b->room;
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
}

bool hub_hand(int hub, int connection, const struct hub_guest *guest, const void *early, size_t len,
	      struct tow_err *e)
{
	struct hub_guest who = *guest;
	struct iovec parts[] = { { &who, sizeof who }, { (void *)early, len } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
	union beside b;

	if (len > HUB_EARLY_MOST)
		return tow_fail(e, TOW_FINAL, "%zu bytes came before the handshake was answered",
				len);
	put_beside(&m, &b, connection);
	while (sendmsg(hub, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return tow_fail(e, TOW_RETRY, "the hub does not listen: %s",
					strerror(errno));
	return true;
}

bool hand_on(int to, int connection)
{
	char nothing = 0;
	struct iovec part = { &nothing, sizeof nothing };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	union beside b;

	put_beside(&m, &b, connection);
	return sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static int beside(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

enum hand_state hand_take(int ear, struct handed *handed)
{
	struct iovec parts[] = { { &handed->guest, sizeof handed->guest },
				 { handed->early, sizeof handed->early } };
	union beside b;
	struct msghdr m = { .msg_iov = parts,
			    .msg_iovlen = 2,
			    .msg_control = &b,
			    .msg_controllen = sizeof b.room };
	ssize_t n = recvmsg(ear, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? HAND_NONE : HAND_CLOSED;
	handed->fd = beside(&m);
	if (n == 0 && handed->fd < 0)
		return HAND_CLOSED;
	if ((size_t)n < sizeof handed->guest || handed->fd < 0 || m.msg_flags & MSG_TRUNC) {
		tow_closep(&handed->fd);
		return HAND_BAD;
	}
	handed->guest.token[sizeof handed->guest.token - 1] = '\0';
	handed->guest.owner[sizeof handed->guest.owner - 1] = '\0';
	handed->len = (size_t)n - sizeof handed->guest;
	return HAND_TAKEN;
}

int hand_pick(int from)
{
	char nothing;
	struct iovec part = { &nothing, sizeof nothing };
	union beside b;
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = &b,
			    .msg_controllen = sizeof b.room };

	return recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0 ? -1 : beside(&m);
}
