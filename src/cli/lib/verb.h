/* One verb on one or many jobs: `tow cancel 7 8 9`. Each job is a call and a transaction of its
 * own; the others are still done when one is refused. */
#ifndef TOW_CLI_VERB_H
#define TOW_CLI_VERB_H

#include "cli.h"

/* extra: arguments beside the id, up to one without a name; a NULL value leaves the default; NULL:
 * none. Prints what came of each job. The exit status is that of the first refusal. */
int verb_run(struct cli *c, const char *verb, const struct tow_arg *extra);

/* The same for a verb whose answer tells nobody anything: done says what was done. */
int verb_run_saying(struct cli *c, const char *verb, const struct tow_arg *extra, const char *done);

#endif
