#!/usr/bin/env bash
# What features cost: drain of jobs that use one, beside plain ones. The rate is by the rows of the jobs.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'jobs=50000 rounds=3 systems=towpath' "$@"

fill() { # WHAT
	local one="select count(tow.enqueue('noop', '{\"n\": 1}'" each="from generate_series(1, $jobs) g"
	case $1 in
	plain | 'beside 8 that show progress') feed "$jobs" ;;
	'unique keys') ask "$one, key => 'key ' || g)) $each" >/dev/null ;;
	tags) ask "$one, tags => '{a,b}')) $each" >/dev/null ;;
	'own attempts and timeout') ask "$one, max_attempts => 5, timeout => '1 min')) $each" >/dev/null ;;
	'result and a log line') ask "select count(*) from tow.enqueue_many('echo', array_fill('{\"n\": 1}'::jsonb, array[$jobs]))" >/dev/null ;;
	'a lane each') ask "$one, lane => 'lane ' || g)) $each" >/dev/null ;;
	'20 lanes') ask "$one, lane => 'lane ' || g % 20)) $each" >/dev/null ;;
	esac
}
progress() { # sleepers in a queue and a worker of their own show how far they are
	ask "select tow.enqueue('sleep', '{\"s\": 600}', queue => 'slow')" >/dev/null && ask "select tow.duty('admit')" >/dev/null &&
		ask "select count(*) from tow.enqueue_many('sleep', array_fill('{\"s\": 600}'::jsonb, array[7]), queue => 'slow')" >/dev/null
	DATABASE_URL=$BENCH_URL "$TOW" worker --queue slow:8 --grace 1s --log-level error >/dev/null 2>&1 &
	worker_pids+=($!)
	until_true "select count(*) = 8 from tow_store.running" 30
}
measure() { # WHAT
	local first
	system_use towpath || return
	[[ $1 != *progress ]] || progress || return
	first=$(last_id)
	fill "$1" && settle || return
	workers_start 1 20
	until_true "select count(*) >= $jobs from tow_store.history where job_id > $first" 300 || return
	workers_stop
	note "$1" 'jobs/s' "$(own_rate "$first")"
}

cluster_start
systems_install
for ((round = 1; round <= rounds; round++)); do
	for what in plain 'unique keys' tags 'own attempts and timeout' 'result and a log line' 'beside 8 that show progress' '20 lanes' 'a lane each'; do
		measure "$what" || say "$what: failed"
	done
done
table "Drain of $jobs jobs, one worker of 20 slots, median (range) of $rounds rounds:" plain
printf '\nHistory is never off; what it costs is within the ratio of plain jobs to the bare loop, which keeps a row for each run too.\n'
versions
