/* noop: does nothing, to measure everything around it. */
#include "tow/kind.h"

static bool run(struct tow_job *j, struct tow_err *e)
{
	(void)j;
	(void)e;
	return true;
}

const struct tow_kind tow_kind_noop = {
	.name = "noop",
	.help = "does nothing",
	.run = run,
};
