/* Lines and progress on their way to the database: see output.h. */
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tow/json.h"

#define LINE_MOST    8192      /* bytes of a line; a longer one is cut into several */
#define LINES_MOST   10000     /* of a run */
#define BYTES_MOST   (1 << 20) /* of a run */
#define WAITING_MOST (8 << 20) /* bytes that may wait while the database is away */

/* A line that waits; its text follows. */
struct record {
	long long job, run, at_us;
	const char *level;
	size_t len;
};

static void wait_line(struct reports *to, long long job, long long run, const char *level,
		      const char *text, size_t len, long long now)
{
	struct record r = { job, run, now, level, len };

	if (to->log.len > WAITING_MOST) {
		to->lost++;
		return;
	}
	tow_buf_add(&to->log, &r, sizeof(r));
	tow_buf_add(&to->log, text, len);
	to->n_lines++;
	if (!to->since_us)
		to->since_us = now;
}

void output_line(struct output *o, const char *level, const char *line, size_t len,
		 struct reports *to, long long now)
{
	static const char cut[] =
		"more than 10000 lines or 1 MiB: the rest of this attempt's output is left out";

	if (!o->run || o->cut)
		return;
	if (o->lines >= LINES_MOST || o->bytes + len > BYTES_MOST) {
		o->cut = true;
		wait_line(to, o->job, o->run, "warn", cut, sizeof(cut) - 1, now);
		return;
	}
	o->lines++;
	o->bytes += len;
	for (; len > LINE_MOST; line += LINE_MOST, len -= LINE_MOST)
		wait_line(to, o->job, o->run, level, line, LINE_MOST, now);
	wait_line(to, o->job, o->run, level, line, len, now);
}

/* No character in its middle; an ellipsis stands for the rest. */
static void cut_into(char *text, size_t size, const char *line, size_t len)
{
	static const char more[] = "\xe2\x80\xa6";
	bool cut = len >= size;

	if (cut)
		for (len = size - sizeof(more); len > 0 && (line[len] & 0xc0) == 0x80; len--)
			;
	snprintf(text, size, "%.*s%s", (int)len, line, cut ? more : "");
}

/* What a terminal would show of it: what stands behind a carriage return has been written over. */
static void keep_last(struct output *o, const char *line, size_t len)
{
	const char *over, *end = line + len;

	while (end > line && strchr(" \t\r", end[-1]))
		end--;
	over = memrchr(line, '\r', (size_t)(end - line));
	line = over ? over + 1 : line;
	while (line < end && strchr(" \t", *line))
		line++;
	if (line < end)
		cut_into(o->last, sizeof(o->last), line, (size_t)(end - line));
}

const char *output_last(const struct output *o, const struct run *r)
{
	return o->run == r->id ? o->last : o->before.run == r->id ? o->before.last : "";
}

static void printed(struct output *o, int stream, const char *line, size_t len, struct reports *to,
		    long long now)
{
	static const char *const streams[2] = { "stdout", "stderr" };

	if (stream == 1)
		keep_last(o, line, len);
	output_line(o, streams[stream], line, len, to, now);
}

static void end_part(struct output *o, int stream, struct reports *to, long long now)
{
	struct tow_buf *part = &o->part[stream];

	if (part->len > 0)
		printed(o, stream, part->data, part->len, to, now);
	tow_buf_release(part);
}

void output_flush(struct output *o, struct reports *to, long long now)
{
	end_part(o, 0, to, now);
	end_part(o, 1, to, now);
}

void output_of(struct output *o, const struct run *r, struct reports *to, long long now)
{
	if (!r || r->id == o->run)
		return;
	output_flush(o, to, now);
	o->before.run = o->run;
	memcpy(o->before.last, o->last, sizeof(o->last));
	o->job = r->job;
	o->run = r->id;
	o->lines = 0;
	o->bytes = 0;
	o->cut = false;
	o->last[0] = '\0';
}

void output_add(struct output *o, int stream, const char *data, size_t n, struct reports *to,
		long long now)
{
	struct tow_buf *part = &o->part[stream];

	while (n > 0) {
		const char *newline = memchr(data, '\n', n);
		size_t len = newline ? (size_t)(newline - data) : n;

		if (newline && part->len == 0) {
			printed(o, stream, data, len, to, now);
		} else {
			tow_buf_add(part, data, len);
			if (newline)
				printed(o, stream, part->data, part->len, to, now);
			if (newline || part->len >= LINE_MOST)
				newline ? tow_buf_reset(part) : end_part(o, stream, to, now);
		}
		len += newline != NULL;
		data += len;
		n -= len;
	}
}

