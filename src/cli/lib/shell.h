/* What the database advises, as somebody at a shell does it. */
#ifndef TOW_CLI_SHELL_H
#define TOW_CLI_SHELL_H

#include "tow/mem.h"

/* "select tow.resume('mail')" is "tow queue resume mail" here, "select name from tow.queues" is
 * "tow queue ls", and what stands behind ", or select" is for others. What has no command stays. */
const char *shell_hint(struct tow_arena *a, const char *hint);

#endif
