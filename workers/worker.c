/* tow worker: runs jobs. */
#include <stdio.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include "check.h"
#include "dispatcher.h"
#include "options.h"
#include "tow/command.h"
#include "tow/log.h"

static int run(const struct options *o)
{
	TOW_AUTO_ARENA a = { 0 };
	struct dispatcher d = { .options = o };
	struct tow_err e = { 0 };
	const char *found;

	config_init(&d.config);
	if (!options_config(o, &d.config, &e) ||
	    (o->check && !check_programs(&d.config.kinds, &e))) {
		fprintf(stderr, "tow: %s\n", e.text);
		if (e.hint[0])
			fprintf(stderr, "hint: %s\n", e.hint);
		config_release(&d.config);
		return o->file ? EX_CONFIG : EX_USAGE;
	}
	if (o->check) {
		check_print(&d.config, o->file);
		config_release(&d.config);
		return EX_OK;
	}
	d.url = tow_db_url(&a, o->database);
	d.early = !d.url && !tow_db_find(&a, &found, NULL);
	d.direct = tow_db_direct_url(&a, o->direct ? o->direct : d.config.direct, o->database);
	if (!d.direct)
		d.direct = d.url;
	return dispatcher_run(&d);
}

static int worker(int argc, char **argv)
{
	struct options o;
	int status = EX_USAGE;

	if (options_parse(&o, argc, argv)) {
		prctl(PR_SET_NAME, "tow worker"); /* one that tow up started is called "exe" */
		tow_log_setup("worker", o.log_format, o.level);
		status = run(&o);
	}
	options_release(&o);
	return status;
}

const struct tow_command tow_command_worker = {
	.name = "worker",
	.summary = "run jobs",
	.usage = "tow worker [options]",
	.help = "Runs jobs of one or more queues, each in a slot, a process of its own. Any number "
		"of workers on\n"
		"any number of hosts may share a database.\n"
		"\n"
		"  --queue NAME[:SLOTS],...  serve these queues, each with so many slots; may be "
		"repeated (default:4)\n"
		"  --queue NAME*WEIGHT   serve it by turns with others that have a weight, in "
		"--slots "
		"slots that they\n"
		"                        share: their time is divided by weight among those that "
		"have jobs\n"
		"  --strict              queues without slots of their own share --slots slots; "
		"the "
		"first one that\n"
		"                        has jobs goes first, in the order given\n"
		"  --otherwise NAME[:SLOTS],...  serve these queues if neither options nor file "
		"name "
		"any; "
		"may be repeated\n"
		"  --slots N             slots of a queue that does not say, or that queues share "
		"(4)\n"
		"  --config FILE         kinds and settings; read again at SIGHUP\n"
		"  --check               say whether options, file and the programs in it are "
		"right, and what\n"
		"                        queues and kinds it has, and end\n"
		"  --name NAME           how the worker is called in lists (the host's name); "
		"several "
		"may have one\n"
		"  --timeout TIME        of a job that has none of its own (1h)\n"
		"  --grace TIME          how long jobs may go on after SIGTERM, before they are "
		"ended (30s)\n"
		"  --kill TIME           how long a job that is being ended may take before it is "
		"killed (5s; at\n"
		"                        most 800ms if somebody cancelled it)\n"
		"  --lease TIME          how long others wait before they take over our jobs "
		"(15s)\n"
		"  --poll TIME           how often to look for jobs if no bell rings (5s)\n"
		"  --no-listen           never wait for the bell, only poll\n"
		"  --prefetch N|auto     jobs held for each slot (auto: as many as it ends in 50 "
		"ms)\n"
		"  --no-sql-kinds        leave kinds that are functions in the database to other "
		"workers\n"
		"  --once, --drain       exit 0 when the queues are empty and nothing in them is "
		"due\n"
		"  --database URL        where the queue is\n"
		"  --direct URL          the same past a pooler, for the heartbeat and the bell "
		"(TOW_DIRECT_URL)\n"
		"  --log-format text|json   --log-level error|warn|info|debug\n"
		"\n"
		"SIGTERM stops claiming, gives back what has not started and waits for what runs; "
		"a second one\n"
		"hurries. SIGHUP reads the file again.\n"
		"\n"
		"Examples:\n"
		"  tow worker --queue default:8 --queue mail:2\n"
		"  tow worker --slots 8 --queue 'web*3' --queue 'bulk*1'\n"
		"  tow worker --config /etc/towpath/worker.ini --log-format json\n"
		"  tow worker --drain\n"
		"\n"
		"Exit status: 0 ended as asked, 64 or 78 the options or the file are wrong, 75 the "
		"last outcomes could not be\n"
		"told; and of one that never began: 77 the login or its password is refused, 78 "
		"the database or its schema is\n"
		"not there. What may pass, such as a server that is starting, is tried again.\n",
	.run = worker,
};
