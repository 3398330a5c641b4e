/* A worker's file: it is refused with a reason, or every setting is within its bounds. Its first
 * line is a duration, too, and a queue as the command line has it. */
#include "harness.h"

#include <fcntl.h>

#include "workers/config.h"
#include "workers/values.h"

static const char *const seeds[] = {
	"[worker]\nname = w1\nqueue = default:4\nqueue = mail*3\nslots = 8\nstrict = no\n"
	"lease = 15s\ngrace = 30s\nkill = 5s\npoll = 1s\ntimeout = 1h30m\nprefetch = auto\n"
	"listen = yes\nsql_kinds = on\ndirect = postgresql:///tow\n",
	"[queue mail]\nweight = 3\n[queue big]\nslots = 2\n",
	"[kind sleep]\ntimeout = 5 min\nmemory_mb = 64\nfile_mb = 10\ncpu_s = 5\nfiles = 64\n"
	"database = yes\n",
	"; a remark\n[exec resize]\ncommand = convert \"$1\" ; again\n  and so on\ncwd = /tmp\n"
	"env = LANG TERM\n[http hook]\nurl = https://example.org/\nmethod = POST\n",
	"1h30m",
	"2 min 250ms",
	"0.5s",
	"a:b*c:12",
	"mail*1000",
	"a.name.of.sixty.four.characters.is.the.longest.which.a.queue.has:2",
	NULL,
};

static void try_duration(const char *text)
{
	long ms = -7;
	bool good = duration_parse(text, &ms);

	MUST(good ? ms >= 0 && ms <= 1000000000000 : ms == -7);
}

static void look_at(const struct config *c)
{
	MUST(c->slots >= 1 && c->slots <= 1000);
	MUST(c->prefetch >= 0 && c->prefetch <= 1000);
	MUST(c->lease_ms >= 2000 && c->grace_ms >= 0 && c->kill_ms >= 0 && c->poll_ms >= 10);
	for (size_t i = 0; i < c->n_queues; i++) {
		MUST(c->queues[i].slots >= 0 && c->queues[i].slots <= 1000);
		MUST(c->queues[i].weight >= 0 && c->queues[i].weight <= 1000);
		MUST(*c->queues[i].name && strlen(c->queues[i].name) <= 64);
	}
	for (size_t i = 0; i < c->kinds.n; i++) {
		const struct kind *k = &c->kinds.items[i];

		MUST(*k->name && kinds_find(&c->kinds, k->name) == k);
		MUST(k->timeout_ms >= 0 && k->limits.memory_mb >= 0 && k->limits.cpu_s >= 0);
	}
}

static void try_file(const char *path)
{
	struct tow_err e = { 0 };
	struct config c;

	config_init(&c);
	if (config_read(&c, path, &e) && config_finish(&c, &e))
		look_at(&c);
	else
		MUST(e.code == TOW_FINAL && *e.text);
	config_release(&c);
}

static void try_queue(const char *wish)
{
	struct tow_err e = { 0 };
	struct config c;

	config_init(&c);
	if (config_queue(&c, wish, &e))
		MUST(c.n_queues == 1 && strlen(c.queues[0].name) <= 64 &&
		     strncmp(c.queues[0].name, wish, strlen(c.queues[0].name)) == 0);
	else
		MUST(c.n_queues == 0 && e.code == TOW_FINAL && *e.text && *e.hint);
	config_release(&c);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	static int file = -1;
	const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
	char *line = text_of(data, newline ? (size_t)(newline - data) : size), path[64];

	try_duration(line);
	try_queue(line);
	free(line);
	if (file < 0)
		file = memfd_create("config", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	if (ftruncate(file, 0) < 0 || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	try_file(path);
}
