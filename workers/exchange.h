/* One exchange of a line; shared by lines.c, which decides when. */
#ifndef TOW_WORKERS_EXCHANGE_H
#define TOW_WORKERS_EXCHANGE_H

#include "dispatcher.h"

#define EXCHANGE_MOST 2000 /* outcomes that one may carry */

void exchange_ask(struct dispatcher *d, struct line *l, long long now);
void exchange_send(struct dispatcher *d, struct line *l,
		   long long now); /* again, with what it carried */
void exchange_answered(struct dispatcher *d, struct line *l, const struct tow_rows *rows,
		       long long now);
void exchange_refused(struct dispatcher *d, struct line *l, const struct tow_err *e, long long now);
/* What it was sent with may have been claimed and put back, or not: look there again. */
void exchange_lower(struct dispatcher *d, const struct line *l);
void exchange_unask(struct line *l);

/* lines.c: false when the connection was lost over it. */
bool line_send(struct line *l, enum line_call call, const char *verb, const char *const *values,
	       size_t n, long long now);
void line_number(char text[24], long long number);

#endif