void output_release(struct output *o)
{
	tow_buf_release(&o->part[0]);
	tow_buf_release(&o->part[1]);
	*o = (struct output){ 0 };
}

void reports_progress(struct reports *to, const struct run *r, const struct board_progress *p,
		      long long now)
{
	size_t i = 0;

	while (i < to->n_progress && to->progress[i].run != r->id)
		i++;
	if (i == to->n_progress) {
		to->progress = tow_xrealloc(to->progress, (i + 1) * sizeof(*to->progress));
		to->n_progress++;
	}
	to->progress[i] = (struct progress){ r->job, r->id, *p, false };
	if (!to->since_us)
		to->since_us = now;
}

static void add_progress(struct tow_buf *b, const struct progress *p)
{
	tow_buf_addf(b, "%s{\"job\":%lld,\"run\":%lld", b->len > 1 ? "," : "", p->job, p->run);
	if (p->what.percent >= 0)
		tow_buf_addf(b, ",\"pct\":%.3f", p->what.percent);
	if (p->what.total > 0)
		tow_buf_addf(b, ",\"done\":%lld,\"total\":%lld", (long long)p->what.done,
			     (long long)p->what.total);
	if (p->what.note[0]) {
		tow_buf_adds(b, ",\"note\":");
		tow_json_quote(b, p->what.note, strnlen(p->what.note, sizeof(p->what.note)));
	}
	tow_buf_addc(b, '}');
}

void reports_release(struct reports *r)
{
	tow_buf_release(&r->log);
	free(r->progress);
	*r = (struct reports){ 0 };
}

bool reports_any(const struct reports *r)
{
	return r->n_lines > 0 || r->n_progress > 0;
}

static void add_line(struct tow_buf *log, const struct record *r, const char *text, long long now)
{
	tow_buf_addf(log, "%s{\"job\":%lld,\"run\":%lld,\"ago_us\":%lld,\"level\":\"%s\",\"line\":",
		     log->len > 1 ? "," : "", r->job, r->run, now - r->at_us, r->level);
	tow_json_quote(log, text, r->len);
	tow_buf_addc(log, '}');
}

void reports_write(struct reports *r, struct tow_buf *progress, struct tow_buf *log, size_t most,
		   bool with_progress, long long now)
{
	r->out_bytes = r->out_lines = 0;
	tow_buf_addc(log, '[');
	while (r->out_lines < most && r->out_bytes < r->log.len) {
		struct record line;

		memcpy(&line, r->log.data + r->out_bytes, sizeof(line));
		add_line(log, &line, r->log.data + r->out_bytes + sizeof(line), now);
		r->out_bytes += sizeof(line) + line.len;
		r->out_lines++;
	}
	tow_buf_addc(log, ']');
	tow_buf_addc(progress, '[');
	for (size_t i = 0; i < r->n_progress; i++) {
		r->progress[i].told = with_progress || r->out_lines == 0;
		if (r->progress[i].told)
			add_progress(progress, &r->progress[i]);
	}
	tow_buf_addc(progress, ']');
}

/* What has changed since it was written stays. */
static void forget_progress(struct reports *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n_progress; i++)
		if (!r->progress[i].told)
			r->progress[kept++] = r->progress[i];
	r->n_progress = kept;
}

void reports_sent(struct reports *r)
{
	forget_progress(r);
	r->n_lines -= r->out_lines;
	if (r->n_lines == 0)
		tow_buf_release(&r->log);
	else
		tow_buf_eat(&r->log, r->out_bytes);
	r->out_bytes = r->out_lines = 0;
	if (!reports_any(r))
		r->since_us = 0;
}

void reports_leave_out(struct reports *r, const char *why, long long now)
{
	struct record line = { 0 };
	char text[80];

	if (r->out_lines > 0)
		memcpy(&line, r->log.data, sizeof(line));
	reports_sent(r);
	if (!line.run)
		return;
	snprintf(text, sizeof(text), "a line was left out: the database refused it (%s)", why);
	wait_line(r, line.job, line.run, "warn", text, strlen(text), now);
}
