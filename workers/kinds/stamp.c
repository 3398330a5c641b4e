/* stamp: the result is when it started, by this machine's clock. */
#include <time.h>

#include "tow/kind.h"

static bool run(struct tow_job *j, struct tow_err *e)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	(void)e;
	tow_job_result(j, tow_fmt(tow_job_arena(j), "{\"started_at\":%lld.%06ld}",
				  (long long)t.tv_sec, t.tv_nsec / 1000));
	return true;
}

const struct tow_kind tow_kind_stamp = {
	.name = "stamp",
	.help = "the result is when it started: {\"started_at\": seconds since 1970}",
	.run = run,
};
