/* tow scheduler: minds the clock. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sysexits.h>

#include "clock.h"
#include "tow/command.h"
#include "tow/log.h"
#include "tow/proc.h"

struct choices {
	const char *name, *database, *direct, *format;
	enum tow_level level;
	bool standby;
};

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "tow: bad %s '%s'\nhint: tow scheduler --help\n", what, value);
	return EX_USAGE;
}

static int parse(struct choices *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "standby", no_argument, NULL, 's' },
		{ "name", required_argument, NULL, 'n' },
		{ "database", required_argument, NULL, 'd' },
		{ "direct", required_argument, NULL, 'u' },
		{ "log-format", required_argument, NULL, 'f' },
		{ "log-level", required_argument, NULL, 'l' },
		{ 0 },
	};
	int code;

	optind = 1;
	while ((code = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (code == 's')
			o->standby = true;
		else if (code == 'n')
			o->name = optarg;
		else if (code == 'd')
			o->database = optarg;
		else if (code == 'u')
			o->direct = optarg;
		else if (code == 'f')
			o->format = optarg;
		else if (code != 'l') {
			fprintf(stderr, "hint: tow scheduler --help\n");
			return EX_USAGE;
		} else if (!tow_level_parse(optarg, &o->level))
			return complain("log level", optarg);
	}
	if (strcmp(o->format, "text") != 0 && strcmp(o->format, "json") != 0)
		return complain("log format", o->format);
	return optind == argc ? 0 : complain("argument", argv[optind]);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int scheduler(int argc, char **argv)
{
	struct choices o = { .format = "text", .level = TOW_INFO };
	TOW_AUTO_ARENA a = { 0 };
	int status = parse(&o, argc, argv);
	const char *found;
	struct clock c;

	if (status)
		return status;
	prctl(PR_SET_NAME, "tow scheduler"); /* one that was started by /proc/self/exe is "exe" */
	tow_log_setup("scheduler", o.format, o.level);
	c = (struct clock){
		.url = tow_db_direct_url(&a, o.direct, o.database),
		.name = o.name,
		.standby = o.standby,
		.signals = open_signals(),
	};
	if (!c.url)
		c.url = tow_db_url(&a, o.database);
	c.early = !c.url && !tow_db_find(&a, &found, NULL);
	status = clock_run(&c);
	tow_sd_notify("STOPPING=1");
	tow_log(TOW_INFO, "scheduler.stopped", NULL);
	return status;
}

const struct tow_command tow_command_scheduler = {
	.name = "scheduler",
	.summary = "mind the clock: promote, fire, rescue, prune",
	.usage = "tow scheduler [options]",
	.help = "Does what is due: makes scheduled jobs ready at their instant, fires schedules, "
		"puts back the jobs\n"
		"of dead workers, makes and drops partitions. Sleeps in between, without polling. "
		"Run two or more\n"
		"for availability: they do no harm to one another.\n"
		"\n"
		"  --standby             exit 0 as soon as another scheduler minds the clock\n"
		"  --name NAME           how the scheduler is called in lists (the host's name)\n"
		"  --database URL        where the queue is\n"
		"  --direct URL          the same past a pooler (TOW_DIRECT_URL): used instead, "
		"so that the bell is heard\n"
		"  --log-format text|json   --log-level error|warn|info|debug\n"
		"\n"
		"SIGTERM ends it at once: whatever it did is a transaction of its own.\n"
		"\n"
		"Exit status: 0 ended as asked, 64 wrong options; and of one that never began: 77 "
		"the login or its password is\n"
		"refused, 78 the database or its schema is not there. What may pass is tried "
		"again.\n",
	.run = scheduler,
};
