/* What programs say on descriptor 3: whatever it is, what is handed on of it is JSON, and no number
 * is out of its bounds. Steps and statuses are only parsed: somebody would have to answer them. */
#include "harness.h"

#include <fcntl.h>
#include <math.h>

#include "workers/control.h"
#include "workers/job.h"

static const char *const seeds[] = {
	"progress 40.5 half of it\ncount 3 10 files",
	"log warn mind the gap\nlog info x\nresult {\"a\": [1, 2.5e3, null, \"\\u00e9\"]}",
	"result plain text\nsnooze 60\nretry 30 later",
	"fail no such file",
	"step charge {\"id\": 7}\nstatus job=12 waiting for it",
	"spawn {\"kind\": \"noop\", \"args\": {\"n\": 1}}\nspawn {\"kind\": \"a\", \"delay_s\": 5}",
	"wait children\nwait signal paid 60\nwait approval 5",
	NULL,
};

static bool is_json(const char *text)
{
	TOW_AUTO_JSON *doc = NULL;
	struct tow_err e = { 0 };

	return tow_json_parse(&doc, text, strlen(text), &e);
}

static void look_at(const struct control *c)
{
	MUST(isfinite(c->number) && c->number <= 1e12);
	MUST(c->done >= 0 && c->total >= 0 && c->about >= 0);
	MUST(c->text != NULL && strlen(c->text) <= INPUT_MOST);
	MUST(c->word != CONTROL_STEP || *c->name);
	MUST(c->word != CONTROL_STATUS || *c->text);
	MUST(c->word != CONTROL_WAIT || strcmp(c->name, "signal") != 0 || *c->text);
	if (c->word == CONTROL_PROGRESS || c->word == CONTROL_SNOOZE || c->word == CONTROL_RETRY)
		MUST(c->number >= 0);
}

static void say(struct tow_job *j, const char *line, size_t len, struct verdict *v)
{
	char *copy = text_of((const uint8_t *)line, len);
	struct control c;

	control_parse(copy, &c);
	look_at(&c);
	if (c.word != CONTROL_STEP && c.word != CONTROL_STATUS)
		control_apply(j, &c, v);
	free(copy);
}

static void look_at_outcome(struct tow_job *j, const struct verdict *v)
{
	MUST(!j->result || is_json(job_json(j, j->result)));
	MUST(!v->wait_for || v->snooze_s < 0);
	if (j->flow.spawn.len > 0) {
		tow_buf_addc(&j->flow.spawn, ']');
		MUST(is_json(j->flow.spawn.data));
	}
	MUST(job_delay(v->snooze_s) <= DELAY_MOST_S && job_delay(v->retry_s) <= DELAY_MOST_S);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	static struct board board;
	static int nowhere = -1;
	TOW_AUTO_ARENA arena = { 0 };
	struct verdict v = { .snooze_s = -1, .retry_s = -1, .wait_s = -1 };

	if (nowhere < 0)
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct tow_job j = { .arena = &arena, .board = &board, .socket = nowhere };
	for (const char *at = (const char *)data, *end = at + size; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		say(&j, at, len, &v);
		at += len + 1;
	}
	look_at_outcome(&j, &v);
	workflow_release(&j.flow);
}
