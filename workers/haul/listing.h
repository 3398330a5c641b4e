/* What a client holds, as JSON: haul.observe says what stands there. */
#ifndef HAUL_LISTING_H
#define HAUL_LISTING_H

#include "tow/client.h"

void listing_add_transfer(struct tow_buf *b, const struct tow_transfer *t);
void listing_add(struct tow_buf *b, const struct tow_client *c, const struct tow_listing *l);

#endif
