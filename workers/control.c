/* Control lines: see control.h. */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tow/json.h"

/* By enum control_word. */
static const struct {
	const char *name, *usage;
	const char *class; /* of a job that says it wrongly */
} words[] = {
	[CONTROL_NONE] = { "", "there is no such word", "exec" },
	[CONTROL_PROGRESS] = { "progress", "write progress PERCENT [TEXT]", "exec" },
	[CONTROL_COUNT] = { "count", "write count DONE TOTAL [TEXT]", "exec" },
	[CONTROL_LOG] = { "log", "write log error|warn|info|debug TEXT", "exec" },
	[CONTROL_RESULT] = { "result", "write result JSON, in one line", "result" },
	[CONTROL_SNOOZE] = { "snooze", "write snooze SECONDS", "exec" },
	[CONTROL_RETRY] = { "retry", "write retry SECONDS [TEXT]", "exec" },
	[CONTROL_FAIL] = { "fail", "write fail TEXT", "exec" },
	[CONTROL_STEP] = { "step", "write step NAME [JSON], in one line", "step" },
	[CONTROL_SPAWN] = { "spawn", "write spawn {\"kind\": ...}, in one line", "spawn" },
	[CONTROL_WAIT] = { "wait",
			   "write wait children, signal NAME [SECONDS] or approval [SECONDS]",
			   "wait" },
	[CONTROL_STATUS] = { "status", "write status [job=ID] TEXT", "exec" },
};

/* The next word of *at, ended there; "" at the end of the line. */
static char *word(char **at)
{
	char *start = *at + strspn(*at, " \t");
	size_t len = strcspn(start, " \t");

	*at = start + len;
	if (**at)
		*(*at)++ = '\0';
	return start;
}

static bool real(const char *text, double least, double *to)
{
	char *end = NULL;
	double n = strtod(text, &end);

	if (end == text || *end || !(n >= least) || n > 1e12)
		return false;
	*to = n;
	return true;
}

static bool whole(const char *text, long long *to)
{
	char *end = NULL;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end || errno || n < 0)
		return false;
	*to = n;
	return true;
}

/* children; signal NAME [SECONDS]; approval [SECONDS] */
static bool parse_wait(char **at, struct control *c)
{
	const char *seconds;

	c->name = word(at);
	if (strcmp(c->name, "signal") == 0) {
		c->text = word(at);
		if (!*c->text)
			return false;
	} else if (strcmp(c->name, "children") != 0 && strcmp(c->name, "approval") != 0) {
		return false;
	}
	seconds = word(at);
	return !*seconds || (strcmp(c->name, "children") != 0 && real(seconds, 0, &c->number));
}

/* Which job it is about may be said before the text. */
static bool parse_status(char **at, struct control *c)
{
	*at += strspn(*at, " \t");
	if (strncmp(*at, "job=", 4) == 0 && !whole(word(at) + 4, &c->about))
		return false;
	return (*at)[strspn(*at, " \t")] != '\0';
}

/* Text may be given as it is; but what begins as JSON is meant to be JSON, to its end. Bytes that
 * are no text are kept as such: what was done is not to be done again because of a file's name. */
static bool good_value(const char *text)
{
	TOW_AUTO_JSON *doc = NULL;
	struct tow_err e;

	text += strspn(text, " \t");
	return !*text || !strchr("{[\"", *text) || tow_json_parse(&doc, text, strlen(text), &e) ||
	       strcmp(e.class, "bytes") == 0;
}

static bool parse_rest(char **at, struct control *c)
{
	switch (c->word) {
	case CONTROL_PROGRESS:
	case CONTROL_SNOOZE:
	case CONTROL_RETRY:
		return real(word(at), 0, &c->number);
	case CONTROL_COUNT:
		return whole(word(at), &c->done) && whole(word(at), &c->total);
	case CONTROL_LOG:
		return tow_level_parse(word(at), &c->level);
	case CONTROL_STEP:
		c->name = word(at);
		return *c->name && !strchr("{[\"", *c->name) && good_value(*at);
	case CONTROL_WAIT:
		return parse_wait(at, c);
	case CONTROL_STATUS:
		return parse_status(at, c);
	case CONTROL_RESULT:
		return (*at)[strspn(*at, " \t")] && good_value(*at);
	case CONTROL_FAIL:
	case CONTROL_SPAWN:
		return true;
	case CONTROL_NONE:
		break;
	}
	return false;
}

