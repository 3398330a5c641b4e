/* Steps that handlers want kept. A handler waits until tow.save_step has committed; nobody else
 * does: this is a connection of its own, made for the first step and closed when none has come for
 * a while. A step whose answer was lost with the connection is sent again: keeping it twice is
 * keeping it. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "dispatcher.h"
#include "tow/log.h"

#define REST_US	    60000000
#define PATIENCE_US 30000000

void steps_init(struct dispatcher *d)
{
	tow_link_init(&d->steps.link, d->url, "worker steps");
}

/* The slot that has waited longest. One waits for one step at a time, so everybody has a turn. */
static struct slot *waiting(const struct dispatcher *d)
{
	struct slot *first = NULL;

	for (size_t i = 0; i < d->slots.n; i++) {
		struct slot *s = d->slots.items[i];

		if (s->step.name && (!first || s->step.since_us < first->step.since_us))
			first = s;
	}
	return first;
}

/* NULL when it has died meanwhile. */
static struct slot *asking(const struct dispatcher *d)
{
	for (size_t i = 0; i < d->slots.n; i++)
		if (d->slots.items[i]->step.name && d->slots.items[i]->step.run == d->steps.run)
			return d->slots.items[i];
	return NULL;
}

static void answer(struct dispatcher *d, enum board_verdict verdict, const char *why)
{
	struct slot *s = asking(d);

	d->steps.backoff_us = 0;
	if (s)
		slot_answer(s, verdict, why);
}

static void refused(struct dispatcher *d, const struct tow_err *e, long long now)
{
	if (strcmp(e->class, "TW410") == 0) {
		answer(d, BOARD_LOST, NULL);
		return;
	}
	tow_log_err(TOW_WARN, "step.refused", e);
	if (e->code == TOW_RETRY || e->code == TOW_CANCELLED)
		d->steps.again_us = now + tow_backoff_next(&d->steps.backoff_us);
	else
		answer(d, BOARD_REFUSED, e->text);
}

static void send_step(struct dispatcher *d, const struct step *step, long long now)
{
	struct steps *t = &d->steps;
	char worker[24], job[24], run[24];
	struct tow_err e = { 0 };

	snprintf(worker, sizeof(worker), "%lld", d->beat.worker);
	snprintf(job, sizeof(job), "%lld", step->job);
	snprintf(run, sizeof(run), "%lld", step->run);
	t->run = step->run;
	t->used_us = now;
	if (!tow_link_send(&t->link, now, &e, "tow.save_step",
			   (const char *[]){ worker, job, run, step->name, step->result }, 5))
		tow_log_err(TOW_WARN, "steps.lost", &e);
}

static void hear(struct dispatcher *d, long long now)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err e = { 0 };
	const char *kept, *channel, *payload;

	switch (tow_link_turn(&d->steps.link, now, &rows, &e)) {
	case TOW_LINK_ANSWERED:
		d->steps.failing = (struct tow_repeat){ 0 };
		kept = tow_rows_count(rows) == 1 ? tow_rows_at(rows, 0, 0) : NULL;
		answer(d, kept && *kept == 't' ? BOARD_KEPT : BOARD_LOST, NULL);
		break;
	case TOW_LINK_REFUSED:
		refused(d, &e, now);
		break;
	case TOW_LINK_LOST:
		tow_log_again(TOW_WARN, "steps.lost", &e, &d->steps.failing);
		break;
	case TOW_LINK_CONNECTED:
	case TOW_LINK_NOTHING:
		break;
	}
	if (d->steps.link.state == TOW_LINK_IDLE)
		(void)tow_db_bell(d->steps.link.db, &channel,
				  &payload); /* reads the socket: is it still there? */
}

void steps_redial(struct dispatcher *d, long long now)
{
	if (d->steps.link.state != TOW_LINK_DOWN)
		tow_link_drop(&d->steps.link, now);
}

void steps_turn(struct dispatcher *d, long long now)
{
	struct tow_link *l = &d->steps.link;
	const struct slot *s;

	if (l->state == TOW_LINK_DOWN && !waiting(d))
		return;
	hear(d, now);
	s = waiting(d);
	if (l->state == TOW_LINK_IDLE && s && now >= d->steps.again_us && d->beat.worker)
		send_step(d, &s->step, now);
	else if ((l->state == TOW_LINK_IDLE && !s && now - d->steps.used_us >= REST_US) ||
		 (l->state == TOW_LINK_BUSY && now - l->since_us >= PATIENCE_US))
		tow_link_drop(l, now);
}

long long steps_wake(const struct dispatcher *d, long long now)
{
	const struct tow_link *l = &d->steps.link;
	const struct steps *t = &d->steps;
	bool any = waiting(d) != NULL;

	if (l->state == TOW_LINK_BUSY)
		return l->since_us + PATIENCE_US;
	if (l->state == TOW_LINK_IDLE && any)
		return t->again_us > now ? t->again_us : LLONG_MAX;
	if (l->state == TOW_LINK_IDLE)
		return t->used_us + REST_US;
	return any || l->state == TOW_LINK_DIALING ? tow_link_wake(l) : LLONG_MAX;
}
