/* Whether an address is of this machine or of the network around it: one that the world outside
 * neither has nor should speak of. */
#ifndef TOW_CORE_INSIDE_H
#define TOW_CORE_INSIDE_H

#include <stdbool.h>
#include <sys/socket.h>

/* Loopback, link-local, private, shared by a provider's customers, or nobody's. */
bool inside_address(const struct sockaddr *at);
bool inside_digits(const char *text); /* "10.0.0.1", "fe80::1", "[fe80::1]"; false of a name */

#endif
