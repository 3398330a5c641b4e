/* tow haul: downloads. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/haulpage.h"
#include "lib/haulwatch.h"
#include "lib/note.h"
#include "lib/print.h"
#include "lib/sub.h"
#include "lib/wait.h"
#include "tow/command.h"
#include "tow/fs.h"
#include "tow/http.h"
#include "tow/json.h"
#include "tow/proc.h"

static const struct tow_option options[] = {
	{ "client", "NAME", "add: who downloads it (the first that can); ls: only of this one" },
	{ "library", "NAME", "add, retry: where its files go (the first); ls: only of this one" },
	{ "title", "TEXT", "add: what it is called; ls: only with this in it" },
	{ "type", "torrent|nzb|http", "add: what the link is, where it does not say so" },
	{ "category", "NAME", "add: its category in the client" },
	{ "options", "JSON",
	  "add: for the client: {\"paused\": true, \"down_limit\": 100000, ...}" },
	{ "checksum", "KIND:HEX", "add: what a file must be: sha256, sha1, md5 or xxh128" },
	{ "rate", "RATE", "add: bytes a second; 500k and 2M are more" },
	{ "meta", "JSON", "add: for the library's template: {\"year\": 1999}" },
	{ "state", "STATE", "ls: only these" },
	{ "limit", "N", "ls, files, events: at most so many" },
	{ "profile", "NAME", "add: what is done about it in trouble (its library's)" },
	{ "priority", "N", "add: who is next, where not all may be: the smallest (100)" },
	{ "follow", NULL, "watch: stay when nothing is under way, for what comes" },
	{ "note", "TEXT", "approve: kept among what happened to it" },
	{ "reason", "TEXT", "reject, stop: why; shown with it" },
	{ "remove", "WORD", "cancel, forget: what its client does with it: no, transfer, data" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "id", NULL, AS_IS },
	{ "doing", "STATE", AS_STATE },
	{ "percent", "%", AS_PERCENT },
	{ "down", NULL, AS_RATE },
	{ "eta", NULL, AS_DURATION },
	{ "size", NULL, AS_BYTES },
	{ "client", NULL, AS_IS },
	{ "library", NULL, AS_IS },
	{ "title", NULL, AS_IS },
	{ "trouble", NULL, AS_IF_ANY },
	COLUMN_END,
};

static int ls(struct cli *c)
{
	static const char *const same[] = { "state", "client", "library", "title" };
	struct cli_call call = { 0 };

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		cli_arg(&call, same[i], cli_option(c, same[i]));
	cli_arg(&call, "max_rows", cli_option(c, "limit"));
	return print_call(c, "haul.find_downloads", &call, columns);
}

static bool numbered(struct cli *c)
{
	return cli_number(cli_operand(c, 0), "download", "tow haul ls", &c->err);
}

static int show(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;

	if (!numbered(c) ||
	    !tow_call(c->db, &rows, &c->err, "haul.show_download", cli_operand(c, 0)))
		return cli_failed(c);
	if (cli_has(c, "json"))
		table_json_row(stdout, rows, 0);
	else if (!haulpage_print(c, rows))
		return cli_failed(c);
	return EX_OK;
}

/* What belongs to a download, or to all. Nothing is what one that is not there has, too. */
static int of_download(struct cli *c, const char *verb, const struct column *of)
{
	struct cli_call call = { 0 };

	if (c->args.n > 0 && (!numbered(c) || !tow_call(c->db, NULL, &c->err, "haul.show_download",
							cli_operand(c, 0))))
		return cli_failed(c);
	if (c->args.n > 0)
		cli_arg(&call, "download", cli_operand(c, 0));
	cli_arg(&call, "max_rows", cli_option(c, "limit"));
	return print_call(c, verb, &call, of);
}

