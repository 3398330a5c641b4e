/* tow library: folders that downloads are placed in. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/input.h"
#include "lib/print.h"
#include "lib/sub.h"
#include "lib/trial.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "root", "FOLDER", "set: where it is" },
	{ "template", "PATH", "add, set: how files are named below it ({path})" },
	{ "mode", "A,B", "add, set: how, the first that works: reflink,link,copy,move,symlink" },
	{ "category", "A,B", "add, set: what clients have in these goes here" },
	{ "taken", "WORD",
	  "set: a name that is another file's: suffix, skip, replace, better, fail" },
	{ "qualities", "A,B", "set: from the worst to the best, for better" },
	{ "extensions", "A,B", "set: only these" },
	{ "refused", "A,B", "set: never these" },
	{ "junk", "A,B", "set: nor these, which come along" },
	{ "sidecars", "A,B", "set: beside the file that they go with" },
	{ "samples", "on|off", "set: samples, too (off)" },
	{ "extras", "on|off", "set: trailers and the like, too, beside the main file (off)" },
	{ "unpack", "on|off", "set: archives are unpacked (on)" },
	{ "unpack-bytes", "N", "set: refuse one that holds more (512 GiB)" },
	{ "unpack-times", "N", "set: refuse one that holds more than N times its size (50)" },
	{ "unpack-files", "N", "set: refuse one of more files (100000)" },
	{ "min-bytes", "N", "set: nothing smaller" },
	{ "inner-links", "on|off", "set: links inside of a download are followed (off)" },
	{ "verify", "on|off", "set: read copies again (off)" },
	{ "file-mode", "MODE",
	  "set: of copies, as chmod takes it: 0640 (as the worker's umask has it)" },
	{ "dir-mode", "MODE", "set: of folders (likewise)" },
	{ "owner", "USER", "set: of copies and folders" },
	{ "group", "GROUP", "set: likewise" },
	{ "reserve", "BYTES", "set: what copies leave free" },
	{ "done-tag", "WORD", "set: how a transfer is tagged when its files are here (synced)" },
	{ "done-category", "WORD", "add, set: the category that it is put into then" },
	{ "done-remove", "WORD", "set: what becomes of it then, at its goal: no, transfer, data" },
	{ "profile", "NAME", "set: what is done about its downloads in trouble (default)" },
	{ "recycle-days", "N",
	  "set: how long what was replaced or taken back stays in .tow-recycle (30; 0: for ever)" },
	{ "as", "FOLDER", "announce: what the library's folder is called on the server" },
	{ "reset", "A,B",
	  "set: take back file_mode, dir_mode, owner_name, group_name, extensions, done_tag, "
	  "done_category, profile" },
	{ "yes", NULL, "rm: also while downloads need it" },
	OPTION_JSON,
	OPTION_DATABASE,
	OPTION_END,
};

static int ls(struct cli *c)
{
	static const struct column columns[] = {
		{ "name", NULL, AS_IS },
		{ "root", NULL, AS_IS },
		{ "template", NULL, AS_IS },
		{ "modes", NULL, AS_LIST },
		{ "categories", NULL, AS_LIST },
		{ "targets", NULL, AS_LIST },
		{ "profile", NULL, AS_IS },
		{ "downloads", NULL, AS_IS },
		COLUMN_END,
	};
	return print_view(c, "haul.libraries", columns);
}

static void common(struct cli *c, struct cli_call *call)
{
	cli_arg(call, "name", cli_operand(c, 0));
	cli_arg(call, "template", cli_option(c, "template"));
	cli_arg(call, "modes", cli_array(&c->arena, cli_option(c, "mode")));
	cli_arg(call, "categories", cli_array(&c->arena, cli_option(c, "category")));
	cli_arg(call, "done_category", cli_option(c, "done-category"));
}

/* It may be there on the workers' hosts, so it is no error. */
static void warn_of_folder(struct cli *c, const char *root)
{
	const char *hint, *wrong = library_folder_wrong(&c->arena, root, &hint);

	if (wrong)
		fprintf(stderr, "tow: warning: %s\nhint: %s; 'tow library test %s' looks again\n",
			wrong, hint, cli_operand(c, 0));
}

static int add(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "root", cli_operand(c, 1));
	common(c, &call);
	if (!cli_call(c, NULL, "haul.add_library", &call))
		return cli_failed(c);
	warn_of_folder(c, cli_operand(c, 1));
	return EX_OK;
}

