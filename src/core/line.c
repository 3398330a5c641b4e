#include "tow/line.h"

#include <stdlib.h>
#include <string.h>

#include "dial.h"

enum { MAX_LINE = 64 * 1024 };

struct tow_line {
	struct dial dial;
	long timeout_ms;
	int fd;
	struct tow_buf in;
	size_t heard; /* the length of the line that was heard last, with its end */
};

static void close_line(struct tow_line *l)
{
	if (!l)
		return;
	tow_closep(&l->fd);
	tow_buf_release(&l->in);
	free(l);
}

bool tow_line_open(struct tow_line **l, struct tow_arena *a, const struct tow_line_conf *conf,
		   struct tow_err *e)
{
	struct tow_line *made = tow_xcalloc(1, sizeof(*made));

	made->timeout_ms = conf->timeout_ms > 0 ? conf->timeout_ms : 60 * 1000;
	made->fd = -1;
	/* The address is looked at now, and its scheme and port only then. */
	made->dial = (struct dial){ .scheme = conf->scheme,
				    .class = "line",
				    .port = conf->port,
				    .end = dial_in(made->timeout_ms) };
	if (dial_open(&made->dial, a, &made->fd, conf->url, e)) {
		*l = made;
		return true;
	}
	close_line(made);
	return false;
}

void tow_line_closep(struct tow_line **l)
{
	close_line(*l);
	*l = NULL;
}

bool tow_line_say(struct tow_line *l, const char *text, struct tow_err *e)
{
	TOW_AUTO_BUF out = { 0 };

	if (strpbrk(text, "\r\n"))
		return tow_fail_class(e, TOW_FINAL, "line.break",
				      "what is said may not hold a line break");
	tow_buf_adds(&out, text);
	tow_buf_addc(&out, '\n');
	l->dial.end = dial_in(l->timeout_ms);
	return dial_put(&l->dial, l->fd, out.data, out.len, e);
}

bool tow_line_hear(struct tow_line *l, const char **text, struct tow_err *e)
{
	char *end;
	bool over = false;

	tow_buf_eat(&l->in, l->heard);
	l->heard = 0;
	while (!(end = l->in.len ? memchr(l->in.data, '\n', l->in.len) : NULL)) {
		if (l->in.len > MAX_LINE)
			return tow_fail_class(e, TOW_FINAL, "line.too_long",
					      "it said a line of more than %d bytes", MAX_LINE);
		if (!dial_take(&l->dial, l->fd, &l->in, &over, e))
			return false;
		if (over)
			return dial_closed(&l->dial, e);
	}
	l->heard = (size_t)(end - l->in.data) + 1;
	*end = '\0';
	if (end > l->in.data && end[-1] == '\r')
		end[-1] = '\0';
	*text = l->in.data;
	return true;
}
