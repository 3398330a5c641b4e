/* What a handler does with its job's memory: steps, jobs that it makes, waits. See tow/kind.h. */
#include "job.h"

#include <string.h>

#define NAME_MOST   200
#define WAIT_MOST_S (10 * 365 * 86400.0)
#define STEP_MOST   (1 << 20)  /* a step's result comes with every later run */
#define SPAWN_MOST  (15 << 20) /* with what else there is to say, an exchange must carry them */

void workflow_release(struct workflow *w)
{
	tow_json_free(w->doc);
	tow_buf_release(&w->spawn);
	*w = (struct workflow){ 0 };
}

static const struct tow_json *memory(struct tow_job *j, const char *part)
{
	struct workflow *w = &j->flow;
	struct tow_err e;

	if (!w->doc && w->memory)
		(void)!tow_json_parse(&w->doc, w->memory, strlen(w->memory), &e);
	return tow_json_get(w->doc, part);
}

/* All its parts, so that a handler may look into one at its first run, too. */
const char *tow_job_memory(const struct tow_job *j)
{
	return j->flow.memory
		       ? j->flow.memory
		       : "{\"steps\": {}, \"signals\": {}, \"after\": {}, \"children\": "
			 "{\"total\": 0, "
			 "\"completed\": 0, \"failed\": 0, \"cancelled\": 0, \"results\": {}}}";
}

static bool good_name(const char *what, const char *class, const char *name, struct tow_err *e)
{
	size_t len = name ? strlen(name) : 0;

	if (len > 0 && len <= NAME_MOST)
		return true;
	tow_fail_class(e, TOW_FINAL, class, "bad name '%.20s' of a %s", name ? name : "", what);
	return tow_hint(e, "a name has from 1 to %d bytes", NAME_MOST);
}

/*--- steps */

const char *tow_step(struct tow_job *j, const char *name)
{
	const struct tow_json *result;

	for (const struct kept *k = j->flow.kept; k; k = k->next)
		if (strcmp(k->name, name) == 0)
			return k->result;
	result = tow_json_get(memory(j, "steps"), name);
	return result ? tow_json_dump(j->arena, result) : NULL;
}

static void remember(struct tow_job *j, const char *name, const char *result)
{
	struct kept *k = tow_alloc(j->arena, sizeof(*k));

	*k = (struct kept){
		.next = j->flow.kept,
		.name = tow_strdup(j->arena, name),
		.result = tow_strdup(j->arena, result),
	};
	j->flow.kept = k;
}

/* The dispatcher has it kept, and answers on the board; whoever ends the job meanwhile ends this
 * process. */
static bool keep(struct tow_job *j, const char *name, const char *result, struct tow_err *e)
{
	TOW_AUTO_BUF b = { 0 };
	size_t at = wire_begin(&b, WIRE_STEP);

	atomic_store(&j->board->verdict, BOARD_PENDING);
	wire_put(&b, (int64_t)j->number);
	wire_put_text(&b, name, strlen(name));
	wire_put_text(&b, result, strlen(result));
	wire_end(&b, at);
	job_send(j->socket, &b);
	switch (board_wait_verdict(j->board)) {
	case BOARD_KEPT:
		return true;
	case BOARD_LOST:
		return tow_fail_class(e, TOW_CANCELLED, "lost",
				      "the job is somebody else's by now");
	case BOARD_REFUSED:
		return tow_fail_class(e, TOW_RETRY, "step", "step '%s' was refused: %s", name,
				      j->board->why);
	case BOARD_PENDING:
		break;
	}
	return tow_fail(e, TOW_BUG, "step '%s' was not answered", name);
}

char *job_json(struct tow_job *j, const char *text)
{
	TOW_AUTO_JSON *doc = NULL;
	TOW_AUTO_BUF b = { 0 };
	struct tow_err e;

	if (tow_json_parse(&doc, text, strlen(text), &e))
		return tow_strdup(j->arena, text);
	tow_json_quote(&b, text, strlen(text));
	return tow_strdup(j->arena, b.data);
}

bool tow_step_done(struct tow_job *j, const char *name, const char *json, struct tow_err *e)
{
	const char *result = job_json(j, json ? json : "null");

	if (!good_name("step", "step", name, e))
		return false;
	if (strlen(result) > STEP_MOST) {
		tow_fail_class(e, TOW_FINAL, "step", "the result of step '%s' is longer than 1 MiB",
			       name);
		return tow_hint(e, "keep it elsewhere, and where it is here");
	}
	if (!keep(j, name, result, e))
		return false;
	remember(j, name, result);
	return true;
}

