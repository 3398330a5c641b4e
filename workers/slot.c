/* The life of a slot: see slot.h. */
#include "slot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fence.h"
#include "job.h"
#include "orphans.h"
#include "run.h"
#include "shelter.h"

#define ANNOUNCE_US  2000 /* jobs that ended may wait this long for others to be told together */
#define SOCKET_LEAST 200  /* the socket's descriptor: out of the way of a handler's stray writes */
#define ORPHANED     SIGRTMAX /* sent by the kernel when the dispatcher dies */

struct self {
	struct board *board;
	const struct kinds *kinds;
	const char *db_url;
	struct tow_db *db;
	int socket;
	struct tow_arena arena;
	struct tow_buf in, out;
	uint64_t received;   /* jobs, so the number of the next one */
	long long untold_us; /* since when the dispatcher has not been told of an end; 0: it knows
				all */
};

static void on_term(int signal_number)
{
	(void)signal_number;
	job_stopping = 1;
}

/* A plain SIGKILL would reach this process alone, and not what it has started. */
static void on_orphaned(int signal_number)
{
	(void)signal_number;
	orphans_end_with_group();
}

static void signals(void)
{
	struct sigaction term = { .sa_handler = on_term, .sa_flags = SA_RESTART };
	struct sigaction orphaned = { .sa_handler = on_orphaned };
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	sigaction(SIGTERM, &term, NULL);
	sigfillset(&orphaned.sa_mask);
	sigaction(ORPHANED, &orphaned, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* As high as this process may have one, if not as high as it should be. */
static int raise_socket(int socket)
{
	int raised = fcntl(socket, F_DUPFD_CLOEXEC, SOCKET_LEAST);

	return raised < 0 ? fcntl(socket, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : raised;
}

/* Nothing, stdout, stderr and the socket are left. Returns the socket. */
static int descriptors(const struct slot_setup *s)
{
	int socket = raise_socket(s->socket), out = fcntl(s->out, F_DUPFD, 16),
	    err = fcntl(s->err, F_DUPFD, 16);
	int null = open("/dev/null", O_RDONLY);

	if (socket < 0 || out < 0 || err < 0 || null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(err, 2) < 0)
		_exit(71);
	if (socket > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned)socket - 1, 0);
	close_range((unsigned)socket + 1, ~0U, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	return socket;
}

static bool any_wants_db(const struct kinds *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->items[i].database)
			return true;
	return false;
}

/* A slot begins as a copy of the dispatcher: its memory holds what opens the database. Nobody gets
 * to see it in a dump, nor (a program of the same user) in /proc; where no kind has use for the
 * address, it is gone. A core file is a dump even where the limit of its size means nothing. */
static void keep_secrets(const struct slot_setup *s)
{
	struct rlimit core;

	prctl(PR_SET_DUMPABLE, 0);
	if (getrlimit(RLIMIT_CORE, &core) == 0) {
		core.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &core);
	}
	shelter_close();
	if (any_wants_db(s->kinds))
		return;
	shelter_wipe();
	if (s->db_url)
		explicit_bzero(s->db_url, strlen(s->db_url));
}

static int settle_in(const struct slot_setup *s)
{
	int socket;

	setpgid(0, 0);
	signals();
	prctl(PR_SET_PDEATHSIG, ORPHANED);
	if (getppid() != s->parent)
		_exit(0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "tow slot");
	socket = descriptors(s);
	keep_secrets(s);
	return socket;
}

/* What the handler said by its return value, and by the requests that it made before. */
static struct outcome judge(const struct tow_job *j, bool ok, const struct tow_err *e)
{
	struct outcome o = { .as = RUN_FAILED, .delay_s = -1 };

	if (ok) {
		o.as = RUN_COMPLETED;
		o.result = j->result;
		o.spawn = j->flow.spawn.data;
		return o;
	}
	if (j->flow.wait_for) {
		o.as = RUN_WAITS;
		o.wait_for = j->flow.wait_for;
		o.wait_name = j->flow.wait_name;
		o.delay_s = j->flow.wait_s;
		o.spawn = j->flow.spawn.data;
		return o;
	}
	o.class = e->class[0] ? e->class : NULL;
	o.error = e->text[0] ? e->text : "the handler failed and did not say why";
	o.detail = e->hint[0] ? e->hint : NULL;
	if (j->snooze_s >= 0) {
		o.as = RUN_SNOOZED;
		o.delay_s = j->snooze_s;
		o.spawn = j->flow.spawn.data;
	} else if (e->code == TOW_CANCELLED) {
		o.as = RUN_CANCELLED;
	} else if (e->code == TOW_SHUTDOWN) {
		o.as = RUN_RETURNED;
	} else {
		o.final = e->code == TOW_FINAL || e->code == TOW_BUG;
		o.delay_s = j->retry_s;
	}
	return o;
}

static void put_text(struct tow_buf *b, const char *text)
{
	wire_put_text(b, text, text ? strlen(text) : 0);
}

static void send_outcome(struct self *self, const struct tow_job *j, const struct outcome *o)
{
	size_t at = wire_begin(&self->out, WIRE_OUTCOME);

	wire_put(&self->out, (int64_t)j->number);
	wire_put(&self->out, o->as);
	wire_put(&self->out, o->final);
	wire_put(&self->out, o->delay_s < 0 ? -1 : (int64_t)(o->delay_s * 1e6));
	put_text(&self->out, o->class);
	put_text(&self->out, o->error);
	put_text(&self->out, o->detail);
	put_text(&self->out, o->result);
	put_text(&self->out, o->wait_for);
	put_text(&self->out, o->wait_name);
	put_text(&self->out, o->spawn);
	wire_end(&self->out, at);
	job_send(self->socket, &self->out);
	self->untold_us = 0;
}

/* Whatever the job has printed is read as its own before another may print. */
static void drain_output(struct self *self, const struct tow_job *j)
{
	uint32_t was = atomic_load(&self->board->drained);
	int out = 0, err = 0;
	size_t at;

	fflush(stdout);
	if (ioctl(1, FIONREAD, &out) == 0 && ioctl(2, FIONREAD, &err) == 0 && out + err == 0)
		return;
	at = wire_begin(&self->out, WIRE_DRAIN);
	wire_put(&self->out, (int64_t)j->number);
	wire_end(&self->out, at);
	job_send(self->socket, &self->out);
	board_wait_drained(self->board, was);
}

static void run(struct self *self, struct tow_job *j, long long start_us)
{
	struct tow_err e = { 0 };
	struct fence fence;
	struct outcome o;
	long long end_us;
	bool ok = false;

	if (j->kind) {
		fence_enter(&fence, j->kind, self->board);
		ok = j->kind->how->run(j, &e);
		fence_leave(&fence);
	}
	end_us = tow_mono_us();
	orphans_end();
	drain_output(self, j);
	if (j->result) /* the whole batch would be refused for what is no JSON */
		j->result = job_json(j, j->result);
	if (j->flow.spawn.len > 0)
		tow_buf_addc(&j->flow.spawn, ']');
	o = j->kind ? judge(j, ok, &e) : outcome_of(RUN_UNKNOWN, NULL, NULL);
	if (o.as == RUN_COMPLETED && !o.result && !o.spawn) {
		board_end(self->board, j->number,
			  (struct board_mark){ start_us, end_us - start_us });
		if (!self->untold_us)
			self->untold_us = end_us;
		return;
	}
	board_end(self->board, j->number,
		  (struct board_mark){ start_us, -1 - (end_us - start_us) });
	send_outcome(self, j, &o);
}

static void take_job(struct self *self, struct wire_frame *f)
{
	struct tow_job j = {
		.number = self->received++,
		.arena = &self->arena,
		.snooze_s = -1,
		.retry_s = -1,
		.board = self->board,
		.progress = { .percent = -1 },
		.socket = self->socket,
		.db_url = self->db_url,
		.db = &self->db,
	};
	long long now = tow_mono_us();

	j.id = wire_get(f);
	j.run = wire_get(f);
	j.attempt = (int)wire_get(f);
	j.max_attempts = (int)wire_get(f);
	j.queue = wire_get_text(f, NULL);
	j.kind_name = wire_get_text(f, NULL);
	j.args = wire_get_text(f, &j.args_len);
	j.flow.memory = wire_get_text(f, NULL);
	if (f->bad || !j.queue || !j.kind_name || !j.args)
		_exit(70);
	if (!board_start(self->board, j.number, now))
		return;
	j.kind = kinds_find(self->kinds, j.kind_name);
	run(self, &j, now);
	tow_json_free(j.doc);
	workflow_release(&j.flow);
	tow_arena_reset(&self->arena);
}

static void announce(struct self *self)
{
	if (!self->untold_us)
		return;
	self->untold_us = 0;
	job_wake(self->socket);
}

/* More from the dispatcher; it ends this process by closing the socket. */
static void receive(struct self *self)
{
	char piece[32768];
	ssize_t n = read(self->socket, piece, sizeof(piece));

	if (n > 0)
		tow_buf_add(&self->in, piece, (size_t)n);
	else if (n == 0 || errno != EINTR)
		_exit(0);
}

_Noreturn void slot_main(const struct slot_setup *s)
{
	struct self self = { .board = s->board, .kinds = s->kinds, .db_url = s->db_url };

	self.socket = settle_in(s);
	for (;;) {
		struct wire_frame f;
		size_t from = 0;

		while (wire_next(&self.in, &from, &f) == WIRE_WHOLE) {
			if (self.untold_us && tow_mono_us() - self.untold_us > ANNOUNCE_US)
				announce(&self);
			take_job(&self, &f);
		}
		tow_buf_eat(&self.in, from);
		announce(&self);
		receive(&self);
	}
}
