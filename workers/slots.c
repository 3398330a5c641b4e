/* Slots as the dispatcher forks and feeds them: see slots.h. What they say is in hearing.c, what
 * ends them in ending.c. */
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "slot.h"

void slots_init(struct slots *s, const char *db_url)
{
	*s = (struct slots){ .db_url = db_url };
}

/* Kept from every child but the slot whose board it is: see fork_one. */
static struct board *make_board(void)
{
	struct board *b =
		mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (b == MAP_FAILED)
		abort();
	madvise(b, sizeof(*b), MADV_DONTFORK);
	return b;
}

static bool add(struct slots *s, struct pool *p)
{
	struct slot *slot;

	if (s->n == SLOTS_MOST)
		return false;
	slot = tow_xcalloc(1, sizeof(*slot));
	*slot = (struct slot){
		.pool = p, .socket = -1, .out = -1, .err = -1, .board = make_board()
	};
	s->items = tow_xrealloc(s->items, (s->n + 1) * sizeof(*s->items));
	s->items[s->n++] = slot;
	return true;
}

void slots_resize(struct slots *s, struct pool *p)
{
	int n = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct slot *slot = s->items[i];

		if (slot->pool != p)
			continue;
		n++;
		slot->surplus = n > p->slots;
		if (slot->surplus)
			slot->retire = true;
	}
	while (n < p->slots && add(s, p))
		n++;
	p->slots = p->slots < n ? p->slots : n;
}

static void child(const struct slots *s, const struct slot *slot, pid_t parent, int socket, int out,
		  int err)
{
	struct slot_setup setup = {
		.socket = socket,
		.out = out,
		.err = err,
		.board = slot->board,
		.kinds = s->kinds,
		.db_url = (char *)s->db_url,
		.parent = parent,
	};

	slot_main(&setup);
}

static bool open_channels(int socket[2], int out[2], int err[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket) != 0)
		return false;
	if (pipe2(out, O_CLOEXEC) == 0) {
		if (pipe2(err, O_CLOEXEC) == 0)
			return true;
		close(out[0]);
		close(out[1]);
	}
	close(socket[0]);
	close(socket[1]);
	return false;
}

static void fork_one(struct slots *s, struct slot *slot, long long now)
{
	int socket[2], out[2], err[2];
	pid_t parent = getpid(), pid;

	slot->fork_at_us = now + 1000000; /* if this fails */
	if (!open_channels(socket, out, err))
		return;
	memset(slot->board, 0, sizeof(*slot->board));
	madvise(slot->board, sizeof(*slot->board), MADV_DOFORK);
	pid = fork();
	if (pid == 0)
		child(s, slot, parent, socket[1], out[1], err[1]);
	madvise(slot->board, sizeof(*slot->board), MADV_DONTFORK);
	close(socket[1]);
	close(out[1]);
	close(err[1]);
	if (pid < 0) {
		close(socket[0]);
		close(out[0]);
		close(err[0]);
		return;
	}
	setpgid(pid, pid); /* whoever is first */
	slot->pid = pid;
	slot->socket = socket[0];
	slot->out = out[0];
	slot->err = err[0];
	fcntl(slot->socket, F_SETFL, O_NONBLOCK);
	fcntl(slot->out, F_SETFL, O_NONBLOCK);
	fcntl(slot->err, F_SETFL, O_NONBLOCK);
	slot->forked_us = now;
	slot->given = 0;
	slot->progress_seen = 0;
}

void slots_fork(struct slots *s, long long now)
{
	for (size_t i = 0; i < s->n; i++) {
		struct slot *slot = s->items[i];

		if (slot->pid == 0 && !slot->surplus && now >= slot->fork_at_us)
			fork_one(s, slot, now);
	}
}

void slots_renew(struct slots *s, const struct kinds *kinds)
{
	s->kinds = kinds;
	for (size_t i = 0; i < s->n; i++)
		if (s->items[i]->pid)
			s->items[i]->retire = true;
}

static void free_slot(struct slot *slot)
{
	munmap(slot->board, sizeof(*slot->board));
	runs_free(&slot->jobs);
	tow_closep(&slot->socket);
	tow_closep(&slot->out);
	tow_closep(&slot->err);
	tow_buf_release(&slot->in);
	tow_buf_release(&slot->outbox);
	output_release(&slot->output);
	step_release(&slot->step);
	free(slot);
}

void slots_sweep(struct slots *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct slot *slot = s->items[i];

		if (slot->pid || !slot->surplus)
			s->items[kept++] = slot;
		else
			free_slot(slot);
	}
	s->n = kept;
}

void slots_release(struct slots *s)
{
	for (size_t i = 0; i < s->n; i++) {
		slot_kill(s->items[i]);
		free_slot(s->items[i]);
	}
	free(s->items);
	*s = (struct slots){ 0 };
}

bool slot_takes(const struct slot *s, size_t n)
{
	uint64_t out = s->jobs.first ? s->given - s->jobs.first->number : 0;

	return s->pid && s->socket >= 0 && !s->retire && !s->exited && out + n < BOARD_RING;
}

void slot_give(struct slot *s, struct run *r)
{
	r->number = s->given++;
	tow_buf_add(&s->outbox, r->frame, r->frame_len);
	runs_push(&s->jobs, r);
	r->queue->given++;
}

bool slot_flush(struct slot *s)
{
	while (s->outbox.len > 0) {
		ssize_t n = send(s->socket, s->outbox.data, s->outbox.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		tow_buf_eat(&s->outbox, (size_t)n);
	}
	return true;
}
