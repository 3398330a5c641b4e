/* Control lines: see control.h. */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	case CONTROL_RESULT:
	case CONTROL_FAIL:
		return true;
	case CONTROL_NONE:
		break;
	}
	return false;
}

void control_parse(char *line, struct control *c)
{
	static const char *const words[] = { "",       "progress", "count", "log",
					     "result", "snooze",   "retry", "fail" };
	char *at = line, *name = word(&at);

	*c = (struct control){ .number = -1, .text = "" };
	for (int i = 1; i < 8; i++)
		if (strcmp(name, words[i]) == 0)
			c->word = (enum control_word)i;
	if (!parse_rest(&at, c)) {
		c->word = CONTROL_NONE;
		return;
	}
	c->text = at + strspn(at, " \t");
}

void control_apply(struct tow_job *j, const struct control *c, struct verdict *v)
{
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
		break;
	case CONTROL_RETRY:
		v->retry_s = c->number;
		v->retry_text = tow_strdup(tow_job_arena(j), c->text);
		break;
	case CONTROL_FAIL:
		v->fail = tow_strdup(tow_job_arena(j), c->text);
		break;
	case CONTROL_NONE:
		tow_job_log(j, TOW_WARN, "a line on descriptor 3 was not understood");
		break;
	}
}
