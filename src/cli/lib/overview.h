/* Pictures of the whole, one after the other, and the rates between them. */
#ifndef TOW_CLI_OVERVIEW_H
#define TOW_CLI_OVERVIEW_H

#include "tow/db.h"
#include "tow/json.h"

enum { OVERVIEW_RATES = 60 };

struct overview {
	struct tow_json *now, *before; /* what tow.overview() answered; NULL at first */
	long long now_us, before_us;   /* the database's time of each */
	double rates[OVERVIEW_RATES];  /* claims a second, the latest last */
	size_t n_rates;
};

void overview_release(struct overview *o);

/* Asks for the next picture. On failure the present one stays. */
TOW_MUST bool overview_next(struct overview *o, struct tow_db *db, struct tow_err *e);

double overview_rate(const struct overview *o); /* the latest; 0 at first */

/* Whether there are more of a state, of the whole or of a queue, than were counted. */
bool overview_is_more(const struct tow_json *of, const char *state);

/* By how many jobs a second a queue, one of o->now's, grew since the picture before, or, where one
 * of the two has more than were counted, in the last minute. NAN: nobody knows. */
double overview_growth(const struct overview *o, const struct tow_json *queue);

#endif
