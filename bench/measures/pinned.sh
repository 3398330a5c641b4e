#!/usr/bin/env bash
# Drain while an idle transaction pins the xmin horizon, beside the same without it: jobs/s by window. A drain is cut
# after `limit` seconds.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'jobs=2000000 rounds=1 limit=120 window=5 workers=1 bytes=40 systems=' "$@"

measure() { # SPEC
	local how
	for how in unpinned pinned; do
		system_use "$1" && feed "$jobs" && settle || return
		[ $how = unpinned ] || pin
		workers_start "$workers"
		windows "$1 $how" || return
		workers_stop
		unpin
	done
	note "$1 pinned" 'last to unpinned' "$(calc "$last / $usual" 2)"
}

# Leaves the last whole window's rate in last, and an unpinned drain's in usual.
windows() { # ROW
	local began from=0 now at since rates=()
	until_true 'select yes from bench.begun' 60 0.005 || return
	began=$EPOCHREALTIME since=$began last=0
	while [ "$from" -lt "$jobs" ] && [ "$(calc "$EPOCHREALTIME - $began < $limit")" = 1 ]; do
		until_true 'select n <= 0 from bench.left' "$(calc "$since + $window - $EPOCHREALTIME" 3)" 0.2 || true
		now=$(ask 'select n from bench.finished') at=$EPOCHREALTIME
		if [ "$now" -lt "$jobs" ] || [ ${#rates[@]} = 0 ]; then
			last=$(calc "($now - $from) / ($at - $since)")
			rates+=("$last")
		fi
		from=$now since=$at
	done
	note "$1" "first $window s" "${rates[0]}" && note "$1" "last $window s" "$last" &&
		note "$1" whole "$(calc "$from / ($since - $began)")" && note "$1" 'jobs ended' "$from"
	[[ $1 != *unpinned ]] || usual=$(calc "$from / ($since - $began)")
	curves+=("- $1: ${rates[*]}")
}

curves=()
cluster_start
systems_install
for ((round = 1; round <= rounds; round++)); do system_each measure; done
table "Drain of $jobs jobs, $workers worker, jobs/s:"
printf '\nEach window of %s s in turn:\n\n' "$window"
printf '%s\n' "${curves[@]}" ''
versions
