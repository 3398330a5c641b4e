#!/bin/sh
# targets.sh OUT FILE...: the table of media servers' drivers, from the files that define one.
set -eu
# shellcheck source=contrib/gen/lib.sh
. "$(dirname "$0")/lib.sh"
drivers target "$@"
