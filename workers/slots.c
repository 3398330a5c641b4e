/* Slots as the dispatcher forks, feeds and hears them: see slots.h. What ends them is in ending.c.
 */
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

#define PROGRESS_EVERY_US 250000

void slots_init(struct slots *s, const char *db_url)
{
	*s = (struct slots){ .db_url = db_url };
	s->boards = mmap(NULL, SLOTS_MOST * sizeof(*s->boards), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->boards == MAP_FAILED)
		abort();
}

static struct board *free_board(struct slots *s)
{
	for (size_t i = 0; i < SLOTS_MOST; i++) {
		if (s->used[i])
			continue;
		s->used[i] = true;
		return &s->boards[i];
	}
	return NULL;
}

static bool add(struct slots *s, struct queue *q)
{
	struct board *board = free_board(s);
	struct slot *slot;

	if (!board)
		return false;
	slot = tow_xcalloc(1, sizeof(*slot));
	*slot = (struct slot){ .queue = q, .socket = -1, .out = -1, .err = -1, .board = board };
	s->items = tow_xrealloc(s->items, (s->n + 1) * sizeof(*s->items));
	s->items[s->n++] = slot;
	return true;
}

void slots_resize(struct slots *s, struct queue *q)
{
	int n = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct slot *slot = s->items[i];

		if (slot->queue != q)
			continue;
		n++;
		slot->surplus = n > q->slots;
		if (slot->surplus)
			slot->retire = true;
	}
	while (n < q->slots && add(s, q))
		n++;
	q->slots = q->slots < n ? q->slots : n;
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
		.db_url = s->db_url,
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
	pid = fork();
	if (pid == 0)
		child(s, slot, parent, socket[1], out[1], err[1]);
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

static void free_slot(struct slots *s, struct slot *slot)
{
	s->used[slot->board - s->boards] = false;
	runs_free(&slot->jobs);
	tow_closep(&slot->socket);
	tow_closep(&slot->out);
	tow_closep(&slot->err);
	tow_buf_release(&slot->in);
	tow_buf_release(&slot->outbox);
	output_release(&slot->output);
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
			free_slot(s, slot);
	}
	s->n = kept;
}

void slots_release(struct slots *s)
{
	for (size_t i = 0; i < s->n; i++) {
		slot_kill(s->items[i]);
		free_slot(s, s->items[i]);
	}
	free(s->items);
	munmap(s->boards, SLOTS_MOST * sizeof(*s->boards));
	*s = (struct slots){ 0 };
}

bool slot_takes(const struct slot *s)
{
	return s->pid && !s->retire && !s->exited &&
	       (!s->jobs.first || s->given - s->jobs.first->number < BOARD_RING - 1);
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

/* The job that runs, or starts next. Numbers have gaps where jobs were taken back. */
static struct run *not_ended(const struct slot *s, uint64_t done)
{
	struct run *r = s->jobs.first;

	while (r && r->number < done)
		r = r->next;
	return r;
}

struct run *slot_current(const struct slot *s, long long *since_us)
{
	uint64_t done = atomic_load(&s->board->done), next = atomic_load(&s->board->next);
	struct run *r = not_ended(s, done);

	if (!r || r->number >= next)
		return NULL;
	*since_us = atomic_load(&s->board->since_us);
	return r;
}

static struct run *by_number(const struct slot *s, uint64_t number)
{
	for (struct run *r = s->jobs.first; r; r = r->next)
		if (r->number == number)
			return r;
	return NULL;
}

/* Whatever was printed belongs to the job that the board showed before it was read: a slot does not
 * go on to the next job while output waits. */
static void read_stream(struct slot *s, int fd, int stream, struct reports *reports, long long now)
{
	char piece[16384];
	ssize_t n;

	if (fd < 0)
		return;
	for (;;) {
		uint64_t done = atomic_load(&s->board->done);

		n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		output_of(&s->output, not_ended(s, done), reports, now);
		output_add(&s->output, stream, piece, (size_t)n, reports, now);
	}
}

static void on_outcome(struct slot *s, struct wire_frame *f)
{
	static const char *const garbled = "what the slot said was garbled";
	struct outcome o = { .delay_s = -1 };
	struct run *r = by_number(s, (uint64_t)wire_get(f));
	int64_t delay;

	o.as = (enum run_as)wire_get(f);
	o.final = wire_get(f) != 0;
	delay = wire_get(f);
	o.delay_s = delay < 0 ? -1 : (double)delay / 1e6;
	o.class = wire_get_text(f, NULL);
	o.error = wire_get_text(f, NULL);
	o.detail = wire_get_text(f, NULL);
	o.result = wire_get_text(f, NULL);
	if (!r)
		return;
	if (f->bad)
		o = outcome_of(RUN_FAILED, "crash", garbled);
	run_end(r, &o);
}

static void on_log(struct slot *s, struct wire_frame *f, struct reports *reports, long long now)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	struct run *r = by_number(s, (uint64_t)wire_get(f));
	int64_t level = wire_get(f);
	size_t len = 0;
	const char *line = wire_get_text(f, &len);

	if (f->bad || !r || level < 0 || level > 3)
		return;
	output_of(&s->output, r, reports, now);
	output_line(&s->output, levels[level], line, len, reports, now);
}