/* A status is a step: kept before the handler goes on, and only while the run holds the job. What
 * cannot be kept is not worth failing for. */
void tow_job_status(struct tow_job *j, const char *text, long long about)
{
	TOW_AUTO_BUF b = { 0 };
	struct tow_err e;

	tow_buf_adds(&b, "{\"text\":");
	tow_json_quote(&b, text, strlen(text));
	if (about > 0)
		tow_buf_addf(&b, ",\"job\":%lld", about);
	tow_buf_addc(&b, '}');
	if (b.len < STEP_MOST)
		(void)!keep(j, "status", b.data, &e);
}

/*--- jobs that it makes */

bool tow_job_spawn(struct tow_job *j, const char *json, struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	struct tow_buf *list = &j->flow.spawn;
	struct tow_err bad;

	if (!tow_json_parse(&doc, json, strlen(json), &bad) || !tow_json_str(doc, "kind", NULL)) {
		tow_fail_class(e, TOW_FINAL, "spawn", "bad job to spawn '%.80s'", json);
		return tow_hint(e, "an object with at least a kind, like {\"kind\": \"resize\"}");
	}
	if (list->len + strlen(json) > SPAWN_MOST) {
		tow_fail_class(e, TOW_FINAL, "spawn", "the jobs to spawn are more than %d MiB",
			       SPAWN_MOST >> 20);
		return tow_hint(e, "make some of them and wait for these before the next; or keep "
				   "their arguments elsewhere, and say where");
	}
	tow_buf_addc(list, list->len ? ',' : '[');
	tow_buf_adds(list, json);
	return true;
}

static long long count(const struct tow_json *children, const char *name)
{
	return tow_json_int(children, name, 0);
}

struct tow_children tow_job_children(struct tow_job *j)
{
	const struct tow_json *c = memory(j, "children");

	return (struct tow_children){ count(c, "total"), count(c, "completed"), count(c, "failed"),
				      count(c, "cancelled") };
}

/*--- waits */

static bool known_wait(const char *what)
{
	return strcmp(what, "children") == 0 || strcmp(what, "signal") == 0 ||
	       strcmp(what, "approval") == 0;
}

bool tow_wait(struct tow_job *j, const char *what, const char *name, double timeout_s,
	      struct tow_err *e)
{
	bool signal = strcmp(what, "signal") == 0;

	if (!known_wait(what))
		return tow_fail_class(e, TOW_FINAL, "wait",
				      "bad wait '%.20s': children, signal or approval", what);
	if (signal && !good_name("signal", "wait", name, e))
		return false;
	j->snooze_s = -1;
	j->flow.wait_for = tow_strdup(j->arena, what);
	j->flow.wait_name = signal ? tow_strdup(j->arena, name) : NULL;
	j->flow.wait_s = timeout_s < 0 ? -1 : timeout_s < WAIT_MOST_S ? timeout_s : WAIT_MOST_S;
	return tow_fail(e, TOW_RETRY, "waits for %s%s%s", what, signal ? " " : "",
			signal ? name : "");
}

bool tow_wait_children(struct tow_job *j, struct tow_err *e)
{
	return tow_wait(j, "children", NULL, -1, e);
}

/* True when it has come, or will not come any more. */
static bool has_come(struct tow_job *j, const char *name, const char **payload)
{
	const struct tow_json *s = tow_json_get(memory(j, "signals"), name), *what;

	if (!s)
		return false;
	what = tow_json_get(s, "payload");
	if (tow_json_bool(s, "timed_out", false))
		*payload = NULL;
	else
		*payload = what ? tow_json_dump(j->arena, what) : "null";
	return true;
}

bool tow_signal(struct tow_job *j, const char *name, double timeout_s, const char **payload,
		struct tow_err *e)
{
	return has_come(j, name, payload) || tow_wait(j, "signal", name, timeout_s, e);
}

bool tow_approval(struct tow_job *j, double timeout_s, const char **payload, struct tow_err *e)
{
	return has_come(j, "approval", payload) || tow_wait(j, "approval", NULL, timeout_s, e);
}

/* A wait for a signal that nobody has to send. Its end is the database's to tell: a slot's own
 * clock decides nothing. */
bool tow_sleep(struct tow_job *j, const char *name, double seconds, struct tow_err *e)
{
	const char *signal = tow_fmt(j->arena, "sleep:%s", name), *payload;

	return tow_signal(j, signal, seconds, &payload, e);
}
