/* Files: whole reads, whole writes, folders. */
#ifndef TOW_FS_H
#define TOW_FS_H

#include <stddef.h>
#include <sys/types.h>

#include "tow/err.h"
#include "tow/mem.h"

TOW_MUST bool tow_fs_read(struct tow_arena *a, const char *path, char **data, size_t *len,
			  struct tow_err *e);
/* Through a temporary file, fsync and rename: either the old content or the new. */
TOW_MUST bool tow_fs_write(const char *path, const void *data, size_t len, mode_t mode,
			   struct tow_err *e);
TOW_MUST bool tow_fs_mkdirs(const char *path, mode_t mode, struct tow_err *e);
bool tow_fs_exists(const char *path);

#endif
