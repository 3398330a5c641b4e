/* sleep: waits, shows how far it is, and stops when it is asked to. */
#include <time.h>

#include "tow/kind.h"

#define STEP_US 20000

static void pause_us(long long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	double seconds = tow_json_num(tow_job_args(j), "s", 1);
	long long start = tow_mono_us(), length = (long long)(seconds * 1e6), gone;

	if (!(seconds >= 0 && seconds <= 1e9))
		return tow_fail(e, TOW_FINAL, "bad 's': seconds, not below 0");
	while ((gone = tow_mono_us() - start) < length) {
		if (tow_job_stopping(j))
			return tow_fail(e, TOW_CANCELLED, "asked to stop after %.3f s",
					(double)gone / 1e6);
		if (gone > 0)
			tow_job_progress(j, 100.0 * (double)gone / (double)length, "sleeping");
		pause_us(length - gone < STEP_US ? length - gone : STEP_US);
	}
	return true;
}

const struct tow_kind tow_kind_sleep = {
	.name = "sleep",
	.help = "waits: {\"s\": 1.5}; shows progress, stops when asked",
	.run = run,
};
