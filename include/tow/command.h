/* A command of the `tow` program: one file that ends in one const struct; main finds it by its name. */
#ifndef TOW_COMMAND_H
#define TOW_COMMAND_H

struct tow_command {
	const char *name;    /* the word after `tow` */
	const char *summary; /* one line, lower case, for `tow --help` */
	const char *usage;   /* "tow cancel [options] ID..." */
	const char *help;    /* the rest of `tow NAME --help` and of the man page: options, examples, exit codes */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit status of <sysexits.h> */
};

/* Generated at build time from the files in src/cli, workers and scheduler; NULL at the end. */
extern const struct tow_command *const tow_commands[];

#endif
