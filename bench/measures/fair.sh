#!/usr/bin/env bash
# A small tenant beside a big one, each in a lane: how long the small one's jobs wait, by the big one's backlog.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'big=100000 little=4000 samples=60 every=40 rounds=3 slots=8 systems=towpath' "$@"

small="from tow_store.history h join tow_store.job j on j.id = h.job_id where j.lane = 'small'"
measure() { # BACKLOG
	system_use towpath && made && ask "select tow.set_lane('default', 'big', max_running => $slots)" >/dev/null || return
	ask "select count(*)
		from tow.enqueue_many('sleep', array_fill('{\"s\": 0.01}'::jsonb, array[$1]), lane => 'big')" >/dev/null || return
	workers_start 1 "$slots"
	until_true 'select exists(select from tow_store.running)' 60 && pause 1
	printf '%s\n' "\\sleep $every ms" "select tow.enqueue('noop', lane => 'small');" >"$instance_dir/small"
	pgbench -n -M prepared -c 1 -t "$samples" -f "$instance_dir/small" "$BENCH_URL" >/dev/null 2>&1
	until_true "select count(*) >= $samples $small" 120 || return
	read -r p50 p99 < <(ask "select extract(epoch from h.started_at - j.created_at) * 1000 $small" | quantiles)
	workers_stop
	note "backlog of $1" 'p50 ms' "$p50" && note "backlog of $1" 'p99 ms' "$p99"
}

cluster_start
systems_install
for ((round = 1; round <= rounds; round++)); do
	for backlog in "$little" "$big"; do try "backlog of $backlog" measure "$backlog"; done
done
table "Wait of a small tenant's jobs beside a big one's 10 ms jobs, $slots slots, median (range) of $rounds rounds:" "backlog of $little"
versions
