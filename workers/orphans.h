/* Processes that a handler started and left behind: this process is their reaper, and ends them. */
#ifndef TOW_WORKERS_ORPHANS_H
#define TOW_WORKERS_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* In a slot, between two jobs: every child is ended and reaped. Costs one system call when there is
 * none. */
void orphans_end(void);

/* In a slot whose dispatcher is gone: every child, then its process group, itself with it. May be
 * called in a signal handler. */
_Noreturn void orphans_end_with_group(void);

/* In the dispatcher: children other than these are ended (and reaped by whoever waits for
 * children). */
void orphans_end_except(const pid_t *known, size_t n);

#endif
