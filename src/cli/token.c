/* tow token: who may ask the server. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/page.h"
#include "lib/print.h"
#include "lib/sub.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "role", "viewer|operator|admin|producer",
	  "add: what it may (viewer); link: likewise (admin)" },
	{ "queue", "A,...", "add: the only ones that a producer may enqueue in (all)" },
	{ "lasts", "INTERVAL", "add, link: for how long it is good (add: for ever; link: 15 min)" },
	{ "address", "URL", "link: where the server is (as it says itself)" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int ls(struct cli *c)
{
	static const struct column columns[] = {
		{ "name", NULL, AS_IS },	 { "role", NULL, AS_IS },
		{ "queues", NULL, AS_LIST },	 { "sessions", NULL, AS_IS },
		{ "used_at", "USED", AS_WHEN },	 { "expires_at", "EXPIRES", AS_WHEN },
		{ "made_by", "MADE BY", AS_IS }, COLUMN_END,
	};
	return print_view(c, "tow.tokens", columns);
}

static bool make(struct cli *c, const char *verb, const char *name, struct tow_rows **rows)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "name", name);
	cli_arg(&call, "queues", cli_array(&c->arena, cli_option(c, "queue")));
	cli_arg(&call, "role", cli_option(c, "role"));
	cli_arg(&call, "lasts", cli_option(c, "lasts"));
	return cli_call(c, rows, verb, &call);
}

static int add(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;

	if (!make(c, "tow.add_token", cli_operand(c, 0), &rows))
		return cli_failed(c);
	printf("%s\n", tow_rows_at(rows, 0, 0));
	return EX_OK;
}

static int rm(struct cli *c)
{
	return sub_call(c, "tow.drop_token");
}

/* What is written down here may be where another database is served, or was: those that serve this
 * one come first. */
static const char *where(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_err unknown = { 0 };
	const char *written = page_address(&c->arena, cli_option(c, "address")), *at = NULL;

	if (cli_option(c, "address") || !tow_call(c->db, &rows, &unknown, "tow.served_at"))
		return written;
	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		const char *place =
			page_address(&c->arena, tow_strdup(&c->arena, tow_rows_at(rows, i, 0)));
		if (strcmp(place, written) == 0)
			return written;
		if (!at && strncmp(place, "http", 4) == 0)
			at = place;
	}
	if (at)
		return at;
	fprintf(stderr, "tow: note: no server of this database is seen; start one (tow serve), or "
			"say where it is: --address URL\n");
	return written;
}

static int link_to_page(struct cli *c)
{
	TOW_AUTO_ROWS *rows = NULL;

	if (!make(c, "tow.add_key", NULL, &rows))
		return cli_failed(c);
	printf("%s#key=%s\n", where(c), tow_rows_at(rows, 0, 0));
	return EX_OK;
}

static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "add", 1, 1, add, " role queue lasts ", NULL },
	{ "rm", 1, 1, rm, NULL, "removed" },
	{ "link", 0, 0, link_to_page, " role lasts address ", NULL },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_token = {
	.name = "token",
	.summary = "tokens: who may use the server",
	.usage = "tow token ls | add NAME | rm NAME | link",
	.options = options,
	.help = "Programs send a token (Authorization: Bearer TOKEN), browsers sign in with one, "
		"or by "
		"the address that\n"
		"link prints, which is good once. add prints the token, this once: the database "
		"has its "
		"SHA-256 only.\n"
		"viewer sees, operator acts on jobs and downloads, admin sets up. producer is for "
		"a program that makes\n"
		"jobs and batches, asks what became of them, and may do nothing else.\n"
		"\n"
		"Examples:\n"
		"  tow token add grafana\n"
		"  tow token add deploy --role operator --lasts '90 days'\n"
		"  tow token add shop --role producer --queue mail,images\n"
		"  tow token link\n",
	.run = run,
};
