#include "tow/scgi.h"

#include <stdlib.h>
#include <string.h>

#include "dial.h"

enum { TIMEOUT_MS = 60 * 1000, MAX_BYTES = 8 * 1024 * 1024 };

/* The end of the answer is the end of the connection. */
static bool take(const struct dial *d, int fd, struct tow_buf *in, size_t max, struct tow_err *e)
{
	bool over = false;

	while (!over) {
		if (!dial_take(d, fd, in, &over, e))
			return false;
		if (in->len > max)
			return tow_fail_class(e, TOW_FINAL, "scgi.too_long",
					      "the answer is longer than %zu bytes", max);
	}
	return in->len > 0 || dial_closed(d, e);
}

/* "Status: 200 OK", more headers, an empty line, the body. */
static bool read_answer(struct tow_arena *a, const struct tow_buf *in,
			struct tow_scgi_answer *answer, struct tow_err *e)
{
	const char *blank = memmem(in->data, in->len, "\r\n\r\n", 4);
	const char *status;
	char *body;

	if (!blank)
		return tow_fail_class(e, TOW_RETRY, "scgi.protocol", "the answer has no headers");
	status = strncmp(in->data, "Status:", 7) == 0 ? in->data + 7 : "200";
	*answer = (struct tow_scgi_answer){
		.status = strtol(status, NULL, 10),
		.body_len = in->len - (size_t)(blank + 4 - in->data),
	};
	body = tow_alloc(a, answer->body_len + 1);
	memcpy(body, blank + 4, answer->body_len);
	answer->body = body;
	return true;
}

bool tow_scgi_ask(struct tow_arena *a, const struct tow_scgi_request *q,
		  struct tow_scgi_answer *answer, struct tow_err *e)
{
	const struct dial d = { .scheme = "scgi",
				.class = "scgi",
				.end = dial_in(q->timeout_ms > 0 ? q->timeout_ms : TIMEOUT_MS) };
	TOW_AUTO_FD fd = -1;
	TOW_AUTO_BUF head = { 0 };
	TOW_AUTO_BUF out = { 0 };
	TOW_AUTO_BUF in = { 0 };

	tow_buf_addf(&head, "CONTENT_LENGTH%c%zu%cSCGI%c1%cREQUEST_METHOD%cPOST%c", 0, q->body_len,
		     0, 0, 0, 0, 0);
	tow_buf_addf(&head, "REQUEST_URI%c/RPC2%cCONTENT_TYPE%ctext/xml%c", 0, 0, 0, 0);
	tow_buf_addf(&out, "%zu:", head.len);
	tow_buf_add(&out, head.data, head.len);
	tow_buf_addc(&out, ',');
	tow_buf_add(&out, q->body, q->body_len);
	return dial_open(&d, a, &fd, q->url, e) && dial_put(&d, fd, out.data, out.len, e) &&
	       take(&d, fd, &in, q->max_bytes ? q->max_bytes : MAX_BYTES, e) &&
	       read_answer(a, &in, answer, e);
}
