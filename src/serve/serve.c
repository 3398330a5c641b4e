/* tow serve: the API, and the page. */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "crew.h"
#include "files.h"
#include "tow/command.h"
#include "tow/listen.h"
#include "tow/log.h"
#include "tow/proc.h"

enum { MOST_HOSTS = 16, CONNECTIONS = 4096, SOCKETS = 4096, EACH = 256 };
enum { LEAST_PATIENCE_S = 35 }; /* what waits for the database may take 32 s */

struct choices {
	const char *listen, *fd, *public, *database, *format, *page, *processes, *each, *patience;
	const char *hosts[MOST_HOSTS + 1];
	size_t n_hosts;
	enum tow_level level;
};

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "tow: bad %s '%s'\nhint: tow serve --help\n", what, value);
	return EX_USAGE;
}

static int parse(struct choices *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "fd", required_argument, NULL, 'n' },
		{ "public", required_argument, NULL, 'p' },
		{ "host", required_argument, NULL, 'h' },
		{ "page", required_argument, NULL, 'w' },
		{ "processes", required_argument, NULL, 'c' },
		{ "per-address", required_argument, NULL, 'e' },
		{ "patience", required_argument, NULL, 's' },
		{ "database", required_argument, NULL, 'd' },
		{ "log-format", required_argument, NULL, 'f' },
		{ "log-level", required_argument, NULL, 'v' },
		{ 0 },
	};
	int code;
	optind = 1;
	while ((code = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (code) {
		case 'l':
			o->listen = optarg;
			break;
		case 'n':
			o->fd = optarg;
			break;
		case 'p':
			o->public = optarg;
			break;
		case 'h':
			if (o->n_hosts == MOST_HOSTS)
				return complain("number of hosts", optarg);
			o->hosts[o->n_hosts++] = optarg;
			break;
		case 'w':
			o->page = optarg;
			break;
		case 'c':
			o->processes = optarg;
			break;
		case 'e':
			o->each = optarg;
			break;
		case 's':
			o->patience = optarg;
			break;
		case 'd':
			o->database = optarg;
			break;
		case 'f':
			o->format = optarg;
			break;
		case 'v':
			if (!tow_level_parse(optarg, &o->level))
				return complain("log level", optarg);
			break;
		default:
			fprintf(stderr, "hint: tow serve --help\n");
			return EX_USAGE;
		}
	}
	if (strcmp(o->format, "text") != 0 && strcmp(o->format, "json") != 0)
		return complain("log format", o->format);
	return optind == argc ? 0 : complain("argument", argv[optind]);
}

static bool number(const char *text, long least, long most, long *n)
{
	char *end;
	errno = 0;
	*n = strtol(text, &end, 10);
	return end != text && !*end && errno == 0 && *n >= least && *n <= most;
}

/* --- where it listens */

static bool is_loopback(int fd)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof at;
	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return false;
	if (at.ss_family == AF_INET)
		return ntohl(((struct sockaddr_in *)&at)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return at.ss_family == AF_UNIX ||
	       (at.ss_family == AF_INET6 &&
		IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&at)->sin6_addr));
}

/* Where others reach it somebody must have said who may. */
static bool has_tokens(struct tow_db *db, struct tow_err *e)
{
	TOW_AUTO_ROWS *rows = NULL;
	if (!tow_db_view(db, &rows, e, "tow.tokens"))
		return tow_wrap(e, "look for tokens");
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		if (strcmp(tow_rows_get(rows, i, "expired"), "t") != 0)
			return true;
	tow_fail_class(e, TOW_FINAL, "TW403",
		       "this address is not this machine's alone, and nobody has a token");
	return tow_hint(e, "tow token add NAME --role admin, or listen on 127.0.0.1");
}

static bool may_serve(const char *url, struct tow_db **db, struct tow_err *e)
{
	struct routes routes = { 0 };
	bool ok = tow_db_open(db, url, "serve", e) && routes_load(&routes, *db, e);
	if (!ok && *db)
		tow_db_blame_login(*db, "tow_server", e);
	tow_arena_release(&routes.arena);
	return ok;
}

/* What would be refused for ever is said now, and not to each who asks. A database that is away for
 * the moment keeps nobody from beginning: the page says that it is. */
static bool meet_database(const struct crew *c, struct tow_err *e)
{
	TOW_AUTO_DB *db = NULL;
	bool alone = is_loopback(c->door.listener);
	if (may_serve(c->desk.url, &db, e))
		return alone || has_tokens(db, e);
	if (!alone || tow_db_refusal(e))
		return false;
	tow_log_err(TOW_WARN, "serve.waits", e);
	return true;
}

/* This machine's own address is everybody's here, and so is a proxy's. */
static bool set_each(const struct choices *o, struct crew *c, struct tow_err *e)
{
	long n = o->public || is_loopback(c->door.listener) ? 0 : EACH;
	if (o->each && !number(o->each, 0, CONNECTIONS, &n))
		return tow_fail(e, TOW_FINAL, "bad number of connections '%s'", o->each);
	c->most_each = (size_t)n;
	return true;
}

