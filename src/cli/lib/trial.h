/* Trials of programs that Towpath speaks to: what is wrong on the way to one, in a sentence and a
 * hint, as findings. */
#ifndef TOW_CLI_TRIAL_H
#define TOW_CLI_TRIAL_H

#include "health.h"

/* What a trial knows of the program; the texts live as long as h->c. */
struct trial {
	struct health health;
	const char *name, *driver, *url, *user, *secret;
	long timeout_ms;
};

/* From the row that verb gives of the first operand; with --driver and --url, from these and the
 * other options. *rows is NULL then. */
TOW_MUST bool trial_begin(struct trial *t, const char *verb, struct tow_rows **rows);

/* Reads what the secret names. False, with the finding, when it cannot be. */
TOW_MUST bool trial_secret(struct trial *t, char **password);

/* A finding of an error that met us. */
void trial_failed(struct trial *t, const char *component, const struct tow_err *e);

/* "12.3 GB" */
const char *trial_size(struct tow_arena *a, long long bytes);

/* tow client test, tow target test, tow library test */
int client_trial(struct cli *c);
int target_trial(struct cli *c);
int library_trial(struct cli *c);

/* Why nothing can be placed in a folder, from this host and as this user, and what to do; NULL: it
 * can. */
const char *library_folder_wrong(struct tow_arena *a, const char *root, const char **hint);

#endif
