/* What a handler may ask and say: see tow/kind.h. */
#include "job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orphans.h"
#include "shelter.h"

#define WAKE_EVERY_US 250000

volatile sig_atomic_t job_stopping;

void job_send(int socket, struct tow_buf *b)
{
	size_t sent = 0;

	while (sent < b->len) {
		ssize_t n = write(socket, b->data + sent, b->len - sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			orphans_end_with_group(); /* the dispatcher is gone */
		sent += (size_t)n;
	}
	tow_buf_reset(b);
}

void job_wake(int socket)
{
	TOW_AUTO_BUF b = { 0 };

	wire_signal(&b, WIRE_WAKE);
	job_send(socket, &b);
}

long long tow_job_id(const struct tow_job *j)
{
	return j->id;
}

long long tow_job_run(const struct tow_job *j)
{
	return j->run;
}

int tow_job_attempt(const struct tow_job *j)
{
	return j->attempt;
}

int tow_job_max_attempts(const struct tow_job *j)
{
	return j->max_attempts;
}

const char *tow_job_kind(const struct tow_job *j)
{
	return j->kind_name;
}

const char *tow_job_queue(const struct tow_job *j)
{
	return j->queue;
}

const char *tow_job_args_text(const struct tow_job *j)
{
	return j->args;
}

const struct tow_json *tow_job_args(struct tow_job *j)
{
	struct tow_err e;

	if (!j->parsed)
		(void)!tow_json_parse(&j->doc, j->args, j->args_len, &e);
	j->parsed = true;
	return j->doc;
}

struct tow_arena *tow_job_arena(struct tow_job *j)
{
	return j->arena;
}

/* The board always has the latest; the dispatcher is woken now and then, and looks again by itself
 * after that. */
static void show_progress(struct tow_job *j, const char *note)
{
	long long now = tow_mono_us();

	j->progress.job = j->number;
	snprintf(j->progress.note, sizeof(j->progress.note), "%s", note ? note : "");
	board_write_progress(j->board, &j->progress);
	if (now - j->woke_us < WAKE_EVERY_US)
		return;
	j->woke_us = now;
	job_wake(j->socket);
}

void tow_job_progress(struct tow_job *j, double percent, const char *note)
{
	j->progress.percent = percent > 100 ? 100 : percent;
	show_progress(j, note);
}

void tow_job_count(struct tow_job *j, long long done, long long total, const char *note)
{
	j->progress.done = done;
	j->progress.total = total;
	j->progress.percent = total > 0 ? 100.0 * (double)done / (double)total : -1;
	show_progress(j, note);
}

void tow_job_log(struct tow_job *j, enum tow_level level, const char *fmt, ...)
{
	TOW_AUTO_BUF b = { 0 };
	char *text = NULL;
	va_list args;
	size_t at;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	fflush(stdout); /* what was printed before is read before */
	at = wire_begin(&b, WIRE_LOG);
	wire_put(&b, (int64_t)j->number);
	wire_put(&b, level);
	wire_put_text(&b, text, strlen(text));
	wire_end(&b, at);
	job_send(j->socket, &b);
	free(text);
}

void tow_job_result(struct tow_job *j, const char *json)
{
	j->result = tow_strdup(j->arena, json);
}

/* A handler passes on what others tell it: a delay without end, or one that is no number, is cut to
 * what a date can hold. */
double job_delay(double seconds)
{
	if (!(seconds > 0))
		return 0;
	return seconds < DELAY_MOST_S ? seconds : DELAY_MOST_S;
}

bool tow_job_snooze(struct tow_job *j, struct tow_err *e, double seconds)
{
	j->flow.wait_for = NULL;
	j->snooze_s = job_delay(seconds);
	return tow_fail(e, TOW_RETRY, "snoozed for %.3f s", j->snooze_s);
}

bool tow_job_retry_in(struct tow_job *j, struct tow_err *e, double seconds)
{
	j->retry_s = job_delay(seconds);
	if (e && e->code == TOW_OK)
		return tow_fail(e, TOW_RETRY, "asked to be tried again in %.3f s", j->retry_s);
	return false;
}

bool tow_job_stopping(const struct tow_job *j)
{
	(void)j;
	return job_stopping != 0;
}

bool tow_job_db(struct tow_job *j, struct tow_db **db, struct tow_err *e)
{
	bool ok = true;

	if (!j->kind->database) {
		tow_fail(e, TOW_FINAL, "kind '%s' does not ask for the database", j->kind_name);
		return tow_hint(e, "wants_db in its struct, or database = yes in its section");
	}
	if (*j->db && !tow_db_alive(*j->db))
		tow_db_closep(j->db);
	if (!*j->db) {
		shelter_open();
		ok = tow_db_open(j->db, j->db_url, "slot", e);
		shelter_close();
	}
	*db = *j->db;
	return ok;
}

const char *tow_job_setting(const struct tow_job *j, const char *name)
{
	return kind_setting(j->kind, name);
}

const struct tow_limits *tow_job_limits(const struct tow_job *j)
{
	return &j->kind->limits;
}

bool tow_job_wants_db(const struct tow_job *j)
{
	return j->kind->database;
}

const char *tow_job_db_url(const struct tow_job *j)
{
	return j->db_url ? j->db_url : "";
}
