/* The command line of `tow worker`, read again with the file at SIGHUP. */
#ifndef TOW_WORKERS_OPTIONS_H
#define TOW_WORKERS_OPTIONS_H

#include "config.h"

struct options {
	const char *file;	       /* --config */
	const char *database, *direct; /* --database, --direct */
	const char *log_format;
	enum tow_level level;
	bool drain, check;
	struct setting *settings; /* the rest, in order */
	size_t n_settings;
};

/* False after a message on stderr. */
bool options_parse(struct options *o, int argc, char **argv);
void options_release(struct options *o);
TOW_MUST bool options_config(const struct options *o, struct config *c, struct tow_err *e);

#endif
