#include "kinds.h"

#include "print.h"

int kinds_ls(struct cli *c)
{
	static const struct column columns[] = {
		{ "kind", NULL, AS_IS },
		{ "workers", NULL, AS_IS },
		{ "max_running", "MAX", AS_IS },
		{ "paused_at", "PAUSED", AS_WHEN },
		{ "pause_reason", "REASON", AS_IS },
		{ "queues", NULL, AS_LIST },
		COLUMN_END,
	};
	return print_view(c, "tow.kinds", columns);
}
