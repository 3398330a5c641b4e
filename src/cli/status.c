/* tow status: is the system well, and if not, what to do. */
#include <string.h>
#include <sysexits.h>

#include "lib/health.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	struct health h = { .c = &c };
	if (!cli_connect(&c, options, 0, 0, argc, argv) || !health_add_status(&h, "tow.status") ||
	    !health_add_status(&h, "haul.status"))
		return cli_failed(&c);
	return health_print(&h);
}

const struct tow_command tow_command_status = {
	.name = "status",
	.summary = "is the system well, and if not, what to do",
	.usage = "tow status [--json]",
	.options = options,
	.help = "Schedulers, workers, queues, kinds that nobody runs, schedules that missed, who "
		"keeps the database from\n"
		"cleaning up; download clients and downloads that need somebody. The same as "
		"tow.status()\n"
		"and haul.status() together. Where somebody has a table locked, so that no answer "
		"comes "
		"for 3 seconds, it\n"
		"says who, as tow.blockers() does. See also 'tow doctor'.\n"
		"\n"
		"Exit status: 0 all is well or there are only warnings, 1 something is bad.\n",
	.run = run,
};