/* A worker asks the client: the command has neither its address nor its secret. */
static int plan(struct cli *c)
{
	static const struct column of[] = {
		{ "state", NULL, AS_STATE }, { "size", NULL, AS_BYTES }, { "source", NULL, AS_IS },
		{ "target", NULL, AS_IS },   { "why", NULL, AS_IS },	 COLUMN_END,
	};
	TOW_AUTO_ROWS *job = NULL, *rows = NULL;
	const char *id;
	int status;

	if (!numbered(c) ||
	    !tow_call(c->db, &job, &c->err, "haul.preview_import", cli_operand(c, 0)))
		return cli_failed(c);
	id = tow_rows_at(job, 0, 0);
	status = wait_quietly(c, id);
	if (status != EX_OK)
		return status;
	if (!tow_call(c->db, &rows, &c->err, "haul.previewed", id) || !print_rows(c, rows, of))
		return cli_failed(c);
	return EX_OK;
}

static int files(struct cli *c)
{
	static const struct column of[] = {
		{ "download", NULL, AS_IS },
		{ "state", NULL, AS_STATE },
		{ "mode", NULL, AS_IS },
		{ "size", NULL, AS_BYTES },
		{ "source", "FILE", AS_IS },
		{ "path", NULL, AS_IF_ANY },
		{ "why", NULL, AS_IF_ANY },
		{ "error", NULL, AS_IF_ANY },
		COLUMN_END,
	};
	return of_download(c, "haul.find_files", of);
}

static int events(struct cli *c)
{
	static const struct column of[] = {
		{ "at", NULL, AS_WHEN },
		{ "download", NULL, AS_IS },
		{ "what", NULL, AS_IS },
		{ "title", NULL, AS_IS },
		{ "detail", NULL, AS_IF_ANY },
		{ "who", NULL, AS_IS },
		COLUMN_END,
	};
	return of_download(c, "haul.find_events", of);
}

/* A file that is named is what a .torrent or .nzb holds. */
static bool source(struct cli *c, struct cli_call *call)
{
	const char *word = cli_operand(c, 0), *dot = strrchr(word, '.');
	char *data;
	size_t len;

	if (strstr(word, "://") || strncmp(word, "magnet:", 7) == 0) {
		cli_arg(call, "link", word);
		cli_arg(call, "type", cli_option(c, "type"));
		return true;
	}
	if (!tow_fs_read(&c->arena, word, &data, &len, &c->err))
		return tow_hint(&c->err, "a link begins with http://, https:// or magnet:; "
					 "what else is given is a .torrent or .nzb file");
	cli_arg(call, "data", tow_fmt(&c->arena, "\\x%s", tow_hex(&c->arena, data, len)));
	cli_arg(call, "type",
		cli_has(c, "type")		  ? cli_option(c, "type")
		: dot && strcmp(dot, ".nzb") == 0 ? "nzb"
						  : "torrent");
	return true;
}

/* "500k", "2M", "1G" in bytes. */
static bool rate(struct cli *c, const char *text, long long *bytes)
{
	static const char units[] = "kMG";
	char *end;
	long long n = strtoll(text, &end, 10), unit = 1;
	const char *of = *end ? strchr(units, *end) : NULL;

	for (const char *u = units; of && u <= of; u++)
		unit *= 1000;
	if (n <= 0 || end == text || end[of ? 1 : 0] || n > LLONG_MAX / unit)
		return args_usage(&c->err, "--rate takes bytes a second, 500k or 2M, not '%s'",
				  text);
	*bytes = n * unit;
	return true;
}

/* Two of the options have words of their own. */
static bool client_options(struct cli *c, const char **json)
{
	const char *said = cli_option(c, "options"), *sum = cli_option(c, "checksum"),
		   *speed = cli_option(c, "rate");
	TOW_AUTO_JSON *all = NULL;
	TOW_AUTO_JSON *own = NULL;
	TOW_AUTO_BUF b = { 0 };
	long long bytes = 0;

	*json = said;
	if (!sum && !speed)
		return true;
	if (speed && !rate(c, speed, &bytes))
		return false;
	tow_buf_adds(&b, "{");
	if (speed)
		tow_buf_addf(&b, "\"down_limit\":%lld%s", bytes, sum ? "," : "");
	if (sum) {
		tow_buf_adds(&b, "\"checksum\":");
		tow_json_quote(&b, sum, strlen(sum));
	}
	tow_buf_addc(&b, '}');
	if (!tow_json_parse(&all, said ? said : "{}", said ? strlen(said) : 2, &c->err) ||
	    !tow_json_parse(&own, b.data, b.len, &c->err))
		return false;
	tow_json_merge(all, own);
	*json = tow_json_dump(&c->arena, all);
	return true;
}

