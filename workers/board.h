/* What a slot and the dispatcher share in memory, so that a job costs neither of them a system
 * call.
 *
 * Jobs are numbered as they are written to a slot. Whoever raises `next` past a number owns that
 * job: the slot when it starts it, the dispatcher when it takes back what has not started. A job
 * that ran leaves its times in the ring before `done` passes its number; the dispatcher never gives
 * more jobs than the ring holds. */
#ifndef TOW_WORKERS_BOARD_H
#define TOW_WORKERS_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BOARD_RING 128
#define BOARD_NOTE 160

struct board_mark {
	int64_t started_us; /* the monotonic clock */
	int64_t took_us;    /* below 0: -1 - what it took, and how it ended follows in a frame */
};

struct board_progress {
	uint64_t job; /* its number in this slot */
	double percent;
	int64_t done, total;
	char note[BOARD_NOTE];
};

/* What became of the step that a handler waits for. */
enum board_verdict { BOARD_PENDING, BOARD_KEPT, BOARD_LOST, BOARD_REFUSED };

struct board {
	_Atomic uint64_t next;	   /* the first job that nobody has started or taken back */
	_Atomic uint64_t done;	   /* all below have ended */
	_Atomic int64_t since_us;  /* when the last job started */
	_Atomic uint32_t version;  /* of progress; odd while it is written */
	_Atomic uint32_t starving; /* an allocation failed: what follows is for want of memory */
	_Atomic uint32_t
		drained; /* raised by the dispatcher when it has read all of a slot's output */
	_Atomic uint32_t verdict; /* raised by the dispatcher; why says more of BOARD_REFUSED */
	char why[BOARD_NOTE];
	struct board_progress progress;
	struct board_mark ring[BOARD_RING];
};

/* The slot: may job number n be started? False when the dispatcher has taken it back. */
static inline bool board_start(struct board *b, uint64_t n, int64_t now_us)
{
	uint64_t expected = n;

	atomic_store_explicit(&b->since_us, now_us, memory_order_relaxed);
	return atomic_compare_exchange_strong(&b->next, &expected, n + 1);
}

/* The slot: job number n has ended. */
static inline void board_end(struct board *b, uint64_t n, struct board_mark mark)
{
	b->ring[n % BOARD_RING] = mark;
	atomic_store(&b->done, n + 1);
}

/* The dispatcher: take back every job below given that has not started; returns the first of them.
 */
static inline uint64_t board_take_back(struct board *b, uint64_t given)
{
	uint64_t next = atomic_load(&b->next);

	while (next < given && !atomic_compare_exchange_weak(&b->next, &next, given))
		;
	return next;
}

/* The slot: wait until the dispatcher has raised drained from what it was. */
static inline void board_wait_drained(struct board *b, uint32_t was)
{
	while (atomic_load(&b->drained) == was)
		syscall(SYS_futex, &b->drained, FUTEX_WAIT, was, NULL, NULL, 0);
}

static inline void board_set_drained(struct board *b)
{
	atomic_fetch_add(&b->drained, 1);
	syscall(SYS_futex, &b->drained, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* The slot: after having asked for a step to be kept. */
static inline enum board_verdict board_wait_verdict(struct board *b)
{
	while (atomic_load(&b->verdict) == BOARD_PENDING)
		syscall(SYS_futex, &b->verdict, FUTEX_WAIT, BOARD_PENDING, NULL, NULL, 0);
	return (enum board_verdict)atomic_load(&b->verdict);
}

static inline void board_answer(struct board *b, enum board_verdict verdict, const char *why)
{
	snprintf(b->why, sizeof(b->why), "%s", why ? why : "");
	atomic_store(&b->verdict, verdict);
	syscall(SYS_futex, &b->verdict, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static inline void board_write_progress(struct board *b, const struct board_progress *p)
{
	atomic_fetch_add(&b->version, 1);
	b->progress = *p;
	atomic_fetch_add(&b->version, 1);
}

/* False while the slot is writing: look again later. */
static inline bool board_read_progress(struct board *b, struct board_progress *p, uint32_t *version)
{
	uint32_t before = atomic_load(&b->version);

	*p = b->progress;
	atomic_thread_fence(memory_order_acquire);
	*version = before;
	return before % 2 == 0 && atomic_load(&b->version) == before;
}

#endif
