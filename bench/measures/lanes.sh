#!/usr/bin/env bash
# Lanes beside plain jobs, unpinned and while an idle transaction pins xmin: 20 lanes of one job at a time, 20 and one
# without a limit (free), and as many lanes as jobs.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'jobs=100000 rounds=3 slots=20 systems=towpath' "$@"

fill() { # WHAT
	case $1 in
	plain) feed "$jobs" ;;
	'20 lanes') many $((jobs / 20)) "'lane ' || g" 'generate_series(1, 20) g' ;;
	'20 free lanes') free && fill '20 lanes' ;;
	'one free lane') free && many "$jobs" "'one'" 'generate_series(1, 1) g' ;;
	'a lane each')
		ask "select count(tow.enqueue('noop', '{\"n\": 1}', lane => 'lane ' || g)) from generate_series(1, $jobs) g" >/dev/null
		;;
	esac
}
many() { # N LANE FROM
	ask "select count(*) from $3, tow.enqueue_many('noop', array_fill('{\"n\": 1}'::jsonb, array[$1]), lane => $2)" >/dev/null
}
free() { ask "select tow.set_queue('default', lane_limit => 0)" >/dev/null; }
measure() { # WHAT PINNED
	system_use towpath && made && fill "$1" && settle || return
	[ "$2" = unpinned ] || pin
	workers_start 1 "$slots"
	until_true "select n >= $jobs from bench.finished" 300 || return
	workers_stop
	unpin
	note "$1" "$2" "$(own_rate 0)"
}

cluster_start
systems_install
for ((round = 1; round <= rounds; round++)); do
	for what in plain '20 lanes' '20 free lanes' 'one free lane' 'a lane each'; do
		for how in unpinned pinned; do try "$what, $how" measure "$what" $how; done
	done
done
table "Drain of $jobs jobs, one worker of $slots slots, jobs/s, median (range) of $rounds rounds:" plain
versions
