/* target_drive DRIVER URL [-u USER] [-p SECRET] [-l LIBRARY] [-e EVENT] [-d DATA] [-t MS] VERB...:
 *one call of a media server's driver, and what it said as a line of JSON. An error is {"error":
 *class, "code": ..., "text": ..., "hint": ...}, and exit status 1. Several verbs share one session:
 * `hello - scan /a/ /b/`.
 *
 *	hello | scan [PATH...] | follow JOB | stop JOB
 *
 * target_drive -, and target_drive DRIVER: their names; what one can do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tow/target.h"

static const char *const states[] = {
	[TARGET_RUNNING] = "running",
	[TARGET_DONE] = "done",
	[TARGET_FAILED] = "failed",
};

static struct tow_target_scan wanted;

static bool scan(struct tow_target *t, struct tow_arena *a, char **words, size_t n,
		 struct tow_buf *b, struct tow_err *e)
{
	const char **paths = tow_alloc(a, (n + 1) * sizeof(*paths));
	const char *job = NULL;

	for (size_t i = 0; i < n; i++)
		paths[i] = words[i];
	wanted.paths = paths;
	if (!t->driver->scan(t, a, &wanted, &job, e))
		return false;
	tow_json_member(b, "job", job);
	return true;
}

static bool follow(struct tow_target *t, struct tow_arena *a, const char *job, struct tow_buf *b,
		   struct tow_err *e)
{
	struct tow_target_progress p;

	if (!t->driver->follow(t, a, job, &p, e))
		return false;
	tow_json_member(b, "state", states[p.state]);
	tow_buf_addf(b, ",\"percent\":%g", p.percent);
	tow_json_member(b, "note", p.note);
	return true;
}

static bool verb(struct tow_target *t, struct tow_arena *a, char **words, size_t n,
		 struct tow_buf *b, struct tow_err *e)
{
	if (strcmp(words[0], "scan") == 0)
		return scan(t, a, words + 1, n - 1, b, e);
	if (strcmp(words[0], "hello") == 0) {
		if (!t->driver->hello(t, a, e))
			return false;
		tow_json_member(b, "version", t->version);
		return true;
	}
	if (n == 2 && strcmp(words[0], "follow") == 0 && t->driver->follow)
		return follow(t, a, words[1], b, e);
	if (n == 2 && strcmp(words[0], "stop") == 0 && t->driver->stop)
		return t->driver->stop(t, a, words[1], e);
	return tow_fail(e, TOW_BUG, "no such verb '%s'", words[0]);
}

static bool call(struct tow_target *t, char **words, size_t n)
{
	TOW_AUTO_ARENA a = { 0 };
	TOW_AUTO_BUF b = { 0 };
	struct tow_err e = { 0 };
	bool ok;

	tow_buf_adds(&b, "{\"ok\":true");
	ok = verb(t, &a, words, n, &b, &e);
	if (!ok) {
		tow_buf_reset(&b);
		tow_buf_adds(&b, "{\"ok\":false");
		tow_json_member(&b, "error", e.class);
		tow_json_member(&b, "code", tow_code_name(e.code));
		tow_json_member(&b, "text", e.text);
		tow_json_member(&b, "hint", e.hint);
	}
	tow_buf_addc(&b, '}');
	puts(b.data);
	return ok;
}

static char **options(char **words, struct tow_target_conf *conf)
{
	for (; *words && words[0][0] == '-' && words[0][1]; words += 2) {
		switch (words[0][1]) {
		case 'u':
			conf->user = words[1];
			break;
		case 'p':
			conf->secret = words[1];
			break;
		case 'l':
			conf->library = words[1];
			break;
		case 'e':
			wanted.event = words[1];
			break;
		case 'd':
			wanted.data = words[1];
			break;
		default:
			conf->timeout_ms = atol(words[1]);
		}
	}
	return words;
}

static int list(const char *name)
{
	for (const struct tow_target_driver *const *d = tow_target_drivers; *d; d++)
		if (strcmp(name, "-") == 0)
			puts((*d)->name);
		else if (strcmp(name, (*d)->name) == 0)
			printf("%u %s\n", (*d)->can, (*d)->help);
	return 0;
}

int main(int argc, char **argv)
{
	struct tow_target_conf conf = { .timeout_ms = 30000 };
	const struct tow_target_driver *driver;
	struct tow_target t;
	struct tow_err e = { 0 };
	char **words;
	bool ok = true;

	if (argc == 2)
		return list(argv[1]);
	if (argc < 4 || !(driver = tow_target_driver(argv[1])))
		return 64;
	conf.url = argv[2];
	words = options(argv + 3, &conf);
	if (!tow_target_open(&t, driver, &conf, &e))
		return 70;
	while (ok && *words) {
		size_t n = 0;

		while (words[n] && strcmp(words[n], "-") != 0)
			n++;
		ok = call(&t, words, n);
		words += n + (words[n] != NULL);
	}
	tow_target_close(&t);
	return ok ? 0 : 1;
}
