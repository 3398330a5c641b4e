#!/usr/bin/env bash
# Drain while an idle transaction pins the xmin horizon, beside the same without it: jobs/s by window, from the first count
# that saw a job ended. A drain is cut after `limit` seconds. Only windows at whose end there were jobs left count.
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

# Leaves the last window's rate in last, an unpinned drain's in usual.
windows() { # ROW
	local one next first end rates=()
	until_true 'select n > 0 from bench.finished' 60 && one=$(sample finished) || return
	first=$one
	end=$(calc "${one#*|} + $limit - 0.1 * $window")
	while [[ ${one#*|} < $end ]]; do
		pause "$(calc "$window - ($EPOCHREALTIME - ${one#*|})" 3)"
		next=$(sample finished) || return
		[ "${next%|*}" -lt "$jobs" ] || break
		rates+=("$(rate "$one" "$next")")
		one=$next
	done
	[ ${#rates[@]} -gt 0 ] || {
		say "$1: not one window of $window s"
		return 1
	}
	last=${rates[-1]}
	[[ $1 != *unpinned ]] || usual=$last
	note "$1" "first $window s" "${rates[0]}" && note "$1" "last $window s" "$last" &&
		note "$1" 'all windows' "$(rate "$first" "$one")" && note "$1" 'jobs ended in them' "${one%|*}"
	curves+=("- $1: ${rates[*]}")
}
rate() { # SAMPLE LATER-SAMPLE
	calc "(${2%|*} - ${1%|*}) / (${2#*|} - ${1#*|})"
}

curves=()
cluster_start
systems_install
for ((round = 1; round <= rounds; round++)); do system_each measure; done
table "Drain of $jobs jobs, $workers worker, jobs/s:"
printf '\nThe ratio is that of the last windows. Each window of %s s in turn:\n\n' "$window"
printf '%s\n' "${curves[@]}" ''
versions
