/* fanout: makes jobs of its own, waits for them without a slot, and counts how they ended.
 *
 *	select tow.enqueue('fanout', '{"n": 100, "kind": "resize", "args": {"size": 128}}');
 *
 * Each child gets the arguments, and its number as "i". */
#include "tow/kind.h"

#include <string.h>

#define MOST 10000

/* The arguments as an object's members, "" when there are none. */
static const char *members(struct tow_job *j)
{
	const struct tow_json *args = tow_json_get(tow_job_args(j), "args");
	char *text = tow_json_is_object(args) ? tow_json_dump(tow_job_arena(j), args) : NULL;
	size_t len = text ? strlen(text) : 0;

	return len > 2 ? tow_fmt(tow_job_arena(j), ",%.*s", (int)len - 2, text + 1) : "";
}

static bool spawn(struct tow_job *j, long long n, const char *kind, struct tow_err *e)
{
	TOW_AUTO_BUF name = { 0 };
	const char *more = members(j);

	tow_json_quote(&name, kind, strlen(kind));
	for (long long i = 0; i < n; i++) {
		TOW_AUTO_BUF job = { 0 };

		tow_buf_addf(&job, "{\"kind\":%s,\"args\":{\"i\":%lld%s}}", name.data, i, more);
		if (!tow_job_spawn(j, job.data, e))
			return false;
	}
	return true;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	const char *kind = tow_json_str(tow_job_args(j), "kind", "noop");
	long long n = tow_json_int(tow_job_args(j), "n", 10);
	struct tow_children c = tow_job_children(j);

	if (n < 0 || n > MOST)
		return tow_fail(e, TOW_FINAL, "bad 'n': a number from 0 to %d", MOST);
	if (n > 0 && c.total == 0)
		return spawn(j, n, kind, e) && tow_wait_children(j, e);
	tow_job_result(j, tow_fmt(tow_job_arena(j),
				  "{\"completed\":%lld,\"failed\":%lld,\"cancelled\":%lld}",
				  c.completed, c.failed, c.cancelled));
	return true;
}

const struct tow_kind tow_kind_fanout = {
	.name = "fanout",
	.help = "makes jobs and waits for them: {\"n\": 10, \"kind\": \"noop\", \"args\": {}}",
	.run = run,
};
