#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "hand.h"
#include "tow/mem.h"

enum { MOMENT_MS = 2, FULL_MS = 100, MOST_LEFT = 2 };

bool door_open(struct door *d, struct tow_err *e)
{
	int flags = fcntl(d->listener, F_GETFL);
	d->inside = mmap(NULL, d->processes * sizeof *d->inside, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (flags < 0 || fcntl(d->listener, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    d->inside == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, d->on) < 0)
		return tow_fail(e, TOW_RETRY, "open the door: %s", strerror(errno));
	return true;
}

bool door_opens(const struct door *d, struct caller *c)
{
	c->len = sizeof c->at;
	c->fd = accept4(d->listener, (struct sockaddr *)&c->at, &c->len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
	return c->fd >= 0;
}

static bool is_full(const struct porter *p)
{
	return p->door->inside[p->which] >= p->door->most;
}

static bool has_fewest(const struct porter *p)
{
	const struct door *d = p->door;
	for (size_t i = 0; i < d->processes; i++)
		if (d->inside[i] < d->inside[p->which])
			return false;
	return true;
}

int porter_watches(const struct porter *p)
{
	return p->away ? -1 : p->door->listener;
}

int porter_watches_on(const struct porter *p)
{
	return is_full(p) ? -1 : p->door->on[0];
}

int porter_waits(const struct porter *p, int ms)
{
	int away = is_full(p) ? FULL_MS : MOMENT_MS;
	return p->away && ms > away ? away : ms;
}

/* Who has more leaves it to the others twice: they may be at work, or have died. */
bool porter_lets_in(struct porter *p, bool knocks, struct caller *c)
{
	bool leaves = knocks && (is_full(p) || (!has_fewest(p) && p->left < MOST_LEFT));
	if (!p->away)
		p->left = leaves ? p->left + 1 : 0;
	p->away = leaves;
	if (!knocks || leaves)
		return false;
	if (door_opens(p->door, c))
		return true;
	p->away = errno != EAGAIN; /* no descriptors are left */
	return false;
}

bool porter_takes_on(const struct porter *p, bool comes, struct caller *c)
{
	c->len = sizeof c->at;
	c->fd = comes ? hand_pick(p->door->on[0]) : -1;
	if (c->fd >= 0 && getpeername(c->fd, (struct sockaddr *)&c->at, &c->len) < 0)
		tow_closep(&c->fd); /* it has gone */
	return c->fd >= 0;
}
