#!/usr/bin/env bash
# Bytes: WAL written for each job, and what a million finished jobs take on disk, tables and indexes, after a vacuum.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'jobs=200000 limit=60 bytes=40 systems=' "$@"

wal() { ask "select pg_current_wal_insert_lsn() - '0/0'"; }
size() { ask 'select pg_database_size(current_database())'; }
measure() { # SPEC
	local empty at fed_at ended
	system_use "$1" && settle || return
	empty=$(size) at=$(wal)
	feed "$jobs" || return
	fed_at=$(wal)
	workers_start 1
	drained "$jobs" "$limit" >/dev/null || return
	ended=$(ask 'select n from bench.finished')
	note "$1" 'WAL of an enqueue' "$(calc "($fed_at - $at) / $jobs")" &&
		note "$1" 'WAL of a run' "$(calc "($(wal) - $fed_at) / $ended")" || return
	workers_stop
	settle
	note "$1" 'facts kept' "$(cat "$bench/peers/$system/keeps")" && note "$1" 'jobs ended' "$ended" || return
	[ "$ended" -lt "$jobs" ] || note "$1" 'MB a million' "$(calc "($(size) - $empty) / 1048576 * 1000000 / $jobs")"
}

cluster_start
systems_install
system_each measure
table "Bytes for each of $jobs jobs with $bytes bytes of arguments:"
versions