static int add(struct cli *c)
{
	static const char *const same[] = { "client", "library", "title",   "category",
					    "meta",   "profile", "priority" };
	const char *of_client;
	struct cli_call call = { 0 };
	TOW_AUTO_ROWS *rows = NULL;

	if (!source(c, &call) || !client_options(c, &of_client))
		return cli_failed(c);
	cli_arg(&call, "options", of_client);
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		cli_arg(&call, same[i], cli_option(c, same[i]));
	if (!cli_call(c, &rows, "haul.grab", &call))
		return cli_failed(c);
	printf(cli_has(c, "json") ? "{\"download\": %s}\n" : "%s\n", tow_rows_at(rows, 0, 0));
	return EX_OK;
}

static int by_id(struct cli *c, const char *verb)
{
	return numbered(c) && tow_call(c->db, NULL, &c->err, verb, cli_operand(c, 0))
		       ? EX_OK
		       : cli_failed(c);
}

static int let_go(struct cli *c, const char *verb)
{
	const char *id = cli_operand(c, 0), *remove = cli_option(c, "remove");
	bool data = remove && strcmp(remove, "data") == 0;
	struct cli_call call = { 0 };
	TOW_AUTO_ROWS *left = NULL;

	cli_arg(&call, "id", id);
	cli_arg(&call, "remove", remove);
	if (!numbered(c) || (data && !tow_call(c->db, &left, &c->err, "haul.left_there", id)) ||
	    !cli_call(c, NULL, verb, &call))
		return cli_failed(c);
	if (data && !cli_has(c, "json"))
		note_said(c, left);
	return EX_OK;
}

static int cancel(struct cli *c)
{
	return let_go(c, "haul.cancel");
}

static int forget(struct cli *c)
{
	return let_go(c, "haul.forget");
}

/* What said is called in SQL and on the command line. */
static int answer(struct cli *c, const char *verb, const char *said)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "id", cli_operand(c, 0));
	cli_arg(&call, said, cli_option(c, said));
	return numbered(c) && cli_call(c, NULL, verb, &call) ? EX_OK : cli_failed(c);
}

static int approve(struct cli *c)
{
	return answer(c, "haul.approve", "note");
}

static int reject(struct cli *c)
{
	return answer(c, "haul.reject", "reason");
}

static int retry(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "id", cli_operand(c, 0));
	cli_arg(&call, "library", cli_option(c, "library"));
	return numbered(c) && cli_call(c, NULL, "haul.retry", &call) ? EX_OK : cli_failed(c);
}

static int hold(struct cli *c)
{
	return by_id(c, "haul.pause");
}

static int resume(struct cli *c)
{
	return by_id(c, "haul.resume");
}

static int undo(struct cli *c)
{
	return by_id(c, "haul.undo");
}

/* For its client alone: what that makes of it the next listing says. */
static int tell_client(struct cli *c, const char *what)
{
	TOW_AUTO_ROWS *rows = NULL;

	if (!numbered(c) || !tow_call(c->db, &rows, &c->err, "haul.act", cli_operand(c, 0), what))
		return cli_failed(c);
	if (!tow_rows_at(rows, 0, 0))
		fprintf(stderr, "tow: note: no client holds it\n");
	else if (cli_has(c, "json"))
		printf("{\"name\": \"%s\", \"done\": \"%s\"}\n", cli_operand(c, 0), what);
	else
		printf("%s  its client is asked to %s\n", cli_operand(c, 0), what);
	return EX_OK;
}

static int recheck(struct cli *c)
{
	return tell_client(c, "recheck");
}

static int reannounce(struct cli *c)
{
	return tell_client(c, "reannounce");
}

static const struct column service[] = {
	{ "state", NULL, AS_STATE },
	{ "clients", NULL, AS_IS },
	{ "monitors", NULL, AS_IS },
	{ "reason", NULL, AS_IF_ANY },
	COLUMN_END,
};

static int start(struct cli *c)
{
	return print_call(c, "haul.start_service", &(struct cli_call){ 0 }, service);
}

