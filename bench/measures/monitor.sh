#!/usr/bin/env bash
# Cycles of a download client's monitor: so many transfers, of which a share changes from one listing to the next. The client is
# a generated one; its own time counts. A cycle is the time between two listings without the pause between. Beside it, in the
# same run, what one request and one call for each transfer take, by a tenth of them.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'transfers=10000 changed=1 cycles=10 rounds=3 systems=towpath' "$@"
pause_ms=200

client_begin() {
	local log=$instance_dir/fake.log
	python3 -u "$bench/client_fake.py" "$transfers" "$changed" >"$log" 2>&1 </dev/null &
	client=$!
	instance_pids+=("$client")
	until [ -s "$log" ]; do pause 0.05; done
	listings=$log address=http://127.0.0.1:$(head -n 1 "$log")
	asked=$(mktemp "$instance_dir/asked.XXXXXX")
}

# A listing that is there is over before the next one begins.
listings_wait() { # N
	local end=$((SECONDS + 300))
	until [ "$(wc -l <"$listings")" -gt "$1" ]; do
		[ $SECONDS -lt $end ] || return 1
		pause 0.05
	done
}
intervals() { # FROM
	tail -n +"$1" "$listings" | awk -v pause=$pause_ms 'NR > 1 { print ($1 - before) * 1000 - pause } { before = $1 }'
}

whole() {
	local from wal rows
	from=$(wc -l <"$listings") wal=$(ask 'select pg_current_wal_lsn()') rows=$(rows_written)
	listings_wait $((from + cycles)) || return
	note 'a listing a cycle' 'cycle, ms' "$(intervals $((from + 1)) | median)"
	note 'a listing a cycle' 'of it the listing, ms' "$(ask "select round(extract(epoch from took) * 1000) from haul_store.health")"
	note 'a listing a cycle' 'rows of transfers written' "$(calc "($(rows_written) - $rows) / $cycles")"
	note 'a listing a cycle' 'WAL, kB' "$(calc "$(ask "select pg_current_wal_lsn() - '$wal'") / $cycles / 1000")"
}
rows_written() {
	ask "select pg_stat_clear_snapshot()" >/dev/null
	ask "select n_tup_ins + n_tup_upd from pg_stat_user_tables where schemaname = 'haul_store' and relname = 'transfer'"
}

# One connection each, and no pause anywhere.
single() {
	local began=$EPOCHREALTIME wal
	wal=$(ask 'select pg_current_wal_lsn()')
	seq 0 $((transfers / 10 - 1)) | awk -v url="$address" '{ printf "url = \"%s/api/v2/torrents/info?hashes=%040x\"\noutput = /dev/null\n", url, $1 }' >"$asked"
	curl -s -K "$asked" || return
	ask "select haul.add_client('single', 'qbittorrent', 'http://127.0.0.1:1', enabled => false) where not exists (select from haul.clients where name = 'single')" >/dev/null || return
	ask "select string_agg(format('select haul.observe(%s, 1, %L, 1);', c.id, jsonb_build_object('whole', false, 'transfers', jsonb_build_array(jsonb_build_object('key', t.key, 'name', t.name,
		'state', t.state, 'percent', case when t.id % 1000 < 10 * $changed then floor(random() * 90) else 0 end, 'size', t.size, 'folder', t.folder, 'tags', t.tags)))), chr(10))
		from haul_store.transfer t, haul_store.client c where t.client <> c.id and c.name = 'single' and t.id % 10 = 0" >"$asked" || return
	psql -X -q -o /dev/null -f "$asked" "$BENCH_URL" || return
	note 'a request and a call for each transfer' 'cycle, ms' "$(calc "($EPOCHREALTIME - $began) * 10000")"
	note 'a request and a call for each transfer' 'WAL, kB' "$(calc "$(ask "select pg_current_wal_lsn() - '$wal'") / 100")"
}

setup() {
	system_use towpath && client_begin || return
	ask "select haul.add_client('fake', 'qbittorrent', '$address', category => 'tow', fast => '$pause_ms ms', slow => '$pause_ms ms')" >/dev/null || return
	DATABASE_URL=$BENCH_URL "$TOW" worker --queue haul.watch:2 --grace 1s --log-level error >"$instance_dir/worker.log" 2>&1 &
	worker_pids+=($!)
	instance_pids+=($!)
	listings_wait 5
}

cluster_start
systems_install
setup
tried=1
for ((round = 1; round <= rounds; round++)); do whole; done
workers_stop
for ((round = 1; round <= rounds; round++)); do try 'a request and a call for each transfer' single; done
process_stop "$client" 20 >/dev/null || true # it does not end of itself, nor with 0
table "A cycle of the monitor of $transfers transfers, of which $changed % change, median (range) of $rounds rounds of $cycles cycles:" 'a listing a cycle'
versions
