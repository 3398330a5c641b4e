#!/usr/bin/env bash
# A scheduled job: from the instant when it is due to the start of its handler, with a scheduler and an idle worker.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'samples=500 rounds=3 every=20 systems=towpath' "$@"

measure() { # SPEC
	system_use "$1" || return
	workers_start 1 8
	DATABASE_URL=$BENCH_URL "$TOW" scheduler --log-level error >"$instance_dir/scheduler.log" 2>&1 &
	worker_pids+=($!)
	instance_pids+=($!)
	pause 3
	ask "select count(tow.enqueue('stamp', run_at => tow.now() + interval '2 s' + g * interval '$every ms'))
		from generate_series(1, $samples) g" >/dev/null || return
	until_true "select n >= $samples from bench.finished" $((samples * every / 1000 + 30)) || return
	read -r p50 p99 < <(ask "select ((h.result ->> 'started_at')::numeric - extract(epoch from j.run_at)) * 1000
		from tow_store.history h join tow_store.job j on j.id = h.job_id" | quantiles)
	note "$1" 'p50 ms' "$p50" && note "$1" 'p99 ms' "$p99"
}

cluster_start
systems_install
for ((round = 1; round <= rounds; round++)); do system_each measure; done
table "Due to handler start, one job due every $every ms, median (range) of $rounds rounds of $samples:"
versions