/* Quoted in an error, where half a character has no place. */
static void keep_start(const char *line, char start[CONTROL_START + 4])
{
	size_t len;

	line += strspn(line, " \t\r");
	len = strlen(line);
	if (len > CONTROL_START)
		for (len = CONTROL_START; len > 0 && ((unsigned char)line[len] & 0xc0) == 0x80;)
			len--;
	memcpy(start, line, len);
	memcpy(start + len, line[len] ? "..." : "", line[len] ? 4 : 1);
}

void control_parse(char *line, struct control *c)
{
	char *at = line, *name;

	*c = (struct control){ .number = -1, .text = "" };
	keep_start(line, c->start);
	name = word(&at);
	for (int i = 1; i <= CONTROL_STATUS; i++)
		if (strcmp(name, words[i].name) == 0)
			c->word = (enum control_word)i;
	c->meant = c->word;
	if (!parse_rest(&at, c)) {
		c->word = CONTROL_NONE;
		return;
	}
	if (c->word != CONTROL_WAIT)
		c->text = at + strspn(at, " \t");
}

static const char *keep_step(struct tow_job *j, const struct control *c)
{
	struct tow_err e = { 0 };

	if (tow_step_done(j, c->name, *c->text ? c->text : "null", &e))
		return "ok";
	return e.code == TOW_CANCELLED ? "lost" : tow_fmt(tow_job_arena(j), "refused %s", e.text);
}

/* The first one counts; the others may well follow from it. */
static void note_bad(struct tow_job *j, struct verdict *v, const char *class, const char *why)
{
	tow_job_log(j, TOW_ERROR, "%s", why);
	v->answer = tow_fmt(tow_job_arena(j), "refused %s", why);
	if (v->bad)
		return;
	v->bad = tow_strdup(tow_job_arena(j), why);
	v->bad_class = class;
}

static void not_understood(struct tow_job *j, const struct control *c, struct verdict *v)
{
	if (*c->start)
		note_bad(j, v, words[c->meant].class,
			 tow_fmt(tow_job_arena(j), "'%s' on descriptor 3 was not understood: %s",
				 c->start, words[c->meant].usage));
}

/* A job that cannot be made is a failure, not something to go on without. */
static void spawn(struct tow_job *j, const struct control *c, struct verdict *v)
{
	struct tow_err e = { 0 };

	if (!tow_job_spawn(j, c->text, &e))
		note_bad(j, v, words[CONTROL_SPAWN].class, e.text);
}

void control_apply(struct tow_job *j, const struct control *c, struct verdict *v)
{
	v->answer = NULL;
	switch (c->word) {
	case CONTROL_PROGRESS:
		tow_job_progress(j, c->number, c->text);
		break;
	case CONTROL_COUNT:
		tow_job_count(j, c->done, c->total, c->text);
		break;
	case CONTROL_LOG:
		tow_job_log(j, c->level, "%s", c->text);
		break;
	case CONTROL_RESULT:
		tow_job_result(j, c->text);
		break;
	case CONTROL_SNOOZE:
		v->snooze_s = c->number;
		v->wait_for = NULL;
		break;
	case CONTROL_STEP:
		v->answer = keep_step(j, c);
		break;
	case CONTROL_SPAWN:
		spawn(j, c, v);
		break;
	case CONTROL_WAIT:
		v->wait_for = tow_strdup(tow_job_arena(j), c->name);
		v->wait_name = tow_strdup(tow_job_arena(j), c->text);
		v->wait_s = c->number;
		v->snooze_s = -1;
		break;
	case CONTROL_STATUS:
		tow_job_status(j, c->text, c->about);
		break;
	case CONTROL_RETRY:
		v->retry_s = c->number;
		v->retry_text = tow_strdup(tow_job_arena(j), c->text);
		break;
	case CONTROL_FAIL:
		v->fail = tow_strdup(tow_job_arena(j), c->text);
		break;
	case CONTROL_NONE:
		not_understood(j, c, v);
		break;
	}
}