static void read_frames(struct slot *s, struct reports *reports, long long now)
{
	struct wire_frame f;
	size_t from = 0;

	while (wire_next(&s->in, &from, &f) == WIRE_WHOLE) {
		switch (f.type) {
		case WIRE_OUTCOME:
			on_outcome(s, &f);
			break;
		case WIRE_LOG:
			on_log(s, &f, reports, now);
			break;
		case WIRE_DRAIN:
			output_of(&s->output, by_number(s, (uint64_t)wire_get(&f)), reports, now);
			read_stream(s, s->out, 0, reports, now);
			read_stream(s, s->err, 1, reports, now);
			output_flush(&s->output, reports, now);
			board_set_drained(s->board);
			break;
		case WIRE_WAKE:
			if (!s->progress_us)
				s->progress_us = now;
			break;
		case WIRE_JOB:
			break;
		}
	}
	tow_buf_eat(&s->in, from);
	if (s->in.len == 0 && s->in.size > 65536)
		tow_buf_release(&s->in);
}

static void read_socket(struct slot *s)
{
	char piece[16384];
	ssize_t n;

	for (;;) {
		n = read(s->socket, piece, sizeof(piece));
		if (n > 0)
			tow_buf_add(&s->in, piece, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return;
		if (n > 0 && (size_t)n < sizeof(piece))
			return;
	}
}

/* An ending of ours outweighs what the handler makes of it, unless it made it to the end. */
static void overrule(const struct slot *s, struct run *r)
{
	static const char *const texts[] = {
		[END_TIMEOUT] = "ended: it ran longer than its timeout",
		[END_DEADLINE] = "ended: its deadline passed",
		[END_CANCEL] = "cancelled while it ran",
		[END_SHUTDOWN] = "given back: the worker was stopped",
	};
	struct outcome o = outcome_of(RUN_FAILED, NULL, NULL);

	if (!r->outcome || strncmp(r->outcome, "\"as\":\"completed\"", 16) == 0)
		return;
	switch (s->ending) {
	case END_NONE:
	case END_LOST:
		return;
	case END_TIMEOUT:
		o.class = "timeout";
		break;
	case END_DEADLINE:
		o.class = "deadline";
		o.final = true;
		break;
	case END_CANCEL:
		o.as = RUN_CANCELLED;
		break;
	case END_SHUTDOWN:
		o.as = RUN_RETURNED;
		break;
	}
	o.error = texts[s->ending];
	run_end(r, &o);
}

/* Jobs below the board's done have ended; one whose outcome comes as a frame waits for it. */
static void collect(struct slot *s, struct runs *ended, uint64_t done, struct reports *reports,
		    long long now)
{
	struct run *r;

	while ((r = s->jobs.first) && r->number < done) {
		struct board_mark mark = s->board->ring[r->number % BOARD_RING];

		if (mark.took_us < 0 && !r->outcome)
			return;
		r->started_us = mark.started_us;
		r->took_us = mark.took_us < 0 ? -1 - mark.took_us : mark.took_us;
		runs_pop(&s->jobs);
		r->queue->given--;
		s->early_deaths = 0;
		if (s->output.run == r->id)
			output_flush(&s->output, reports, now); /* a last line without an end */
		overrule(s, r);
		runs_push(ended, r);
	}
}

void slot_read(struct slot *s, struct runs *ended, struct reports *reports, long long now)
{
	if (s->pid == 0)
		return;
	read_stream(s, s->out, 0, reports, now);
	read_stream(s, s->err, 1, reports, now);
	read_socket(s);
	read_frames(s, reports, now);
	collect(s, ended, atomic_load(&s->board->done), reports, now);
}

void slot_progress(struct slot *s, struct reports *reports, long long now)
{
	struct board_progress p;
	uint32_t version;
	struct run *r;

	if (!s->progress_us || now < s->progress_us)
		return;
	s->progress_us = 0;
	if (!board_read_progress(s->board, &p, &version)) {
		s->progress_us = now + 1000;
		return;
	}
	if (version == s->progress_seen)
		return;
	s->progress_seen = version;
	s->progress_us = now + PROGRESS_EVERY_US;
	r = by_number(s, p.job);
	if (r)
		reports_progress(reports, r, &p, now);
}
