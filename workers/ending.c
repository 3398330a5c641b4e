/* How slots end: asked, killed, reaped, replaced. See slots.h. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slots.h"

#define EARLY_US                                                                                  \
	1000000 /* a slot that dies sooner than this, and did nothing, is forked again only after \
		   a while */

void slot_take_back(struct slot *s, struct runs *back)
{
	uint64_t first;
	struct runs kept = { 0 };
	struct run *r;

	if (!s->pid || !s->jobs.first)
		return;
	first = board_take_back(s->board, s->given);
	while ((r = runs_pop(&s->jobs))) {
		if (r->number >= first)
			r->queue->given--;
		runs_push(r->number < first ? &kept : back, r);
	}
	s->jobs = kept;
}

void slot_end(struct slot *s, enum ending why, long grace_ms, struct runs *back, long long now)
{
	slot_take_back(s, back);
	s->retire = true;
	if (!s->pid || s->exited)
		return;
	if (s->ending == END_NONE || why == END_LOST)
		s->ending = why;
	if (grace_ms <= 0) {
		slot_kill(s);
		return;
	}
	kill(-s->pid, SIGTERM);
	s->kill_at_us = now + grace_ms * 1000LL;
}

void slot_kill(struct slot *s)
{
	if (s->pid && !s->exited)
		kill(-s->pid, SIGKILL);
	s->kill_at_us = 0;
}

void slot_dismiss(struct slot *s)
{
	if (!s->retire || s->dismissed || !s->pid || s->exited || s->jobs.first)
		return;
	s->dismissed = true;
	shutdown(s->socket, SHUT_WR);
}

bool slots_reaped(struct slots *s, pid_t pid, int status)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->items[i]->pid != pid || s->items[i]->exited)
			continue;
		s->items[i]->exited = true;
		s->items[i]->status = status;
		return true;
	}
	return false;
}

/* What the way a slot died says about its job. */
static struct outcome cause(const struct slot *s, char *text, size_t size)
{
	int number = WIFSIGNALED(s->status) ? WTERMSIG(s->status) : 0;
	struct outcome o = outcome_of(RUN_FAILED, "crash", text);

	switch (s->ending) {
	case END_TIMEOUT:
		snprintf(text, size, "killed: it ran longer than its timeout");
		o.class = "timeout";
		return o;
	case END_DEADLINE:
		snprintf(text, size, "killed: its deadline passed");
		o.class = "deadline";
		o.final = true;
		return o;
	case END_CANCEL:
		snprintf(text, size, "cancelled while it ran");
		return outcome_of(RUN_CANCELLED, NULL, text);
	case END_SHUTDOWN:
	case END_LOST:
		snprintf(text, size, "given back: the worker was stopped");
		return outcome_of(RUN_RETURNED, NULL, text);
	case END_NONE:
		break;
	}
	if (s->broken) {
		snprintf(text, size, "killed: what its slot said was garbled");
	} else if (number == SIGXCPU) {
		snprintf(text, size, "killed: it used more processor time than its limit");
		o.class = "cpu";
	} else if (number == SIGXFSZ) {
		snprintf(text, size, "killed: it wrote a file larger than its limit");
		o.class = "filesize";
	} else if (atomic_load(&s->board->starving)) {
		snprintf(text, size, "out of memory under its limit");
		o.class = "memory";
	} else if (number) {
		snprintf(text, size, "killed by signal %d (%s)", number, strsignal(number));
	} else {
		snprintf(text, size, "the slot exited with status %d", WEXITSTATUS(s->status));
	}
	return o;
}

static void close_all(struct slot *s)
{
	tow_closep(&s->socket);
	tow_closep(&s->out);
	tow_closep(&s->err);
	tow_buf_release(&s->in);
	tow_buf_release(&s->outbox);
	step_release(&s->step);
}

static void be_replaced(struct slot *s, long long now)
{
	bool early = s->ending == END_NONE && !s->retire && now - s->forked_us < EARLY_US;

	s->early_deaths = early ? s->early_deaths + 1 : 0;
	s->fork_at_us =
		s->early_deaths > 3
			? now + (100000LL << (s->early_deaths < 10 ? s->early_deaths - 4 : 6))
			: now;
	s->pid = 0;
	s->exited = false;
	s->dismissed = false;
	s->broken = false;
	s->ending = END_NONE;
	s->kill_at_us = 0;
	s->retire = s->surplus;
	s->progress_us = 0;
}

/* It died before it could say how these ended: the last that it started, or one whose outcome was
 * garbled. */
static void end_unheard(struct slot *s, struct runs *ended, struct reports *reports, long long now)
{
	char text[160];
	struct outcome o = cause(s, text, sizeof(text));
	long long since = 0;
	struct run *r;

	while ((r = s->jobs.first) && r->number < atomic_load(&s->board->done)) {
		run_end(r, &o);
		slot_collect(s, ended, reports, now);
	}
	r = slot_current(s, &since);
	if (!r)
		return;
	runs_remove(&s->jobs, r);
	r->queue->given--;
	r->started_us = since;
	r->took_us = now - since;
	run_end(r, &o);
	runs_push(ended, r);
}

void slot_bury(struct slot *s, struct runs *ended, struct runs *back, struct reports *reports,
	       long long now)
{
	kill(-s->pid, SIGKILL); /* what it left behind in its group */
	slot_read_last(s, ended, reports, now);
	output_flush(&s->output, reports, now);
	end_unheard(s, ended, reports, now);
	for (struct run *left = s->jobs.first; left; left = left->next)
		left->queue->given--;
	runs_append(back, &s->jobs);
	close_all(s);
	be_replaced(s, now);
}
