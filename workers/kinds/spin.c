/* spin: burns a processor and never asks whether it should stop, to see it killed. */
#include "tow/kind.h"

static bool run(struct tow_job *j, struct tow_err *e)
{
	double seconds = tow_json_num(tow_job_args(j), "s", 5);
	long long end;

	if (!(seconds >= 0 && seconds <= 1e9))
		return tow_fail(e, TOW_FINAL, "bad 's': seconds, not below 0");
	end = tow_mono_us() + (long long)(seconds * 1e6);
	while (tow_mono_us() < end)
		;
	return true;
}

const struct tow_kind tow_kind_spin = {
	.name = "spin",
	.help = "burns a processor: {\"s\": 5}; never asks whether to stop",
	.run = run,
};
