/* fail: fails its first attempts, in the way that the arguments say. */
#include "tow/kind.h"

static bool run(struct tow_job *j, struct tow_err *e)
{
	const struct tow_json *args = tow_job_args(j);
	enum tow_code code = tow_json_bool(args, "final", false) ? TOW_FINAL : TOW_RETRY;
	double delay = tow_json_num(args, "retry_in", -1);

	if (tow_job_attempt(j) > tow_json_int(args, "times", 1000000000))
		return true;
	tow_fail_class(e, code, tow_json_str(args, "class", "fail"), "%s",
		       tow_json_str(args, "message", "failed as it was asked to"));
	return delay >= 0 ? tow_job_retry_in(j, e, delay) : false;
}

const struct tow_kind tow_kind_fail = {
	.name = "fail",
	.help = "fails: {\"times\": 2, \"class\": \"x\", \"message\": \"...\", \"final\": false, "
		"\"retry_in\": 5}",
	.run = run,
};
