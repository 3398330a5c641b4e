/* Secrets: files that only workers can read. Rows name them, "secret:NAME"; what they hold is in no
 * row, no log and no browser. */
#ifndef TOW_SECRET_H
#define TOW_SECRET_H

#include <stddef.h>

#include "tow/err.h"
#include "tow/mem.h"

/* What "secret:NAME" stands for: the file NAME in systemd's credentials, else in $TOW_HOME/secrets,
 * without the line break at its end. Class "secret" when there is none. */
TOW_MUST bool tow_secret_read(struct tow_arena *a, const char *reference, char **text,
			      struct tow_err *e);
/* The file is this host's own, and others than its owner may read it. */
bool tow_secret_is_open(struct tow_arena *a, const char *reference);
/* Into $TOW_HOME/secrets, for its owner alone. */
TOW_MUST bool tow_secret_write(const char *name, const void *data, size_t len, struct tow_err *e);
/* Takes what a secret holds out of an error that quotes it. secret may be NULL. */
void tow_secret_hush(struct tow_err *e, const char *secret);
bool tow_secret_is_name(const char *name); /* letters, digits, _ . -; at most 64 */

#endif
