/* Where claims begin: a watermark for each band this worker scans. tow.floor gives them, exchanges
 * raise them as they scan, a failed exchange lowers them again. Nothing below a low is ever looked
 * at, so the rules matter: a low is raised only by an exchange that was sent after the last floor
 * was taken over, and after the last time that a low was lowered (or the other line, which began
 * higher, would raise it past what came back). */
#ifndef TOW_WORKERS_LOWS_H
#define TOW_WORKERS_LOWS_H

#include "tow/mem.h"

struct lows {
	size_t n;
	int *bands, *queues;
	long long *lows;
	char *memory;	 /* tow.floor's own, handed back to it */
	unsigned floors; /* raised whenever lows may have gone down */
};

/* An array as PostgreSQL writes it, "{1,2,3}"; false if it is none. */
TOW_MUST bool ints_parse(const char *text, long long **numbers, size_t *n);

/* "{1,2,3}" is appended. */
void ints_write(struct tow_buf *out, const long long *numbers, size_t n);

/* Take over a floor's answer; false (and nothing changed) if it makes no sense. */
TOW_MUST bool lows_floor(struct lows *l, const char *memory, const char *bands, const char *queues,
			 const char *lows);
void lows_write(const struct lows *l, struct tow_buf *bands, struct tow_buf *lows);

/* What an exchange has scanned that was sent when l->floors was `floors`. */
void lows_raise(struct lows *l, unsigned floors, int band, long long pos);
/* What an exchange that failed was sent with: its claims may come back there. */
void lows_lower(struct lows *l, int band, long long pos);
void lows_sweep(struct lows *l);  /* everything from the start */
void lows_forget(struct lows *l); /* as if never told: a new worker */

#endif
