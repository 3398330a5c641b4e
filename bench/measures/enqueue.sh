#!/usr/bin/env bash
# Enqueue, while no worker lives: one a commit on 1, 4 and 8 connections, and in bulk. For ours also beside a bare insert
# of the very same rows, a bare unnest and a bare COPY; of our COPY also until all of it are jobs that could be claimed.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'seconds=8 rounds=3 jobs=200000 copies=3 bytes=40 systems=' "$@"

measure() { # SPEC
	local c
	system_use "$1" || return
	for c in 1 4 8; do note "$1" "one a commit, $c" "$(producer $c "$seconds" "$script")" || return; done
	feed "$jobs" && note "$1" bulk "$feed_rate"
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
	echo "select count(*) from tow.enqueue_many('noop', array_fill('$args'::jsonb, array[1000]));" >"$dir/many.ours"
	bare_insert "'$args'" '' >"$dir/one.bare"
	bare_insert a "from unnest(array_fill('$args'::jsonb, array[1000])) a" >"$dir/many.bare"
	awk -v n="$jobs" -v args="$args" 'BEGIN { while (n--) print "noop\t" args }' >"$dir/copied"
}
bare_insert() { # ARGS FROM
	cat <<-sql
		with j as (
			insert into bench.job (id, created_at, priority, kind, queue, args)
			select nextval('tow_store.job_id'), clock_timestamp(), 100, 'noop', 'default', $1 $2
			returning id
		)
		insert into bench.ready (band, pos, id, attempt, flags) select 1, id, id, 0, 0 from j;
	sql
}
# What the scheduler does with the inbox; the band of these jobs must be there, else they would be admitted one by one.
admit="do \$\$ begin
	while tow.duty('inbox') + tow.duty('admit') > 0 loop commit; end loop;
end \$\$"
copy() { # ROW ours|bare TABLE
	local began took rates='' jobs_rates='' i
	for ((i = 0; i < copies; i++)); do
		began=$EPOCHREALTIME
		instance_psql -d "$BENCH_URL" -c "\\copy $3 (kind, args) from '$instance_dir/copied'" || return
		rates+=$(calc "$jobs / ($EPOCHREALTIME - $began)")$'\n'
		[ "$2" = ours ] || continue
		ask "$admit" || return
		jobs_rates+=$(calc "$jobs / ($EPOCHREALTIME - $began)")$'\n'
	done
	note "$1" COPY "$(printf '%s' "$rates" | median)" &&
		note "$1" 'COPY, until they are jobs' "$(printf '%s' "${jobs_rates:-$rates}" | median)"
}
beside() { # ROW ours|bare TABLE
	local c rate
	for c in 1 4 8; do
		note "$1" "one a commit, $c" "$(producer $c "$seconds" "$instance_dir/one.$2")" || return
	done
	rate=$(producer 1 "$seconds" "$instance_dir/many.$2")
	note "$1" '1000 a call' "${rate:+$((rate * 1000))}" && copy "$1" "$2" "$3"
}
same_rows() {
	local bare=('bare, the same rows' bare bench.inbox) ours=(towpath ours tow.inbox)
	system_use towpath && same_tables || return
	if [ $((round % 2)) = 1 ]; then
		beside "${bare[@]}" && beside "${ours[@]}"
	else
		beside "${ours[@]}" && beside "${bare[@]}"
	fi
}

cluster_start
systems_install
beside_bare=$([[ " $systems " != *' bare'* ]] || echo yes)
systems=$(printf '%s\n' $systems | grep -v '^bare' | paste -sd ' ') base=towpath
for ((round = 1; round <= rounds; round++)); do system_each measure; done
table "Enqueue, jobs/s, median (range) of $rounds rounds:" "$base"
if [ -n "$beside_bare" ]; then
	for ((round = 1; round <= rounds; round++)); do try 'the same rows' same_rows; done
	table "Beside bare inserts of the same rows into the same tables (tow.enqueue, tow.enqueue_many, COPY into tow.inbox),
rows/s, median (range) of $rounds rounds, each COPY the median of $copies:" 'bare, the same rows'
fi
versions
