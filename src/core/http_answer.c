#include "tow/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* What people take a status to mean; "" where there is no more to say than its number. */
static const char *meaning(long status)
{
	static const struct {
		long status;
		const char *text;
	} table[] = {
		{ 400, "it does not understand what it is asked" },
		{ 401, "it asks for a login" },
		{ 403, "it does not allow that" },
		{ 404, "there is no such thing" },
		{ 405, "it does not take such requests" },
		{ 408, "it waited too long for us" },
		{ 410, "it is not there any more" },
		{ 413, "that is more than it takes" },
		{ 429, "it was asked too often" },
		{ 451, "it may not be given for legal reasons" },
		{ 500, "something broke there" },
		{ 502, "what is behind it does not answer well" },
		{ 503, "it is not available now" },
		{ 504, "what is behind it does not answer" },
		{ 507, "it has no room left" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].status == status)
			return table[i].text;
	return "";
}

/* What was meant for a browser, or for a program: no words for people. */
static bool is_markup(const struct tow_http_answer *answer)
{
	size_t blank = strspn(answer->body, "\xef\xbb\xbf \t\r\n");
	return answer->body[blank] == '<';
}

/* The beginning of what the server said, on one line: it often says what is wrong. */
static void excerpt(char *out, size_t size, const struct tow_http_answer *answer)
{
	size_t n = 0;
	for (size_t i = 0; i < answer->body_len && n + 1 < size; i++) {
		unsigned char c = (unsigned char)answer->body[i];
		if (c >= 0x7f)
			c = '?'; /* not known to be UTF-8 */
		if (c > ' ')
			out[n++] = (char)c;
		else if (n > 0 && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

bool tow_http_ok(const struct tow_http_answer *answer, struct tow_err *e)
{
	long s = answer->status;
	if (s >= 200 && s < 300)
		return true;
	char class[48], said[200] = "";
	bool passing = s == 408 || s == 425 || s == 429 || (s >= 500 && s < 600);
	snprintf(class, sizeof class, "http.%ld", s);
	if (answer->body_len > 0 && !is_markup(answer))
		excerpt(said, sizeof said, answer);
	const char *why = *said ? said : meaning(s);
	return tow_fail_class(e, passing ? TOW_RETRY : TOW_FINAL, class,
			      "the server answered %ld%s%s", s, *why ? ": " : "", why);
}

const char *tow_http_header(const struct tow_http_answer *answer, const char *name)
{
	size_t n = strlen(name);
	for (const char *const *line = answer->headers; line && *line; line++)
		if (strncasecmp(*line, name, n) == 0 && (*line)[n] == ':')
			return *line + n + 1 + strspn(*line + n + 1, " \t");
	return NULL;
}

bool tow_http_is_redirect(const struct tow_http_answer *answer)
{
	long s = answer->status;
	return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) &&
	       tow_http_header(answer, "Location");
}

/* A date counts from the server's own, so that nobody's clock needs to be right. */
long tow_http_retry_after(const struct tow_http_answer *answer)
{
	const char *after = tow_http_header(answer, "Retry-After");
	if (!after || !*after)
		return -1;
	char *end;
	long seconds = strtol(after, &end, 10);
	if (*end == '\0')
		return seconds >= 0 ? seconds : -1;
	const char *date = tow_http_header(answer, "Date");
	time_t then = curl_getdate(after, NULL), now = date ? curl_getdate(date, NULL) : time(NULL);
	if (then == -1 || now == -1)
		return -1;
	return then > now ? (long)(then - now) : 0;
}
