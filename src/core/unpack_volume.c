#include <ctype.h>
#include <string.h>

#include "unpacking.h"

static const unsigned char rar4[] = { 'R', 'a', 'r', '!', 0x1a, 0x07, 0x00 },
			   rar5[] = { 'R', 'a', 'r', '!', 0x1a, 0x07, 0x01, 0x00 };

/* Seven bits a byte, the lowest first; *at is beyond the end where it has none. */
static unsigned long long number(const unsigned char *head, size_t len, size_t *at)
{
	unsigned long long n = 0;

	for (unsigned shift = 0; *at < len && shift < 63; shift += 7) {
		unsigned char byte = head[(*at)++];

		n |= (unsigned long long)(byte & 127) << shift;
		if (!(byte & 128))
			return n;
	}
	*at = len + 1;
	return 0;
}

/* The first block: its checksum, size, kind (1), flags, which tell whether there is more, and what
 * the archive is. */
static bool says_rar5(const unsigned char *head, size_t len)
{
	size_t at = sizeof(rar5) + 4;
	unsigned long long flags, archive;

	(void)number(head, len, &at);
	if (number(head, len, &at) != 1)
		return false;
	flags = number(head, len, &at);
	if (flags & 1)
		(void)number(head, len, &at);
	archive = number(head, len, &at);
	return at <= len && (archive & 1);
}

static bool says_rar4(const unsigned char *head, size_t len)
{
	return len > 10 && head[9] == 0x73 && (head[10] & 1);
}

static bool ends_in_number(const char *name)
{
	size_t len = strlen(name);

	if (len < 5 || name[len - 4] != '.')
		return false;
	for (size_t i = len - 3; i < len; i++)
		if (!isdigit((unsigned char)name[i]))
			return false;
	return true;
}

bool unpack_is_volume(const char *name, const unsigned char *head, size_t len)
{
	if (len >= sizeof(rar5) && memcmp(head, rar5, sizeof(rar5)) == 0)
		return says_rar5(head, len);
	if (len >= sizeof(rar4) && memcmp(head, rar4, sizeof(rar4)) == 0)
		return says_rar4(head, len);
	return ends_in_number(name);
}
