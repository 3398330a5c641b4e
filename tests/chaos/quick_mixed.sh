#!/usr/bin/env bash
# The small edition of mixed.sh.
MIXED_JOBS=5000
. tests/chaos/mixed.sh
