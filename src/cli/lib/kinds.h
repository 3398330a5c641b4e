/* The list that both tow kinds and tow kind ls print. */
#ifndef TOW_CLI_KINDS_H
#define TOW_CLI_KINDS_H

#include "cli.h"

int kinds_ls(struct cli *c);

#endif
