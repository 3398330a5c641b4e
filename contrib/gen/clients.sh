#!/bin/sh
# clients.sh OUT FILE...: the table of download clients' drivers, from the files that define one.
set -eu
# shellcheck source=contrib/gen/lib.sh
. "$(dirname "$0")/lib.sh"
drivers client "$@"
