#!/usr/bin/env bash
# What features cost: drain of jobs that use one, beside plain ones. The rate is by the rows of the jobs.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'jobs=50000 rounds=3 systems=towpath' "$@"

fill() { # WHAT
	case $1 in
	plain | *progress) enqueue noop ;;
	'unique keys') enqueue noop "key => 'key ' || g" ;;
	tags) enqueue noop "tags => '{a,b}'" ;;
	'own attempts and timeout') enqueue noop "max_attempts => 5, timeout => '1 min'" ;;
	'result and a log line') enqueue echo ;;
	'a lane each') enqueue noop "lane => 'lane ' || g" ;;
	'20 lanes') enqueue noop "lane => 'lane ' || g % 20" ;;
	esac
}
enqueue() { # KIND [OPTIONS]
	ask "select count(tow.enqueue('$1', '{\"n\": 1}'${2:+, $2})) from generate_series(1, $jobs) g" >/dev/null
}
progress() { # sleepers in a queue and a worker of their own show how far they are
	ask "select tow.enqueue('sleep', '{\"s\": 600}', queue => 'slow')" >/dev/null &&
		ask "select tow.duty('admit')" >/dev/null &&
		ask "select count(*)
			from tow.enqueue_many('sleep', array_fill('{\"s\": 600}'::jsonb, array[7]), queue => 'slow')" >/dev/null || return
	DATABASE_URL=$BENCH_URL "$TOW" worker --queue slow:8 --grace 1s --log-level error >/dev/null 2>&1 &
	worker_pids+=($!)
	instance_pids+=($!)
	until_true "select count(*) = 8 from tow_store.running" 30
}
measure() { # WHAT
	local first began filled
	system_use towpath && made || return
	[[ $1 != *progress ]] || progress || return
	first=$(last_id)
	began=$EPOCHREALTIME
	fill "$1" && filled=$(calc "$jobs / ($EPOCHREALTIME - $began)") && settle || return
	workers_start 1 20
	until_true "select count(*) >= $jobs from tow_store.history where job_id > $first" 300 || return
	workers_stop
	note "$1" 'drain, jobs/s' "$(own_rate "$first")" && note "$1" 'enqueue in one statement, jobs/s' "$filled"
}

cluster_start
systems_install
for ((round = 1; round <= rounds; round++)); do
	for what in plain 'unique keys' tags 'own attempts and timeout' 'result and a log line' \
		'plain, beside 8 others that show progress' '20 lanes' 'a lane each'; do
		try "$what" measure "$what"
	done
done
table "Drain of $jobs jobs, one worker of 20 slots, median (range) of $rounds rounds:" plain
cat <<-'end'

	The row of progress is the rate of plain jobs while eight others, of a worker of their own, show how far they are.
	History is never off; what it costs is within the ratio of plain jobs to the bare loop, which keeps a row for each
	run too.
end
versions
