#!/usr/bin/env bash
# Drain of plain jobs while a million others lie behind them that may not run yet: scheduled, of lower priority, or in a
# lane that is paused. The rate is by the rows of the plain jobs.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'jobs=200000 behind=1000000 blocked=100000 rounds=5 workers=1 systems=towpath' "$@"

lay_behind() { # WHAT
	local many="select count(*) from tow.enqueue_many('noop', array_fill('{\"n\": 1}'::jsonb, array[10000])"
	case $1 in
	nothing) ;;
	scheduled) repeat $((behind / 10000)) "$many, run_at => tow.now() + interval '1 day')" ;;
	'lower priority')
		ask "select tow.enqueue('noop', priority => 200)" >/dev/null && ask "select tow.duty('admit')" >/dev/null &&
			repeat $((behind / 10000)) "$many, priority => 200)"
		;;
	'in a paused lane')
		ask "select tow.pause_lane('default', 'shut')" >/dev/null &&
			repeat $((blocked * percent / 1000000)) "$many, lane => 'shut')" && drain_duty admit && drain_duty sort
		;;
	esac
}
repeat() { # TIMES SQL
	local i
	for ((i = 0; i < $1; i++)); do ask "$2" >/dev/null || return; done
}
drain_duty() {
	while [ "$(ask "select tow.duty('$1')")" -gt 0 ]; do :; done
}
measure() {
	local what=$1 first
	system_use towpath && lay_behind "$what" || return
	first=$(last_id)
	feed "$jobs" && settle || return
	workers_start "$workers"
	until_true "select count(*) >= $jobs from tow_store.history where job_id > $first" 120 || return
	workers_stop
	note "$what" 'jobs/s' "$(own_rate "$first")"
}

cluster_start
systems_install
for ((round = 1; round <= rounds; round++)); do
	for what in nothing scheduled 'lower priority' 'in a paused lane'; do try "$what" measure "$what"; done
done
table "Drain of $jobs jobs with others behind them ($behind; $blocked in the lane), median (range) of
$rounds rounds:" nothing
versions
