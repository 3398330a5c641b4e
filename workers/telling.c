/* What jobs print and how far they are goes to the database: when, how much of it at once, and what
 * becomes of lines that are refused. They are collected in output.c. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "dispatcher.h"
#include "tow/log.h"

#define REPORT_EVERY_US 250000
#define REPORT_SOON_US	20000
#define REPORT_MOST	1000 /* lines */

void telling_init(struct dispatcher *d)
{
	d->beat.report_most = REPORT_MOST;
}

void telling_ask(struct dispatcher *d, long long now)
{
	TOW_AUTO_BUF progress = { 0 };
	TOW_AUTO_BUF log = { 0 };
	char worker[24];

	snprintf(worker, sizeof(worker), "%lld", d->beat.worker);
	reports_write(&d->reports, &progress, &log, d->beat.report_most,
		      d->beat.report_most == REPORT_MOST, now);
	d->beat.report_us = now;
	if (d->reports.lost) {
		tow_log(TOW_WARN, "report.dropped", "lines=%llu", d->reports.lost);
		d->reports.lost = 0;
	}
	beat_ask(d, BEAT_REPORT, "tow.report", (const char *[]){ worker, progress.data, log.data },
		 3, now);
}

void telling_done(struct dispatcher *d)
{
	struct beat *b = &d->beat;

	reports_sent(&d->reports);
	b->report_backoff_us = 0;
	b->report_most = b->report_most > REPORT_MOST / 2 ? REPORT_MOST : 2 * b->report_most;
}

/* What the database cannot take is looked for by halves, and left out. What it will not take now is
 * sent again. */
void telling_refused(struct dispatcher *d, const struct tow_err *e, long long now)
{
	struct beat *b = &d->beat;
	size_t lines = d->reports.out_lines;

	tow_log_err(TOW_WARN, "report.refused", e);
	if (e->code == TOW_RETRY) {
		b->report_again_us = now + tow_backoff_next(&b->report_backoff_us);
	} else if (strncmp(e->class, "22", 2) != 0) {
		tow_log(TOW_WARN, "report.dropped", "lines=%zu", lines);
		reports_sent(&d->reports);
	} else if (lines > 1 || (lines == 1 && b->report_most == REPORT_MOST)) {
		b->report_most = lines > 1 ? lines / 2 : 1;
	} else {
		reports_leave_out(&d->reports, e->class, now);
		b->report_most = REPORT_MOST;
	}
}

/* Lines soon after they were written, but at most four reports a second; at once at the end, and
 * while a bad line is looked for. */
long long telling_at(const struct dispatcher *d)
{
	const struct beat *b = &d->beat;
	long long soon = d->reports.since_us + REPORT_SOON_US,
		  next = b->report_us + REPORT_EVERY_US;

	if (!reports_any(&d->reports))
		return LLONG_MAX;
	if (d->phase == PHASE_OVER || b->report_most < REPORT_MOST)
		return b->report_again_us;
	next = soon > next ? soon : next;
	return next > b->report_again_us ? next : b->report_again_us;
}
