/* The lock of `tow up`: one at a time in one home. It goes with the process, however it ends. */
#ifndef TOW_CLI_UPLOCK_H
#define TOW_CLI_UPLOCK_H

#include "tow/err.h"
#include "tow/mem.h"

/* Makes the home if need be. *fd holds the lock until it is closed. */
TOW_MUST bool uplock_take(struct tow_arena *a, const char *home, int *fd, struct tow_err *e);

/* Looks and takes nothing: who starts meanwhile is not held up. */
bool uplock_is_held(struct tow_arena *a, const char *home);

#endif
