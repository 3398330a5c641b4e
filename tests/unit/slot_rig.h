/* Real slots under a dispatcher of a few lines, without a database. */
#ifndef TESTS_UNIT_SLOT_RIG_H
#define TESTS_UNIT_SLOT_RIG_H

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tow/proc.h"
#include "workers/config.h"
#include "workers/slots.h"

struct rig {
	struct config config;
	struct slots slots;
	struct queue queue;
	struct reports reports;
	struct runs ended, back;
	long long last;
	const char *memory;	    /* of the jobs that are given from now on */
	enum board_verdict verdict; /* on steps; BOARD_PENDING: none is given */
	struct tow_buf steps;	    /* "name=result ", as they came */
};

#define PATIENCE_US 20000000

static inline void read_config(struct config *c, const char *text)
{
	char path[] = "/tmp/tow-rig.XXXXXX";
	int fd = mkstemp(path);
	struct tow_err e = { 0 };
	bool ok;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	config_init(c);
	ok = config_read(c, path, &e);
	unlink(path);
	ck_assert_msg(ok, "%s", e.text);
}

/* One slot; config is the text of a worker's file. Kinds may be added before it is forked. */
static inline void rig_begin(struct rig *g, const char *config)
{
	*g = (struct rig){ .queue = { .name = (char *)"q", .id = 1 }, .verdict = BOARD_KEPT };
	pool_empty(&g->queue.own, "q", 1);
	pool_add(&g->queue.own, &g->queue, 1);
	read_config(&g->config, config);
	slots_init(&g->slots, NULL);
	slots_renew(&g->slots, &g->config.kinds);
	slots_resize(&g->slots, &g->queue.own);
}

static inline void rig_start(struct rig *g, const char *config)
{
	rig_begin(g, config);
	slots_fork(&g->slots, tow_mono_us());
}

static inline struct slot *rig_slot(struct rig *g)
{
	return g->slots.items[0];
}

static inline void rig_judge_step(struct rig *g)
{
	struct slot *s = rig_slot(g);

	if (!s->step.name || g->verdict == BOARD_PENDING)
		return;
	tow_buf_addf(&g->steps, "%s=%s ", s->step.name, s->step.result);
	slot_answer(s, g->verdict, "no such luck");
}

static inline void rig_turn(struct rig *g)
{
	struct slot *s = rig_slot(g);
	struct pollfd p[3] = { { s->socket, POLLIN, 0 },
			       { s->out, POLLIN, 0 },
			       { s->err, POLLIN, 0 } };
	long long now;
	int status;
	pid_t pid;

	poll(p, 3, 10);
	now = tow_mono_us();
	slot_read(s, &g->ended, &g->reports, now);
	slot_progress(s, &g->reports, now);
	rig_judge_step(g);
	if (s->kill_at_us && now >= s->kill_at_us)
		slot_kill(s);
	slot_dismiss(s);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (slots_reaped(&g->slots, pid, status))
			slot_bury(s, &g->ended, &g->back, &g->reports, now);
	slots_fork(&g->slots, now);
	(void)slot_flush(s);
}

static inline struct run *rig_give(struct rig *g, const char *kind, const char *args)
{
	struct run *r;
	long long until = tow_mono_us() + PATIENCE_US;

	while (!slot_takes(rig_slot(g), 1) && tow_mono_us() < until)
		rig_turn(g);
	ck_assert(slot_takes(rig_slot(g), 1));
	g->last++;
	r = run_make(g->last, 1000 + g->last, 1, 3, "q", kind, args, g->memory);
	r->queue = &g->queue;
	slot_give(rig_slot(g), r);
	(void)slot_flush(rig_slot(
		g)); /* false when it has crashed meanwhile: what it did not start comes back */
	return r;
}

/* Turns until so many runs have ended, or one runs; the test fails after 20 s. */
static inline void rig_wait_ended(struct rig *g, size_t n)
{
	long long until = tow_mono_us() + PATIENCE_US;

	while (g->ended.n < n && tow_mono_us() < until)
		rig_turn(g);
	ck_assert_uint_eq(g->ended.n, n);
}

static inline void rig_wait_running(struct rig *g, const struct run *r)
{
	long long until = tow_mono_us() + PATIENCE_US, since;

	while (slot_current(rig_slot(g), &since) != r && tow_mono_us() < until)
		rig_turn(g);
	ck_assert_ptr_eq(slot_current(rig_slot(g), &since), r);
}

static inline void rig_wait_reports(struct rig *g)
{
	long long until = tow_mono_us() + PATIENCE_US;

	while (!reports_any(&g->reports) && tow_mono_us() < until)
		rig_turn(g);
	ck_assert(reports_any(&g->reports));
}

/* Runs one job to its end: its outcome's members, "" when it is plainly completed. Valid until the
 * next. */
static inline const char *rig_run(struct rig *g, const char *kind, const char *args)
{
	static char said[4096];
	struct run *r;

	rig_give(g, kind, args);
	rig_wait_ended(g, 1);
	r = runs_pop(&g->ended);
	ck_assert_int_eq(r->job, g->last);
	snprintf(said, sizeof(said), "%s", r->outcome ? r->outcome : "");
	run_free(r);
	return said;
}

/* A report that was sent. */
static inline void reports_take(struct reports *r, struct tow_buf *progress, struct tow_buf *log,
				long long now)
{
	reports_write(r, progress, log, 1000, true, now);
	reports_sent(r);
}

/* What has been logged and shown so far, as tow.report gets it. Valid until the next. */
static inline const char *taken(struct rig *g, bool log)
{
	static struct tow_buf lines, progress;

	tow_buf_reset(&lines);
	tow_buf_reset(&progress);
	reports_take(&g->reports, &progress, &lines, tow_mono_us());
	return log ? lines.data : progress.data;
}

static inline const char *rig_log(struct rig *g)
{
	return taken(g, true);
}

static inline const char *rig_progress(struct rig *g)
{
	return taken(g, false);
}

static inline void rig_stop(struct rig *g)
{
	pid_t pid = rig_slot(g)->pid;

	slot_kill(rig_slot(g));
	if (pid > 0)
		waitpid(pid, NULL, 0);
	runs_free(&g->ended);
	runs_free(&g->back);
	pool_release(&g->queue.own);
	tow_buf_release(&g->steps);
	config_release(&g->config);
}

#endif
