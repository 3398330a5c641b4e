#!/usr/bin/env bash
# Drain of no-op jobs that were there before the workers started, cut after `limit` seconds. The rate is that between two
# counts of what has ended, each with the instant of its snapshot: from the first that saw any to the last that did not
# see all (to the one that did, where less than half of all lie between), so that neither start nor tail count. It is
# counted after each rest of ten times what a count takes, at least 0.05 s, at most 0.5 s, for all systems alike.
# bytes: of arguments, which do not compress; flush=slow: WAL flushes take 2 ms longer.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'jobs=200000 workers=1,2,4 rounds=3 limit=20 bytes=40 flush=usual systems=' "$@"

measure() { # SPEC
	local rate
	[ "$w" -le "$(cat "$bench/peers/${1%%:*}/most" 2>/dev/null || echo "$w")" ] || return 0
	system_use "$1" && feed "$jobs" && settle || return
	workers_start "$w"
	rate=$(drained "$jobs" "$limit") && note "$1" "$w worker$([ "$w" = 1 ] || echo s)" "$rate" || return
	[ "$w" != 1 ] || note "$1" 'bulk enqueue before it' "$feed_rate"
}

cluster_start "$flush"
systems_install
for ((round = 1; round <= rounds; round++)); do
	for w in ${workers//,/ }; do system_each measure; done
done
table "Drain of $jobs jobs with $bytes bytes of arguments, flushes $flush, jobs/s without start and tail, median (range)
of $rounds rounds:" "$base"
versions
