/* What the person at the shell gives: JSON on the command line or on standard input. */
#ifndef TOW_CLI_INPUT_H
#define TOW_CLI_INPUT_H

#include "cli.h"

/* word: JSON, "-" for standard input, NULL for none (then *json is NULL). What is no JSON is
 * refused here, with the place where it goes wrong. */
TOW_MUST bool input_json(struct cli *c, const char *word, const char **json);

#endif
