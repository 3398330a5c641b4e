/* A socket that others connect to. */
#ifndef TOW_LISTEN_H
#define TOW_LISTEN_H

#include "tow/err.h"
#include "tow/mem.h"

/* text: "127.0.0.1:7077", "[::1]:7077", "host:0" for any port that is free. Class "taken" when
 * somebody else listens there. */
TOW_MUST bool tow_listen(struct tow_arena *a, const char *text, int *fd, struct tow_err *e);
int tow_listen_port(int fd); /* 0: it is none of these */
/* "127.0.0.1:7077", "[::1]:7077"; NULL: it is none of these. */
const char *tow_listen_address(struct tow_arena *a, int fd);

#endif