static int set(struct cli *c)
{
	static const struct {
		const char *option, *parameter;
		bool list;
	} rest[] = {
		{ "root", "root", false },
		{ "taken", "taken", false },
		{ "extensions", "extensions", true },
		{ "refused", "refused", true },
		{ "qualities", "qualities", true },
		{ "junk", "junk", true },
		{ "sidecars", "sidecars", true },
		{ "samples", "samples", false },
		{ "extras", "extras", false },
		{ "unpack", "unpack", false },
		{ "unpack-bytes", "unpack_bytes", false },
		{ "unpack-times", "unpack_times", false },
		{ "unpack-files", "unpack_files", false },
		{ "min-bytes", "min_bytes", false },
		{ "inner-links", "inner_links", false },
		{ "verify", "verify", false },
		{ "file-mode", "file_mode", false },
		{ "dir-mode", "dir_mode", false },
		{ "owner", "owner_name", false },
		{ "group", "group_name", false },
		{ "reserve", "reserve", false },
		{ "done-tag", "done_tag", false },
		{ "done-remove", "done_remove", false },
		{ "profile", "profile", false },
		{ "recycle-days", "recycle_days", false },
		{ "reset", "reset", true },
	};
	struct cli_call call = { 0 };

	common(c, &call);
	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++) {
		const char *value = cli_option(c, rest[i].option);

		cli_arg(&call, rest[i].parameter,
			rest[i].list ? cli_array(&c->arena, value) : value);
	}
	if (!cli_call(c, NULL, "haul.set_library", &call))
		return cli_failed(c);
	if (cli_has(c, "root"))
		warn_of_folder(c, cli_option(c, "root"));
	return EX_OK;
}

static int rm(struct cli *c)
{
	return tow_call(c->db, NULL, &c->err, "haul.drop_library", cli_operand(c, 0),
			cli_has(c, "yes") ? "t" : "f")
		       ? EX_OK
		       : cli_failed(c);
}

static int announce(struct cli *c)
{
	struct cli_call call = { 0 };

	cli_arg(&call, "library", cli_operand(c, 0));
	cli_arg(&call, "target", cli_operand(c, 1));
	cli_arg(&call, "root", cli_option(c, "as"));
	return cli_call(c, NULL, "haul.announce", &call) ? EX_OK : cli_failed(c);
}

static int unannounce(struct cli *c)
{
	return tow_call(c->db, NULL, &c->err, "haul.unannounce", cli_operand(c, 0),
			cli_operand(c, 1))
		       ? EX_OK
		       : cli_failed(c);
}

#define COMMON " template mode category done-category "
static const struct sub subs[] = {
	{ "ls", 0, 0, ls, NULL, NULL },
	{ "add", 2, 2, add, COMMON, "added" },
	{ "set", 1, 1, set,
	  COMMON "root taken qualities extensions refused junk sidecars samples extras unpack "
		 "unpack-bytes unpack-times unpack-files min-bytes inner-links verify "
		 "file-mode dir-mode owner group reserve done-tag done-remove profile recycle-days "
		 "reset ",
	  "set" },
	{ "test", 1, 1, library_trial, NULL, NULL },
	{ "announce", 2, 2, announce, " as ", "announced" },
	{ "unannounce", 2, 2, unannounce, NULL, "announced no more" },
	{ "rm", 1, 1, rm, " yes ", "removed" },
	{ 0 },
};

static int run(int argc, char **argv)
{
	return sub_run(subs, options, argc, argv);
}

const struct tow_command tow_command_library = {
	.name = "library",
	.summary = "folders that downloads are placed in",
	.usage = "tow library ls | add NAME ROOT | set NAME | test NAME | announce NAME TARGET | "
		 "unannounce NAME TARGET | rm NAME [--yes]",
	.options = options,
	.help = "A template is a path below the root, of {title} {name} {ext} {path} {category} "
		"and "
		"what a download's meta\n"
		"holds; { (|year|)} is left out as a whole where there is no year, {episode:2} has "
		"two "
		"digits. Files of one\n"
		"download that would get one name are numbered. announce has a media server told "
		"of what changes here. test says whether its folder takes files, from this host "
		"and "
		"as this user.\n"
		"\n"
		"Examples:\n"
		"  tow library add films /media/films --template '{title}{ "
		"(|year|)}/{name}.{ext}'\n"
		"  tow library set films --mode link --taken better --qualities 720p,1080p,2160p\n"
		"  tow library announce films jelly --as /data/films\n",
	.run = run,
};
