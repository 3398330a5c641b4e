/* The command line of `tow worker`: see options.h. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONFIG = 1000,
	DATABASE,
	DIRECT_URL,
	LOG_FORMAT,
	LOG_LEVEL,
	DRAIN,
	CHECK,
	STRICT,
	NO_LISTEN,
	NO_SQL_KINDS,
	SETTING
};

static const struct option table[] = {
	{ "queue", required_argument, NULL, SETTING },
	{ "otherwise", required_argument, NULL, SETTING },
	{ "slots", required_argument, NULL, SETTING },
	{ "name", required_argument, NULL, SETTING },
	{ "lease", required_argument, NULL, SETTING },
	{ "grace", required_argument, NULL, SETTING },
	{ "kill", required_argument, NULL, SETTING },
	{ "poll", required_argument, NULL, SETTING },
	{ "prefetch", required_argument, NULL, SETTING },
	{ "timeout", required_argument, NULL, SETTING },
	{ "config", required_argument, NULL, CONFIG },
	{ "database", required_argument, NULL, DATABASE },
	{ "direct", required_argument, NULL, DIRECT_URL },
	{ "direct-url", required_argument, NULL, DIRECT_URL },
	{ "log-format", required_argument, NULL, LOG_FORMAT },
	{ "log-level", required_argument, NULL, LOG_LEVEL },
	{ "once", no_argument, NULL, DRAIN },
	{ "drain", no_argument, NULL, DRAIN },
	{ "check", no_argument, NULL, CHECK },
	{ "strict", no_argument, NULL, STRICT },
	{ "no-listen", no_argument, NULL, NO_LISTEN },
	{ "no-sql-kinds", no_argument, NULL, NO_SQL_KINDS },
	{ 0 },
};

static void add(struct options *o, const char *name, const char *value)
{
	o->settings = tow_xrealloc(o->settings, (o->n_settings + 1) * sizeof(*o->settings));
	o->settings[o->n_settings++] = (struct setting){ tow_xstrdup(name), tow_xstrdup(value) };
}

static bool bad(const char *what, const char *value)
{
	fprintf(stderr, "tow: bad %s '%s'\nhint: tow worker --help\n", what, value);
	return false;
}

static bool take(struct options *o, int code, const char *name, const char *value)
{
	switch (code) {
	case SETTING:
		add(o, name, value);
		return true;
	case STRICT:
		add(o, "strict", "yes");
		return true;
	case NO_LISTEN:
		add(o, "listen", "no");
		return true;
	case NO_SQL_KINDS:
		add(o, "sql_kinds", "no");
		return true;
	case CONFIG:
		o->file = value;
		return true;
	case DATABASE:
		o->database = value;
		return true;
	case DIRECT_URL:
		o->direct = value;
		return true;
	case DRAIN:
		o->drain = true;
		return true;
	case CHECK:
		o->check = true;
		return true;
	case LOG_FORMAT:
		o->log_format = value;
		return strcmp(value, "text") == 0 || strcmp(value, "json") == 0 ||
		       bad("log format", value);
	case LOG_LEVEL:
		return tow_level_parse(value, &o->level) || bad("log level", value);
	default:
		fprintf(stderr, "hint: tow worker --help\n");
		return false;
	}
}

bool options_parse(struct options *o, int argc, char **argv)
{
	int code, at = 0;

	*o = (struct options){ .log_format = "text", .level = TOW_INFO };
	optind = 1;
	while ((code = getopt_long(argc, argv, "", table, &at)) != -1)
		if (!take(o, code, table[at].name, optarg))
			return false;
	return optind == argc || bad("argument", argv[optind]);
}

void options_release(struct options *o)
{
	for (size_t i = 0; i < o->n_settings; i++) {
		free(o->settings[i].name);
		free(o->settings[i].value);
	}
	free(o->settings);
	o->settings = NULL;
}

static bool is_otherwise(const struct setting *s)
{
	return strcmp(s->name, "otherwise") == 0;
}

bool options_config(const struct options *o, struct config *c, struct tow_err *e)
{
	bool named;

	if (o->file && !config_read(c, o->file, e))
		return false;
	for (size_t i = 0; i < o->n_settings; i++)
		if (!is_otherwise(&o->settings[i]) &&
		    !config_set(c, o->settings[i].name, o->settings[i].value, e))
			return false;
	named = c->n_queues > 0;
	for (size_t i = 0; i < o->n_settings && !named; i++)
		if (is_otherwise(&o->settings[i]) && !config_queue(c, o->settings[i].value, e))
			return false;
	return config_finish(c, e);
}
