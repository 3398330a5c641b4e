/* tow haul: downloads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/frame.h"
#include "lib/print.h"
#include "lib/sub.h"
#include "lib/wait.h"
#include "tow/command.h"
#include "tow/fs.h"
#include "tow/proc.h"

#define PAUSE_US 1000000

static const struct tow_option options[] = {
	{ "client", "NAME", "add: who downloads it (the first that can)" },
	{ "library", "NAME", "add: where its files go (the first)" },
	{ "title", "TEXT", "add: what it is called" },
	{ "type", "torrent|nzb|http", "add: what the link is, where it does not say so" },
	{ "category", "NAME", "add: its category in the client" },
	{ "options", "JSON",
	  "add: for the client: {\"paused\": true, \"down_limit\": 100000, ...}" },
	{ "meta", "JSON", "add: for the library's template: {\"year\": 1999}" },
	{ "remove", "WORD", "cancel: what its client does with it: no, transfer, data" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static const struct column columns[] = {
	{ "id", NULL, AS_IS },
	{ "state", NULL, AS_STATE },
	{ "percent", "%", AS_PERCENT },
	{ "down", NULL, AS_IS },
	{ "eta", NULL, AS_DURATION },
	{ "size", NULL, AS_IS },
	{ "client", NULL, AS_IS },
	{ "library", NULL, AS_IS },
	{ "title", NULL, AS_IS },
	{ "error", NULL, AS_IS },
	COLUMN_END,
};

static int ls(struct cli *c)
{
	return print_view(c, "haul.downloads", columns);
}

/* A worker asks the client: the command has neither its address nor its secret. */
static int plan(struct cli *c)
{
	static const struct column of[] = {
		{ "state", NULL, AS_STATE }, { "size", NULL, AS_IS }, { "source", NULL, AS_IS },
		{ "target", NULL, AS_IS },   { "why", NULL, AS_IS },  COLUMN_END,
	};
	TOW_AUTO_ROWS *job = NULL, *rows = NULL;
	const char *id;
	int status;

	if (!tow_call(c->db, &job, &c->err, "haul.preview_import", cli_operand(c, 0)))
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
		{ "download", NULL, AS_IS }, { "state", NULL, AS_STATE },
		{ "mode", NULL, AS_IS },     { "size", NULL, AS_IS },
		{ "path", NULL, AS_IS },     { "why", NULL, AS_IS },
		{ "error", NULL, AS_IS },    COLUMN_END,
	};
	return print_view(c, "haul.files", of);
}

static int events(struct cli *c)
{
	static const struct column of[] = {
		{ "at", NULL, AS_WHEN },
		{ "download", NULL, AS_IS },
		{ "what", NULL, AS_IS },
		{ "detail", NULL, AS_IS },
		{ "title", NULL, AS_IS },
		{ "who", NULL, AS_IS },
		COLUMN_END,
	};
	return print_view(c, "haul.events", of);
}

/* A file that is named is what a .torrent or .nzb holds. */
static bool source(struct cli *c, struct cli_call *call)
{
	const char *word = cli_operand(c, 0), *dot = strrchr(word, '.');
	TOW_AUTO_BUF hex = { 0 };
	char *data;
	size_t len;

	if (strstr(word, "://") || strncmp(word, "magnet:", 7) == 0) {
		cli_arg(call, "link", word);
		cli_arg(call, "type", cli_option(c, "type"));
		return true;
	}
	if (!tow_fs_read(&c->arena, word, &data, &len, &c->err))
		return false;
	tow_buf_adds(&hex, "\\x");
	for (size_t i = 0; i < len; i++)
		tow_buf_addf(&hex, "%02x", (unsigned char)data[i]);
	cli_arg(call, "data", tow_strdup(&c->arena, hex.data));
	cli_arg(call, "type",
		cli_has(c, "type")		  ? cli_option(c, "type")
		: dot && strcmp(dot, ".nzb") == 0 ? "nzb"
						  : "torrent");
	return true;
}

static int add(struct cli *c)
{
	static const char *const same[] = { "client",	"library", "title",
					    "category", "options", "meta" };
	struct cli_call call = { 0 };
	TOW_AUTO_ROWS *rows = NULL;

	if (!source(c, &call))
		return cli_failed(c);
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		cli_arg(&call, same[i], cli_option(c, same[i]));
	if (!cli_call(c, &rows, "haul.grab", &call))
		return cli_failed(c);
	printf(cli_has(c, "json") ? "{\"download\": %s}\n" : "%s\n", tow_rows_at(rows, 0, 0));
	return EX_OK;
}

