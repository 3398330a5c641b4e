#!/usr/bin/env bash
# Enqueue, while no worker lives: one a commit on 1, 4 and 8 connections, and in bulk. For ours also beside a bare insert
# of the very same rows, a bare unnest and a bare COPY.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'seconds=8 rounds=3 jobs=200000 bytes=40 systems=' "$@"

measure() { # SPEC
	local c
	system_use "$1" || return
	for c in 1 4 8; do note "$1" "one a commit, $c" "$(producer $c "$seconds" "$script")" || return; done
	feed "$jobs" && note "$1" bulk "$(calc "$jobs / $feed_seconds")"
}

#--- ours beside the same rows without any meaning

args='{"id": 1234567, "name": "abcdefgh"}'
same_tables() {
	ask 'create table bench.job (like tow_store.job including defaults including indexes);
		create table bench.ready (like tow_store.ready including indexes);
		create table bench.inbox (like tow.inbox including defaults including identity)' && forms
}
forms() { # the scripts
	local dir=$instance_dir
	echo "select tow.enqueue('noop', '$args');" >"$dir/one.ours"
	echo "with j as (insert into bench.job (id, created_at, priority, kind, queue, args) values (nextval('tow_store.job_id'), clock_timestamp(), 100, 'noop', 'default', '$args') returning id) insert into bench.ready (band, pos, id, attempt, flags) select 1, id, id, 0, 0 from j;" >"$dir/one.bare"
	echo "select count(*) from tow.enqueue_many('noop', array_fill('$args'::jsonb, array[1000]));" >"$dir/many.ours"
	echo "with j as (insert into bench.job (id, created_at, priority, kind, queue, args) select nextval('tow_store.job_id'), clock_timestamp(), 100, 'noop', 'default', a from unnest(array_fill('$args'::jsonb, array[1000])) a returning id) insert into bench.ready (band, pos, id, attempt, flags) select 1, id, id, 0, 0 from j;" >"$dir/many.bare"
	awk -v n="$jobs" -v args="$args" 'BEGIN { while (n--) print "noop\t" args }' >"$dir/copied"
}
copied() { # TABLE -> rows/s
	local began=$EPOCHREALTIME
	instance_psql -d "$BENCH_URL" -c "\\copy $1 (kind, args) from '$instance_dir/copied'" && calc "$jobs / ($EPOCHREALTIME - $began)"
}
beside() { # ROW ours|bare TABLE
	local c
	for c in 1 4 8; do note "$1" "one a commit, $c" "$(producer $c "$seconds" "$instance_dir/one.$2")"; done
	note "$1" '1000 a call' "$(($(producer 1 "$seconds" "$instance_dir/many.$2") * 1000))"
	note "$1" COPY "$(copied "$3")"
}
same_rows() {
	system_use towpath && same_tables || return
	if [ $((round % 2)) = 1 ]; then
		beside 'bare, the same rows' bare bench.inbox
		beside towpath ours tow.inbox
	else
		beside towpath ours tow.inbox
		beside 'bare, the same rows' bare bench.inbox
	fi
}

cluster_start
systems_install
beside_bare=$([[ " $systems " != *' bare'* ]] || echo yes)
systems=$(printf '%s\n' $systems | grep -v '^bare' | paste -sd ' ') base=towpath
for ((round = 1; round <= rounds; round++)); do system_each measure; done
table "Enqueue, jobs/s, median (range) of $rounds rounds:" "$base"
if [ -n "$beside_bare" ]; then
	for ((round = 1; round <= rounds; round++)); do same_rows; done
	table 'Beside bare inserts of the same rows into the same tables (tow.enqueue, tow.enqueue_many, COPY into tow.inbox), rows/s:' 'bare, the same rows'
fi
versions
