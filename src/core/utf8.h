/* UTF-8, in what is not known to be it. */
#ifndef TOW_CORE_UTF8_H
#define TOW_CORE_UTF8_H

#include <stddef.h>

/* The length of the character at s, 0 when its bytes are not UTF-8 (overlong forms, surrogates and
 * what lies beyond U+10FFFF are not). len is at least 1. */
size_t utf8_len(const unsigned char *s, size_t len);

#endif
