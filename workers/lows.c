/* Watermarks: see lows.h. */
#include "lows.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool ints_parse(const char *text, long long **numbers, size_t *n)
{
	long long *list = NULL;
	size_t count = 0, size = 0;
	char *end = NULL;

	*numbers = NULL;
	*n = 0;
	if (!text)
		return true;
	if (*text++ != '{')
		return false;
	while (*text != '}') {
		if (count == size)
			list = tow_xrealloc(list, (size = size ? 2 * size : 16) * sizeof(*list));
		errno = 0;
		list[count++] = strtoll(text, &end, 10);
		if (end == text || errno || (*end != ',' && *end != '}')) {
			free(list);
			return false;
		}
		text = *end == ',' ? end + 1 : end;
	}
	*numbers = list;
	*n = count;
	return true;
}

void ints_write(struct tow_buf *out, const long long *numbers, size_t n)
{
	tow_buf_addc(out, '{');
	for (size_t i = 0; i < n; i++)
		tow_buf_addf(out, i ? ",%lld" : "%lld", numbers[i]);
	tow_buf_addc(out, '}');
}

static int *narrow(const long long *numbers, size_t n)
{
	int *list = n ? tow_xcalloc(n, sizeof(*list)) : NULL;

	for (size_t i = 0; i < n; i++)
		list[i] = (int)numbers[i];
	return list;
}

static void release(struct lows *l)
{
	free(l->bands);
	free(l->queues);
	free(l->lows);
	free(l->memory);
}

bool lows_floor(struct lows *l, const char *memory, const char *bands, const char *queues,
		const char *lows)
{
	TOW_AUTO_FREE long long *b = NULL;
	TOW_AUTO_FREE long long *q = NULL;
	long long *p = NULL;
	size_t n_b = 0, n_q = 0, n_p = 0;

	if (!memory || !ints_parse(bands, &b, &n_b) || !ints_parse(queues, &q, &n_q) ||
	    !ints_parse(lows, &p, &n_p) || n_b != n_q || n_b != n_p) {
		free(p);
		return false;
	}
	release(l);
	*l = (struct lows){
		.n = n_b,
		.bands = narrow(b, n_b),
		.queues = narrow(q, n_q),
		.lows = p,
		.memory = tow_xstrdup(memory),
		.floors = l->floors + 1,
	};
	return true;
}

void lows_write(const struct lows *l, struct tow_buf *bands, struct tow_buf *lows)
{
	tow_buf_addc(bands, '{');
	for (size_t i = 0; i < l->n; i++)
		tow_buf_addf(bands, i ? ",%d" : "%d", l->bands[i]);
	tow_buf_addc(bands, '}');
	ints_write(lows, l->lows, l->n);
}

void lows_raise(struct lows *l, unsigned floors, int band, long long pos)
{
	if (floors != l->floors)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (l->bands[i] == band && l->lows[i] < pos)
			l->lows[i] = pos;
}

void lows_lower(struct lows *l, int band, long long pos)
{
	l->floors++;
	for (size_t i = 0; i < l->n; i++)
		if (l->bands[i] == band && l->lows[i] > pos)
			l->lows[i] = pos;
}

void lows_sweep(struct lows *l)
{
	l->floors++;
	for (size_t i = 0; i < l->n; i++)
		l->lows[i] = 0;
}

void lows_forget(struct lows *l)
{
	release(l);
	*l = (struct lows){ .floors = l->floors + 1 };
}
