#include "inside.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool is_v4(uint32_t at)
{
	static const struct {
		uint32_t net;
		unsigned bits;
	} nets[] = {
		{ 0x00000000, 8 },  /* this host */
		{ 0x0a000000, 8 },  /* private */
		{ 0x64400000, 10 }, /* behind a provider's own translation of addresses */
		{ 0x7f000000, 8 },  /* loopback */
		{ 0xa9fe0000, 16 }, /* link-local */
		{ 0xac100000, 12 }, /* private */
		{ 0xc0a80000, 16 }, /* private */
	};

	for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
		if ((at ^ nets[i].net) >> (32 - nets[i].bits) == 0)
			return true;
	return false;
}

static uint32_t last_four(const struct in6_addr *at)
{
	uint32_t v4;
	memcpy(&v4, at->s6_addr + 12, sizeof v4);
	return ntohl(v4);
}

/* fc00::/7 is private; one that holds an address of version 4 is what that is. */
static bool is_v6(const struct in6_addr *at)
{
	static const uint8_t translated[12] = { 0, 0x64, 0xff, 0x9b };
	if (IN6_IS_ADDR_V4MAPPED(at) || IN6_IS_ADDR_V4COMPAT(at) ||
	    memcmp(at->s6_addr, translated, sizeof translated) == 0)
		return is_v4(last_four(at));
	return IN6_IS_ADDR_LOOPBACK(at) || IN6_IS_ADDR_UNSPECIFIED(at) ||
	       IN6_IS_ADDR_LINKLOCAL(at) || IN6_IS_ADDR_SITELOCAL(at) ||
	       (at->s6_addr[0] & 0xfe) == 0xfc;
}

bool inside_address(const struct sockaddr *at)
{
	if (at->sa_family == AF_INET)
		return is_v4(ntohl(((const struct sockaddr_in *)at)->sin_addr.s_addr));
	return at->sa_family == AF_INET6 && is_v6(&((const struct sockaddr_in6 *)at)->sin6_addr);
}

bool inside_digits(const char *text)
{
	struct in_addr v4;
	struct in6_addr v6;
	char bare[INET6_ADDRSTRLEN];
	if (inet_pton(AF_INET, text, &v4) == 1)
		return is_v4(ntohl(v4.s_addr));
	snprintf(bare, sizeof bare, "%.*s", (int)strcspn(text + (*text == '['), "]"),
		 text + (*text == '['));
	return inet_pton(AF_INET6, bare, &v6) == 1 && is_v6(&v6);
}
