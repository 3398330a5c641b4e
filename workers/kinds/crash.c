/* crash: ends its own process by a signal, to see what becomes of the job. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tow/kind.h"

static int signal_number(const char *name)
{
	static const int all[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGKILL, SIGTERM };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (strcmp(sigabbrev_np(all[i]), name) == 0)
			return all[i];
	return 0;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	const char *name = tow_json_str(tow_job_args(j), "signal", "SEGV");
	int number = signal_number(name);

	if (!number)
		return tow_fail(e, TOW_FINAL, "bad signal '%s': SEGV ABRT BUS FPE ILL KILL TERM",
				name);
	signal(number, SIG_DFL);
	kill(getpid(), number);
	return tow_fail(e, TOW_BUG, "survived SIG%s", name);
}

const struct tow_kind tow_kind_crash = {
	.name = "crash",
	.help = "ends its slot: {\"signal\": \"SEGV\"}",
	.run = run,
};
