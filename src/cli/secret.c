/* tow secret: what workers need to know and rows must not hold. */
#include <dirent.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/sub.h"
#include "tow/command.h"
#include "tow/secret.h"

#define MOST 65536

static const struct tow_option options[] = { OPTION_END };

static int set(struct cli *c)
{
	char data[MOST];
	size_t len;

	if (isatty(STDIN_FILENO))
		fprintf(stderr, "the secret, then a line break and Ctrl-D:\n");
	len = fread(data, 1, sizeof(data), stdin);
	if (len == 0 || len == sizeof(data)) {
		args_usage(&c->err,
			   len ? "the secret is too long" : "there is nothing on standard input");
		return cli_failed(c);
	}
	return tow_secret_write(cli_operand(c, 0), data, len, &c->err) ? EX_OK : cli_failed(c);
}

static int ls(struct cli *c)
{
	DIR *folder = opendir(tow_fmt(&c->arena, "%s/secrets", tow_home(&c->arena)));
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (tow_secret_is_name(entry->d_name))
			printf("secret:%s\n", entry->d_name);
	if (folder)
		closedir(folder);
	return EX_OK;
}

static int rm(struct cli *c)
{
	const char *name = cli_operand(c, 0);

	if (tow_secret_is_name(name) &&
	    unlink(tow_fmt(&c->arena, "%s/secrets/%s", tow_home(&c->arena), name)) == 0)
		return EX_OK;
	args_usage(&c->err, "there is no secret '%.80s' in %s/secrets", name, tow_home(&c->arena));
	return cli_failed(c);
}

static const struct sub subs[] = {
	{ "set", 1, 1, set, sub_alone, "set" },
	{ "ls", 0, 0, ls, sub_alone, NULL },
	{ "rm", 1, 1, rm, sub_alone, "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_secret = {
	.name = "secret",
	.summary = "passwords and keys for workers, kept out of the database",
	.usage = "tow secret set NAME <FILE | ls | rm NAME",
	.options = options,
	.help = "A secret is a file of this host's workers, $TOW_HOME/secrets/NAME, that nobody "
		"else may read. Rows\n"
		"name it, secret:NAME; what it holds is in no row, log or page. Under systemd "
		"credentials of the\n"
		"worker's unit come first.\n"
		"\n"
		"Examples:\n"
		"  printf %s 'correct horse' | tow secret set qb\n"
		"  tow secret ls\n",
	.run = run,
};
