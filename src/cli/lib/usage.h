/* What a command's usage line says of it: "tow queue ls | add NAME | set NAME". */
#ifndef TOW_CLI_USAGE_H
#define TOW_CLI_USAGE_H

#include <stddef.h>

#include "tow/mem.h"

/* The n-th word that a command, or one of its verbs, cannot do without, as its usage calls it:
 * "NAME". verb: NULL for a command without verbs. NULL when the usage does not name it. */
const char *usage_word(struct tow_arena *a, const char *command, const char *verb, size_t n);

#endif
