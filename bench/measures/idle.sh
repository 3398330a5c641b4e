#!/usr/bin/env bash
# An idle worker: processor time of its processes and of the server over a while, beside a server with no worker; memory.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'seconds=60 at_once=8 systems=' "$@"

tree() { # PID: it and all below it
	local pid
	echo "$1"
	for pid in $(pgrep -P "$1"); do tree "$pid"; done
}
server() { tree "$(sed -n 1p "$TOW_HOME/pg/postmaster.pid")"; }
worker() { [ ${#worker_pids[@]} = 0 ] || tree "${worker_pids[0]}"; }

# Of processes on standard input: ticks that they and their ended children have used, megabytes that are theirs.
ticks() {
	sed 's|.*|/proc/&/stat|' | xargs -r cat 2>/dev/null |
		awk '{ sub(/.*\) /, ""); n += $12 + $13 + $14 + $15 } END { print n + 0 }'
}
pss() {
	sed 's|.*|/proc/&/smaps_rollup|' | xargs -r cat 2>/dev/null |
		awk '/^Pss:/ { n += $2 } END { printf "%.1f", n / 1024 }'
}
share() { calc "$1 * 100 / $(getconf CLK_TCK) / $seconds" 3; }

watch() { # ROW
	local ours theirs
	pause 5
	theirs=$(server | ticks) ours=$(worker | ticks)
	pause "$seconds"
	note "$1" 'PostgreSQL, % of a core' "$(share $(($(server | ticks) - theirs)))"
	[ ${#worker_pids[@]} = 0 ] || {
		note "$1" 'worker, % of a core' "$(share $(($(worker | ticks) - ours)))"
		note "$1" 'worker, PSS MB' "$(worker | pss)"
	}
}
measure() { # SPEC
	system_use "$1" && workers_start 1 "$at_once" && watch "$1"
}

systems=${systems//pgq/}
cluster_start
systems_install
watch 'no worker'
system_each measure
table "Idle for $seconds s, asked for $at_once jobs at once (not what the lines below say):"
versions
