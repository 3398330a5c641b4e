#!/bin/sh
# channels.sh OUT FILE...: the table of the ways to tell people something, from the files that define one.
set -eu
# shellcheck source=contrib/gen/lib.sh
. "$(dirname "$0")/lib.sh"
drivers channel "$@"