static int relink(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "id", cli_operand(c, 0));
	cli_arg(&call, "link", cli_operand(c, 1));
	return numbered(c) && cli_call(c, NULL, "haul.relink", &call) ? EX_OK : cli_failed(c);
}

static int stop(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "reason", cli_option(c, "reason"));
	return print_call(c, "haul.stop_service", &call, service);
}

static const struct sub subs[] = {
	{ "ls", 0, 0, ls, " state client library title limit ", NULL },
	{ "add", 1, 1, add,
	  " client library title type category options checksum rate meta profile priority ",
	  NULL },
	{ "watch", 0, 0, haulwatch, " follow ", NULL },
	{ "show", 1, 1, show, NULL, NULL },
	{ "plan", 1, 1, plan, NULL, NULL },
	{ "files", 0, 1, files, " limit ", NULL },
	{ "events", 0, 1, events, " limit ", NULL },
	{ "cancel", 1, 1, cancel, " remove ", "cancelled" },
	{ "forget", 1, 1, forget, " remove ", "forgotten" },
	{ "retry", 1, 1, retry, " library ", "tried again" },
	{ "relink", 2, 2, relink, NULL, "fetched from there" },
	{ "approve", 1, 1, approve, " note ", "approved" },
	{ "reject", 1, 1, reject, " reason ", "rejected" },
	{ "pause", 1, 1, hold, NULL, "paused" },
	{ "resume", 1, 1, resume, NULL, "resumed" },
	{ "undo", 1, 1, undo, NULL, "its files are being taken back" },
	{ "recheck", 1, 1, recheck, NULL, NULL },
	{ "reannounce", 1, 1, reannounce, NULL, NULL },
	{ "start", 0, 0, start, NULL, NULL },
	{ "stop", 0, 0, stop, " reason ", NULL },
	{ 0 },
};

/* Other commands have that word, and here it could mean two things. */
static int no_rm(void)
{
	struct tow_err e = { 0 };

	args_usage(&e, "there is no 'tow haul rm'");
	tow_hint(&e, "'tow haul cancel ID' ends one that is under way, 'tow haul forget ID' takes "
		     "one that has ended out of the list");
	cli_complain(&e);
	return tow_err_exit(&e);
}

static int run(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "rm") == 0)
		return no_rm();
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_haul = {
	.name = "haul",
	.summary = "downloads",
	.usage = "tow haul ls | add LINK|FILE | watch | show ID | plan ID | files [ID] | events "
		 "[ID] | "
		 "cancel ID | forget ID | retry ID | relink ID LINK | "
		 "approve ID | reject ID | "
		 "pause ID | resume ID | undo ID | recheck ID | reannounce ID | start | stop",
	.options = options,
	.help = "add takes a magnet or http(s) link, or a .torrent or .nzb file; a plain link that "
		"no other client\n"
		"takes is downloaded by our own workers. watch shows what is under way until "
		"nothing is (what is dropped\n"
		"into a client is seen at its next listing). show has everything about one, and "
		"what "
		"can be done with it next. recheck and reannounce are for its "
		"client. plan says what\n"
		"an import would do with each file, and does nothing. files says "
		"where everything went, events all that happened; undo takes files back that "
		"nobody changed since. forget\n"
		"takes one that has ended out of the list; its files in the library stay, what our "
		"own "
		"workers fetched of it\n"
		"goes with it. relink gives another link to what our own workers fetch. approve "
		"and reject are for what waits for a word (needs_approval). "
		"stop has nobody look at any\n"
		"client, start has all looked at again; what clients do goes on meanwhile.\n"
		"\n"
		"Examples:\n"
		"  tow haul add 'magnet:?xt=urn:btih:...' --library films\n"
		"  tow haul add album.torrent --client qb --title 'An album'\n"
		"  tow haul add https://host/disk.iso --checksum sha256:9f86d08188... --rate 2M\n"
		"  tow haul watch\n"
		"  tow haul plan 17\n"
		"  tow haul cancel 17 --remove data\n"
		"  tow haul reject 17 --reason 'the wrong album'\n"
		"\n"
		"Exit status of watch: 1 when one that was under way did not get into a library.\n",
	.run = run,
};
