/* A command of the `tow` program: one file that ends in one const struct; main finds it by its
 * name. */
#ifndef TOW_COMMAND_H
#define TOW_COMMAND_H

/* An option of a command: `--name VALUE`, or a switch `--name`. */
struct tow_option {
	const char *name;  /* NULL ends a table */
	const char *value; /* what stands for the value in the help; NULL: a switch; "[on|off]": one
			      that may also be told so, and is on when it is not */
	const char *help;  /* one line, lower case */
};

struct tow_command {
	const char *name;    /* the word after `tow` */
	const char *summary; /* one line, lower case, for `tow --help` */
	const char *usage;   /* "tow cancel [options] ID..." */
	const char
		*help; /* the rest of `tow NAME --help` and of the man page: examples, exit codes */
	const struct tow_option
		*options; /* printed by --help before the help; NULL: none, or the help tells */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit status
					      of <sysexits.h> */
};

/* Generated at build time from the files in src/cli, workers and scheduler; NULL at the end. */
extern const struct tow_command *const tow_commands[];

#endif
