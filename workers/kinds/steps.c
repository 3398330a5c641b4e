/* steps: counts to n, a durable step each, some time apart, so that one can see what a crash costs:
 * one step at most. With "nap" it sleeps so long halfway, without a slot. */
#include <time.h>

#include "tow/kind.h"

#define MOST 1000

static void pause_s(double seconds)
{
	struct timespec t = { (time_t)seconds, (long)(seconds * 1e9) % 1000000000 };

	nanosleep(&t, NULL);
}

static bool step(struct tow_job *j, long long i, double seconds, struct tow_err *e)
{
	const char *name = tow_fmt(tow_job_arena(j), "%lld", i);

	if (tow_step(j, name))
		return true;
	if (tow_job_stopping(j))
		return tow_fail(e, TOW_SHUTDOWN, "asked to stop before step %lld", i);
	pause_s(seconds);
	return tow_step_done(j, name, tow_fmt(tow_job_arena(j), "{\"run\":%lld}", tow_job_run(j)),
			     e);
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	long long n = tow_json_int(tow_job_args(j), "n", 5);
	double seconds = tow_json_num(tow_job_args(j), "s", 0.1);
	double nap = tow_json_num(tow_job_args(j), "nap", 0);

	if (n < 0 || n > MOST || !(seconds >= 0 && seconds <= 3600))
		return tow_fail(e, TOW_FINAL, "bad 'n' or 's': at most %d steps, an hour each",
				MOST);
	for (long long i = 1; i <= n; i++) {
		tow_job_count(j, i - 1, n, "steps");
		if (!step(j, i, seconds, e))
			return false;
		if (nap > 0 && i == (n + 1) / 2 && !tow_sleep(j, "nap", nap, e))
			return false;
	}
	return true;
}

const struct tow_kind tow_kind_steps = {
	.name = "steps",
	.help = "counts in durable steps: {\"n\": 5, \"s\": 0.1, \"nap\": 0}",
	.run = run,
};
