/* The lock of `tow up`: one at a time in one home. It goes with the process, however it ends. */
#ifndef TOW_UPLOCK_H
#define TOW_UPLOCK_H

#include <sys/types.h>

#include "tow/err.h"
#include "tow/mem.h"

/* Makes the home if need be. *fd holds the lock until it is closed. */
TOW_MUST bool tow_uplock_take(struct tow_arena *a, const char *home, int *fd, struct tow_err *e);

/* Looks and takes nothing: who starts meanwhile is not held up. */
bool tow_uplock_is_held(struct tow_arena *a, const char *home);

/* Who holds it; 0: that is not known. */
pid_t tow_uplock_holder(struct tow_arena *a, const char *home);

/* Whether the home is still the one in which it was taken. */
bool tow_uplock_stands(int fd);

#endif
