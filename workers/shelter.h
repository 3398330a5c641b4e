/* What a handler must not find by accident: the database's address and password. A slot takes them
 * out of its environment (out of the memory that /proc shows too) and keeps them aside for kinds
 * that ask for the database. Where the dispatcher tells who watches it how it is, goes for good. */
#ifndef TOW_WORKERS_SHELTER_H
#define TOW_WORKERS_SHELTER_H

#include <stdbool.h>
#include <stddef.h>

void shelter_close(void); /* hide: again after shelter_open, too */
void shelter_open(void);  /* put them back, for a moment or for a child's environment */
void shelter_wipe(void);  /* forget what is kept, for good */
bool shelter_hides(const char *variable); /* "PGPASSWORD=...": whether it is one of those */

#endif