static int by_id(struct cli *c, const char *verb)
{
	return tow_call(c->db, NULL, &c->err, verb, cli_operand(c, 0)) ? EX_OK : cli_failed(c);
}

static int cancel(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "id", cli_operand(c, 0));
	cli_arg(&call, "remove", cli_option(c, "remove"));
	return cli_call(c, NULL, "haul.cancel", &call) ? EX_OK : cli_failed(c);
}

static int retry(struct cli *c)
{
	return by_id(c, "haul.retry");
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

/*--- watch */

static bool is_over(const char *state)
{
	return strcmp(state, "completed") == 0 || strcmp(state, "failed") == 0 ||
	       strcmp(state, "cancelled") == 0 || strcmp(state, "rejected") == 0;
}

static size_t draw(struct frame *f, const struct tow_rows *rows)
{
	size_t open = 0;

	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		const char *state = tow_rows_get(rows, i, "state"),
			   *percent = tow_rows_get(rows, i, "percent"),
			   *eta = tow_rows_get(rows, i, "eta"),
			   *error = tow_rows_get(rows, i, "error");

		if (is_over(state))
			continue;
		open++;
		frame_cell(f, PLAIN, -6, tow_rows_get(rows, i, "id"));
		frame_put(f, PLAIN, "  ");
		frame_cell(f, PLAIN, 12, state);
		frame_put(f, PLAIN, "%s ",
			  text_bar(f->arena, percent ? strtod(percent, NULL) : 0, 22));
		frame_cell(f, PLAIN, -6, percent ? percent : "");
		frame_cell(f, PLAIN, -8,
			   tow_fmt(f->arena, "%lld kB/s", tow_rows_int(rows, i, "down") / 1000));
		frame_put(f, PLAIN, "  %s  ", eta ? eta : "-");
		frame_put(f, PLAIN, "%s %s", tow_rows_get(rows, i, "title"), error ? error : "");
		frame_end_row(f);
	}
	return open;
}

/* Until nothing is open; on a terminal in place, else a picture a second. */
static int watch(struct cli *c)
{
	bool terminal = isatty(STDOUT_FILENO);
	size_t open;
	int rows_before = 0;

	do {
		TOW_AUTO_ARENA a = { 0 };
		TOW_AUTO_ROWS *rows = NULL;
		struct frame f = { .arena = &a };

		if (!tow_db_view(c->db, &rows, &c->err, "haul.downloads"))
			return cli_failed(c);
		open = draw(&f, rows);
		if (terminal && rows_before > 0)
			printf("\033[%dA\033[J", rows_before);
		frame_print(stdout, &f);
		fflush(stdout);
		rows_before = f.rows;
		if (open)
			usleep(PAUSE_US);
	} while (open);
	return EX_OK;
}

static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL },
	{ "add", 1, 1, add, " client library title type category options meta " },
	{ "watch", 0, 0, watch, NULL },
	{ "plan", 1, 1, plan, NULL },
	{ "files", 0, 0, files, NULL },
	{ "events", 0, 0, events, NULL },
	{ "cancel", 1, 1, cancel, " remove " },
	{ "retry", 1, 1, retry, NULL },
	{ "pause", 1, 1, hold, NULL },
	{ "resume", 1, 1, resume, NULL },
	{ "undo", 1, 1, undo, NULL },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_haul = {
	.name = "haul",
	.summary = "downloads",
	.usage = "tow haul ls | add LINK|FILE | watch | plan ID | files | events | cancel ID | "
		 "retry ID | "
		 "pause ID | resume ID | undo ID",
	.options = options,
	.help = "add takes a magnet or http(s) link, or a .torrent or .nzb file. watch shows what "
		"is "
		"under way until nothing\n"
		"is. plan says what an import would do with each file, and does nothing. files "
		"says where everything went, events all that happened; undo takes files "
		"back that\n"
		"nobody changed since.\n"
		"\n"
		"Examples:\n"
		"  tow haul add 'magnet:?xt=urn:btih:...' --library films\n"
		"  tow haul add album.torrent --client qb --title 'An album'\n"
		"  tow haul watch\n"
		"  tow haul plan 17\n"
		"  tow haul cancel 17 --remove data\n",
	.run = run,
};
