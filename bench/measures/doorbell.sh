#!/usr/bin/env bash
# The doorbell: what an enqueue costs for producers while workers are busy (never parked, because the queue is full of
# longer jobs), and while one worker keeps up with them and parks in between. No bell at all, ours, and a NOTIFY for each.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'seconds=8 rounds=3 conns=8 backlog=100000 systems=towpath' "$@"

ring() { # ROW COLUMN-BEGIN SCRIPT [OPTIONS]
	note "$1" "$2" "$(PGOPTIONS="${4:-}" producer "$conns" "$seconds" "$3")"
}
all_rings() { # COLUMN
	local order='off bell notify' how
	[ $((round % 2)) = 1 ] || order='notify bell off'
	for how in $order; do
		case $how in
		off) ring 'no doorbell' "$1" "$script" '-c tow.bell=off' ;;
		bell) ring 'towpath' "$1" "$script" ;;
		notify) ring 'NOTIFY for each' "$1" "$instance_dir/notify" '-c tow.bell=off' ;;
		esac || return
	done
}
measure() {
	system_use towpath || return
	printf '%s\n' "select tow.enqueue('noop', '{\"n\": 1}'), pg_notify('each', '');" >"$instance_dir/notify"
	ask "select count(*) from tow.enqueue_many('sleep', array_fill('{\"s\": 1}'::jsonb, array[$backlog]))" >/dev/null || return
	workers_start 1 8
	until_true 'select exists(select from tow_store.running)' 60 && all_rings 'workers busy' || return
	workers_stop
	system_use towpath || return
	workers_start 1
	pause 2
	all_rings 'a worker keeps up'
}

cluster_start
systems_install
for ((round = 1; round <= rounds; round++)); do system_each measure; done
table "Enqueue, one a commit, $conns connections, jobs/s, median (range) of $rounds rounds:" 'no doorbell'
versions
