/* Browsers: a session for a token, by a cookie. */
#ifndef TOW_SERVE_SIGN_IN_H
#define TOW_SERVE_SIGN_IN_H

#include "turn.h"

int sign_in(struct turn *t);
int sign_out(struct turn *t);

#endif
