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
#define TURN_MOST	  (64 << 10)
#define ALL_MOST	  (2 << 20)

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

static bool add(struct slots *s, struct queue *q)
{
	struct slot *slot;

	if (s->n == SLOTS_MOST)
		return false;
	slot = tow_xcalloc(1, sizeof(*slot));
	*slot = (struct slot){
		.queue = q, .socket = -1, .out = -1, .err = -1, .board = make_board()
	};
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

bool slot_takes(const struct slot *s)
{
	return s->pid && s->socket >= 0 && !s->retire && !s->exited &&
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

/* At most so much is read at once, so that no handler holds up the loop: TURN_MOST in the course of
 * things. Where nobody writes any more, ALL_MOST is more than a pipe or a socket can hold. */
static ssize_t read_piece(int *fd, char *piece, size_t size, size_t *left)
{
	ssize_t n;

	if (*fd < 0 || *left == 0)
		return 0;
	do
		n = read(*fd, piece, size < *left ? size : *left);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		*left -= (size_t)n;
	else if (n == 0 || errno != EAGAIN)
		tow_closep(fd); /* nobody will say anything here again */
	return n;
}

/* Whatever was printed belongs to the job that the board showed before it was read: a slot does not
 * go on to the next job while output waits. */
static void read_stream(struct slot *s, int stream, size_t most, struct reports *reports,
			long long now)
{
	char piece[16384];

	for (;;) {
		uint64_t done = atomic_load(&s->board->done);
		ssize_t n = read_piece(stream ? &s->err : &s->out, piece, sizeof(piece), &most);

		if (n <= 0)
			return;
		output_of(&s->output, not_ended(s, done), reports, now);
		output_add(&s->output, stream, piece, (size_t)n, reports, now);
	}
}

/* A handler wrote where it should not have. Whatever runs there cannot be trusted to say how it
 * ends. */
static void break_off(struct slot *s)
{
	s->broken = true;
	tow_buf_reset(&s->in);
	tow_closep(&s->socket);
	slot_kill(s);
}

static bool on_outcome(struct slot *s, struct wire_frame *f)
{
	struct outcome o = { .delay_s = -1 };
	struct run *r = by_number(s, (uint64_t)wire_get(f));
	int64_t as = wire_get(f), final = wire_get(f), delay = wire_get(f);

	o.class = wire_get_text(f, NULL);
	o.error = wire_get_text(f, NULL);
	o.detail = wire_get_text(f, NULL);
	o.result = wire_get_text(f, NULL);
	if (f->bad || as < RUN_COMPLETED || as > RUN_UNKNOWN || delay > WIRE_DELAY_MOST_US)
		return false;
	o.as = (enum run_as)as;
	o.final = final != 0;
	o.delay_s = delay < 0 ? -1 : (double)delay / 1e6;
	if (r)
		run_end(r, &o);
	return true;
}

static bool on_log(struct slot *s, struct wire_frame *f, struct reports *reports, long long now)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	struct run *r = by_number(s, (uint64_t)wire_get(f));
	int64_t level = wire_get(f);
	size_t len = 0;
	const char *line = wire_get_text(f, &len);

	if (!line || level < TOW_ERROR || level > TOW_DEBUG)
		return false;
	if (r) {
		output_of(&s->output, r, reports, now);
		output_line(&s->output, levels[level], line, len, reports, now);
	}
	return true;
}

static bool on_drain(struct slot *s, struct wire_frame *f, struct reports *reports, long long now)
{
	struct run *r = by_number(s, (uint64_t)wire_get(f));

	if (f->bad)
		return false;
	output_of(&s->output, r, reports, now);
	read_stream(s, 0, ALL_MOST, reports, now);
	read_stream(s, 1, ALL_MOST, reports, now);
	output_flush(&s->output, reports, now);
	board_set_drained(s->board);
	return true;
}

/* False when it makes no sense. */
static bool on_frame(struct slot *s, struct wire_frame *f, struct reports *reports, long long now)
{
	switch (f->type) {
	case WIRE_OUTCOME:
		return on_outcome(s, f);
	case WIRE_LOG:
		return on_log(s, f, reports, now);
	case WIRE_DRAIN:
		return on_drain(s, f, reports, now);
	case WIRE_WAKE:
		if (!s->progress_us)
			s->progress_us = now;
		return true;
	case WIRE_JOB:
		break;
	}
	return false;
}

static void read_frames(struct slot *s, struct reports *reports, long long now)
{
	enum wire_state state;
	struct wire_frame f;
	size_t from = 0;

	while ((state = wire_next(&s->in, &from, &f)) == WIRE_WHOLE)
		if (!on_frame(s, &f, reports, now)) {
			state = WIRE_BROKEN;
			break;
		}
	tow_buf_eat(&s->in, from);
	if (state == WIRE_BROKEN)
		break_off(s);
	if (s->in.len == 0 && s->in.size > 65536)
		tow_buf_release(&s->in);
}

static void read_socket(struct slot *s, size_t most)
{
	char piece[16384];
	ssize_t n;

	while ((n = read_piece(&s->socket, piece, sizeof(piece), &most)) > 0)
		tow_buf_add(&s->in, piece, (size_t)n);
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
void slot_collect(struct slot *s, struct runs *ended, struct reports *reports, long long now)
{
	uint64_t done = atomic_load(&s->board->done);
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

static void read_all(struct slot *s, size_t most, struct runs *ended, struct reports *reports,
		     long long now)
{
	if (s->pid == 0)
		return;
	read_stream(s, 0, most, reports, now);
	read_stream(s, 1, most, reports, now);
	read_socket(s, most);
	read_frames(s, reports, now);
	slot_collect(s, ended, reports, now);
}

void slot_read(struct slot *s, struct runs *ended, struct reports *reports, long long now)
{
	read_all(s, TURN_MOST, ended, reports, now);
}

void slot_read_last(struct slot *s, struct runs *ended, struct reports *reports, long long now)
{
	read_all(s, ALL_MOST, ended, reports, now);
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