/* tow.status reads it in the list of sessions. */
static const char *called(const struct choices *o, struct tow_arena *a, int fd)
{
	const char *at = tow_listen_address(a, fd);
	if (o->public)
		return tow_fmt(a, "serve at %s", o->public);
	return tow_fmt(a, "serve at %s%s", at ? "http://" : "a socket", at ? at : "");
}

static bool set_up(const struct choices *o, struct tow_arena *a, struct crew *c, struct tow_err *e)
{
	long n;
	c->desk.url = tow_db_url(a, o->database);
	c->desk.page = files_folder(a, o->page);
	c->desk.guard.hosts = o->hosts;
	if (o->public && !guard_public(&c->desk.guard, a, o->public, e))
		return false;
	if (!number(o->processes, 1, CREW_MOST, &n))
		return tow_fail(e, TOW_FINAL, "bad number of processes '%s'", o->processes);
	c->door.processes = (size_t)n;
	if (!number(o->patience, LEAST_PATIENCE_S, 86400, &n))
		return tow_fail(e, TOW_FINAL, "bad number of seconds '%s'", o->patience);
	c->patience_us = n * 1000000LL;
	if (o->fd && !number(o->fd, 3, 1023, &n))
		return tow_fail(e, TOW_FINAL, "bad descriptor '%s'", o->fd);
	c->door.listener = o->fd ? (int)n : -1;
	if (!o->fd && !tow_listen(a, o->listen, &c->door.listener, e))
		return false;
	c->called = called(o, a, c->door.listener);
	c->desk.guard.cookie = guard_name(&c->desk.guard, a, tow_listen_port(c->door.listener));
	return set_each(o, c, e) && meet_database(c, e) && door_open(&c->door, e) &&
	       known_open(&c->desk.known, e);
}

static int serve(int argc, char **argv)
{
	struct choices o = { .listen = "127.0.0.1:7077",
			     .format = "text",
			     .processes = "3",
			     .patience = "60",
			     .level = TOW_INFO };
	struct crew c = { .desk.guard.prefix = "",
			  .door.most = CONNECTIONS,
			  .most_sockets = SOCKETS };
	TOW_AUTO_ARENA a = { 0 };
	struct tow_err e = { 0 };
	int status = parse(&o, argc, argv);
	if (status)
		return status;
	prctl(PR_SET_NAME, "tow serve");
	signal(SIGPIPE, SIG_IGN);
	tow_log_setup("serve", o.format, o.level);
	if (!set_up(&o, &a, &c, &e)) {
		tow_log_err(TOW_ERROR, "serve.failed", &e);
		status = tow_db_refusal(&e);
		return status ? status : tow_err_exit(&e);
	}
	tow_log(TOW_INFO, "serve.started", "port=%d page='%s'", tow_listen_port(c.door.listener),
		c.desk.page ? c.desk.page : "");
	tow_sd_notify("READY=1");
	status = crew_run(&c);
	known_close(&c.desk.known);
	tow_log(TOW_INFO, "serve.stopped", NULL);
	return status;
}

const struct tow_command tow_command_serve = {
	.name = "serve",
	.summary = "serve the HTTP API, the WebSocket and the page",
	.usage = "tow serve [options]",
	.help = "Answers programs at /api/v1 (its description: /api/v1/openapi.json), Prometheus\n"
		"at /metrics, and browsers with the page. Whoever asks needs a token (tow token\n"
		"add), and may do what its role may; tow token link prints an address that signs\n"
		"a browser in.\n"
		"\n"
		"  --listen ADDRESS:PORT where (127.0.0.1:7077); another than this machine's own\n"
		"                        only once there is a token\n"
		"  --fd N                a listening socket that was inherited, instead\n"
		"  --public URL          how browsers reach it through a proxy:\n"
		"                        https://host/path; cookies then need TLS\n"
		"  --host NAME           a further name that it may be called by; may be repeated\n"
		"  --processes N         how many answer at a time (3), each with a connection to\n"
		"                        the database\n"
		"  --per-address N       connections that one address may have in each of these,\n"
		"                        and WebSockets (256; 0: any number, as on this machine's\n"
		"                        own address, or with --public: there it is the proxy's\n"
		"                        to limit)\n"
		"  --patience SECONDS    one of these that has not moved for so long hangs,\n"
		"                        and is replaced (60; 35 at least)\n"
		"  --page FOLDER         the page's files (beside the program)\n"
		"  --database URL        where the queue is; log in as a member of tow_server\n"
		"  --log-format text|json   --log-level error|warn|info|debug\n"
		"\n"
		"Examples:\n"
		"  tow serve\n"
		"  tow serve --listen 0.0.0.0:7077 --public https://jobs.example.org/tow\n"
		"\n"
		"Exit status: 0 ended as asked, 65 bad settings, 75 the address is taken, 77 the\n"
		"login or its password is refused, 78 the database or its schema is not there.\n",
	.run = serve,
};
