/* Errors as application/problem+json (RFC 9457). */
#ifndef TOW_SERVE_PROBLEM_H
#define TOW_SERVE_PROBLEM_H

#include "http.h"

void problem_of(struct tow_arena *a, struct http_reply *r, int status, const char *detail,
		const char *hint);
void problem_of_err(struct tow_arena *a, struct http_reply *r, const struct tow_err *e);
int problem_status(const struct tow_err *e);

#endif
