/* The last messages: see ring.h. */
#include "ring.h"

#include <stdlib.h>

#include "tow/mem.h"

static struct ring_message *slot(struct ring *r, unsigned long long seq)
{
	return &r->slots[seq % RING_MOST];
}

static void forget_first(struct ring *r)
{
	struct ring_message *m = slot(r, r->first++);

	r->bytes -= m->len;
	free(m->topic);
	free(m->one);
	free(m->text);
	*m = (struct ring_message){ 0 };
}

void ring_init(struct ring *r)
{
	*r = (struct ring){ .first = 1, .next = 1 };
}

void ring_add(struct ring *r, const char *topic, const char *one, const char *text, size_t len)
{
	while (r->first < r->next &&
	       (r->next - r->first == RING_MOST || r->bytes + len > RING_BYTES))
		forget_first(r);
	*slot(r, r->next++) = (struct ring_message){
		.topic = tow_xstrdup(topic),
		.one = tow_xstrdup(one),
		.text = tow_xstrdup(text),
		.len = len,
	};
	r->bytes += len;
}

const struct ring_message *ring_at(const struct ring *r, unsigned long long seq)
{
	return seq >= r->first && seq < r->next ? &r->slots[seq % RING_MOST] : NULL;
}

bool ring_reaches(const struct ring *r, unsigned long long seq)
{
	return seq + 1 >= r->first && seq < r->next;
}

void ring_release(struct ring *r)
{
	while (r->first < r->next)
		forget_first(r);
}
