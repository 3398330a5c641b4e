/* Where an archive is unpacked to: a folder of our own beneath a root, made with the means of
 * placing. */
#ifndef TOW_CORE_UNPACKING_H
#define TOW_CORE_UNPACKING_H

#include "placing.h"

TOW_MUST bool unpack_room(int *fd, const char *root, const char *folder, struct tow_err *e);
/* A new file, and the folders that lead to it. What a file system cannot take is the archive's
 * fault: class release.refused. */
TOW_MUST bool unpack_create(int room, const char *path, int *fd, struct tow_err *e);
TOW_MUST bool unpack_write(int fd, const char *path, const void *data, size_t len, off_t at,
			   long long reserve, struct tow_err *e);
void unpack_times(int fd, time_t changed);

/* Whether a file is one of several volumes of an archive: a rar says so in its first bytes, of
 * which 64 are enough; pieces of something else (x.7z.001) only by their name. */
bool unpack_is_volume(const char *name, const unsigned char *head, size_t len);

#endif
