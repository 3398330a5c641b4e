/* echo: the arguments become the result, and each of their members a line of the log. */
#include "tow/kind.h"

static bool run(struct tow_job *j, struct tow_err *e)
{
	const struct tow_json *args = tow_job_args(j), *value;
	const char *name = NULL;
	void *iter = NULL;

	(void)e;
	if (tow_json_is_object(args))
		while ((value = tow_json_next(args, &iter, &name)))
			tow_job_log(j, TOW_INFO, "%s = %s", name,
				    tow_json_dump(tow_job_arena(j), value));
	tow_job_result(j, tow_job_args_text(j));
	return true;
}

const struct tow_kind tow_kind_echo = {
	.name = "echo",
	.help = "the arguments become the result; each member is a line of the log",
	.run = run,
};
