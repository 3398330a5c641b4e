/* The lease: how long our jobs are ours while the heartbeat gets no answer, and when to give them
 * up. */
#include <limits.h>

#include "dispatcher.h"
#include "tow/log.h"

#define UNANSWERED_US 1000000

long long lease_patience_us(const struct dispatcher *d)
{
	long long quarter = d->config.lease_ms * 1000LL / 4;

	return quarter > 3000000 ? 3000000 : quarter;
}

/* How long before the end of its lease a worker gives up: more than the longest pause between two
 * attempts to connect, where the lease is long enough for that. */
static long long margin_us(const struct dispatcher *d)
{
	long long lease = d->config.lease_ms * 1000LL;
	long long margin = lease / 8 < 2000000 ? 2000000 : lease / 8;

	return lease / 2 < margin ? lease / 2 : margin;
}

/* The database, or what stands before it, has taken a connection and says nothing. */
static bool unanswered(const struct beat *b, long long now)
{
	const struct tow_link *l = &b->link;

	if (now - l->since_us < UNANSWERED_US)
		return false;
	return l->state == TOW_LINK_DIALING
		       ? !tow_db_wants_write(l->db)
		       : l->state == TOW_LINK_BUSY && b->connected_us > b->heard_us;
}

/* When it is given up, unless an answer comes before. */
static long long given_up_at(const struct dispatcher *d)
{
	return d->beat.heard_us + d->config.lease_ms * 1000LL - margin_us(d);
}

/* The lease runs out while the database takes connections but does not answer us: others may have
 * our jobs soon. While it cannot be reached at all nobody can take them, and slots go on. */
void lease_watch(struct dispatcher *d, long long now)
{
	struct beat *b = &d->beat;

	if (!b->worker || now < given_up_at(d) || !unanswered(b, now) || hands_busy(d) == 0)
		return;
	tow_log(TOW_ERROR, "lease.expiring", "worker=%lld silent_ms=%lld", b->worker,
		(now - b->heard_us) / 1000);
	hands_forget(d, now);
}

long long lease_wake(const struct dispatcher *d, long long now)
{
	const struct beat *b = &d->beat;
	long long at = b->link.since_us + UNANSWERED_US;

	if (!b->worker)
		return LLONG_MAX;
	if (at < given_up_at(d))
		at = given_up_at(d);
	return at > now ? at : LLONG_MAX;
}
