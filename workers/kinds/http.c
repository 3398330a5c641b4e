/* http: a signed request to a service as a handler. The body is {job, run, kind, queue, attempt,
 * max_attempts, args, memory} (tow_job_memory); with a secret the header Tow-Signature carries
 * t=<unix time>,v1=<HMAC-SHA256 of "t.body"> in hexadecimal.
 *
 * 2xx completes the job; a JSON answer becomes its result. But {"snooze": 60} comes back later, and
 * {"wait": {"for": "signal", "name": "paid", "timeout_s": 3600}} (or "children", "approval") when
 * that has come; "spawn": [{"kind": ...}, ...] makes jobs with either, or with the member "result".
 * 408, 425, 429 and 5xx are tried again, after Retry-After if that is said; any other status fails
 * for good. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tow/fs.h"
#include "tow/http.h"
#include "tow/kind.h"

static struct tow_http *client; /* this slot's, opened for its first request */

/* "@FILE" is read anew each time, so that a secret can be changed under a running worker. */
static bool secret(struct tow_job *j, char **key, struct tow_err *e)
{
	const char *said = tow_job_setting(j, "secret");
	size_t len;

	*key = NULL;
	if (!said)
		return true;
	if (*said != '@') {
		tow_fail(e, TOW_FINAL, "the secret of '%s' is not a file", tow_job_kind(j));
		return tow_hint(e, "secret = @/etc/towpath/secret");
	}
	if (!tow_fs_read(tow_job_arena(j), said + 1, key, &len, e))
		return tow_wrap(e, "read the secret");
	(*key)[strcspn(*key, "\r\n")] = '\0';
	return true;
}

static char *body(struct tow_job *j)
{
	TOW_AUTO_BUF b = { 0 };

	tow_buf_addf(&b, "{\"job\":%lld,\"run\":%lld,\"kind\":", tow_job_id(j), tow_job_run(j));
	tow_json_quote(&b, tow_job_kind(j), strlen(tow_job_kind(j)));
	tow_buf_adds(&b, ",\"queue\":");
	tow_json_quote(&b, tow_job_queue(j), strlen(tow_job_queue(j)));
	tow_buf_addf(&b, ",\"attempt\":%d,\"max_attempts\":%d,\"args\":", tow_job_attempt(j),
		     tow_job_max_attempts(j));
	tow_buf_adds(&b, tow_job_args_text(j));
	tow_buf_addf(&b, ",\"memory\":%s", tow_job_memory(j));
	tow_buf_addc(&b, '}');
	return tow_strdup(tow_job_arena(j), b.data);
}

static bool spawn(struct tow_job *j, const struct tow_json *jobs, struct tow_err *e)
{
	if (!tow_json_is_array(jobs))
		return tow_fail_class(e, TOW_FINAL, "spawn", "the answer's 'spawn' is no list");
	for (size_t i = 0; i < tow_json_len(jobs); i++)
		if (!tow_job_spawn(j, tow_json_dump(tow_job_arena(j), tow_json_at(jobs, i)), e))
			return false;
	return true;
}

/* {"for": ..., "name": ..., "timeout_s": ...}, or only what it is for. */
static bool wait_for(struct tow_job *j, const struct tow_json *wait, struct tow_err *e)
{
	const char *what = tow_json_text(wait);

	return tow_wait(j, what ? what : tow_json_str(wait, "for", ""),
			tow_json_str(wait, "name", ""), tow_json_num(wait, "timeout_s", -1), e);
}

/* An answer that asks for nothing is the result. */
static bool obey(struct tow_job *j, const struct tow_json *said, struct tow_err *e)
{
	const struct tow_json *jobs = tow_json_get(said, "spawn"),
			      *wait = tow_json_get(said, "wait"),
			      *result = jobs ? tow_json_get(said, "result") : said;
	double snooze = tow_json_num(said, "snooze", -1);

	if (jobs && !spawn(j, jobs, e))
		return false;
	if (snooze >= 0)
		return tow_job_snooze(j, e, snooze);
	if (wait)
		return wait_for(j, wait, e);
	if (result)
		tow_job_result(j, tow_json_dump(tow_job_arena(j), result));
	return true;
}

static bool completed(struct tow_job *j, const struct tow_http_answer *answer, struct tow_err *e)
{
	const char *type = tow_http_header(answer, "Content-Type");
	TOW_AUTO_JSON *doc = NULL;
	struct tow_err bad;

	if (!type || strncasecmp(type, "application/json", 16) != 0 || answer->body_len == 0)
		return true;
	if (tow_json_parse(&doc, answer->body, answer->body_len, &bad))
		return obey(j, doc, e);
	tow_job_log(j, TOW_WARN, "the answer is not JSON: %s", bad.text);
	return true;
}

static bool judge(struct tow_job *j, const struct tow_http_answer *answer, struct tow_err *e)
{
	long after;

	if (tow_http_ok(answer, e))
		return completed(j, answer, e);
	after = tow_http_retry_after(answer);
	return e->code == TOW_RETRY && after >= 0 ? tow_job_retry_in(j, e, (double)after) : false;
}

/* Its own headers, a line each, behind ours. */
static const char **headers(struct tow_job *j, const char *key, const char *text)
{
	struct tow_arena *a = tow_job_arena(j);
	const char *more = tow_job_setting(j, "header");
	size_t n = 0, room = 4;
	const char **list;

	for (const char *c = more; c && *c; c++)
		room += *c == '\n';
	list = tow_alloc(a, room * sizeof(*list));
	list[n++] = "Content-Type: application/json";
	if (key)
		list[n++] = tow_http_signature(tow_job_arena(j), key, text);
	while (more && *more) {
		size_t len = strcspn(more, "\n");

		list[n++] = tow_strndup(a, more, len);
		more += len + (more[len] == '\n');
	}
	return list;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	const char *method = tow_job_setting(j, "method"), *text = body(j);
	struct tow_http_request q = {
		.method = method ? method : "POST",
		.url = tow_job_setting(j, "url"),
		.body = text,
		.body_len = strlen(text),
		.timeout_ms = 3600000, /* the job's own timeout is what counts */
	};
	struct tow_http_answer answer;
	char *key;

	if (!secret(j, &key, e))
		return false;
	q.headers = headers(j, key, text);
	if (!client && !tow_http_open(&client, e))
		return false;
	return tow_http_ask(client, tow_job_arena(j), &q, &answer, e) && judge(j, &answer, e);
}

static bool is_address(const char *url)
{
	size_t scheme = strncasecmp(url, "http://", 7) == 0    ? 7
			: strncasecmp(url, "https://", 8) == 0 ? 8
							       : 0;

	return scheme && url[scheme] && !strchr("/:?# ", url[scheme]) && !strchr(url, ' ');
}

static bool check(const char *setting, const char *value, struct tow_err *e)
{
	const char *right = strcmp(setting, "url") == 0 && !is_address(value)
				    ? "an address is written http://HOST/PATH or https://HOST/PATH"
			    : strcmp(setting, "secret") == 0 && *value != '@'
				    ? "name a file that holds it: secret = @/etc/towpath/secret"
			    : strcmp(setting, "header") == 0 && !strchr(value, ':')
				    ? "a header is written Name: value"
				    : NULL;

	if (!right)
		return true;
	tow_fail(e, TOW_FINAL, "bad %s '%.80s'", setting, value);
	return tow_hint(e, "%s", right);
}

const struct tow_kind tow_kind_http = {
	.name = "http",
	.help = "a request: [http NAME] url = ...",
	.family = true,
	.settings = (const char *const[]){ "url!", "method", "header", "secret", NULL },
	.check = check,
	.run = run,
};
