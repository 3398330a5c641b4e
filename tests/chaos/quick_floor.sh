#!/usr/bin/env bash
# The watermark's floor in a storm of writers (tests/lib/floor_drain.c): not one job is left behind, none is run twice.
# Then the same with the floor broken on purpose, in ways that look harmless: each must be caught.
. tests/lib/tap.sh
. tests/lib/instance.sh

if ! command -v "${CC:-cc}" >/dev/null || ! pkg-config --exists libpq; then skip_all "there is no C compiler, or no libpq-dev"; fi
# shellcheck disable=SC2119
instance_start
storm=$instance_dir/floor_drain
# shellcheck disable=SC2046 # one word an option
"${CC:-cc}" -std=gnu17 -Wall -Wextra -D_GNU_SOURCE -O1 $(pkg-config --cflags libpq) -o "$storm" tests/lib/floor_drain.c \
	$(pkg-config --libs libpq) || exit 1

instance_psql -c "select tow.enqueue('noop', priority => p) from unnest('{50,150}'::int[]) p; select tow.duty('admit')" >/dev/null

query() { # database sql
	psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$(instance_url "$1")" -c "$2"
}

# A database of its own, the change to it, a storm. Prints "left behind N" and what else was found.
weather() { # name seconds sql
	query postgres "create database $1 template tow"
	query "$1" "$3"
	"$storm" "$(instance_url "$1")" "$2" 4 $RANDOM || echo "the storm ended badly"
	query "$1" "
		select 'left behind ' || count(*) from tow_store.ready;
		select 'still running ' || count(*) from tow_store.running having count(*) > 0;
		select format('job %s was run %s times', job_id, count(*)) from tow_store.history where outcome = 'c' group by job_id having count(*) > 1;
		select format('%s jobs without an end', count(*)) from tow_store.job j
		where not exists (select from tow_store.history h where h.job_id = j.id and h.outcome = 'c')
			and not exists (select from tow_store.ready r where r.id = j.id) having count(*) > 0;
		select '# jobs ' || count(*) from tow_store.job"
}

found=$(weather whole "${FLOOR_SECONDS:-6}" 'select 1')
diag "$(grep '^#' <<<"$found")"
is "$(grep -v '^[#1]' <<<"$found")" "left behind 0" "every job is run once, whenever and however it was committed"

declare -A broken
# What a floor without a memory of open transactions would do.
broken[blind]="create or replace function tow_store.unfinished(p_snapshot pg_snapshot, p_from numeric, p_next numeric) returns jsonb
	language sql stable as \$\$ select '{\"xids\": []}'::jsonb \$\$"
# The obvious, wrong answer to which xid comes next: the one after the latest that has completed.
broken[next]="create or replace function tow_store.next_xid(p_snapshot pg_snapshot) returns numeric
	language sql volatile as \$\$ select pg_snapshot_xmax(p_snapshot)::text::numeric \$\$"
# One that forgets a transaction at the first look after it was seen, though it is open still.
broken[hasty]="create or replace function tow_store.has_finished(p_xid xid8, p_snapshot pg_snapshot) returns boolean
	language sql immutable as \$\$ select true \$\$"
# One that never goes back to an older window's lows.
broken[low]="create or replace function tow_store.lower(p_a jsonb, p_b jsonb) returns jsonb
	language sql immutable as \$\$ select p_a \$\$"
for how in blind next hasty low; do
	for try in 1 2 3 4 5 6 7 8 9 10; do # a storm on a busy machine may be a calm one: the next is longer
		found=$(weather "${how}_$try" "${FLOOR_SECONDS:-$((try * 2))}" "${broken[$how]}" | grep -m 1 '^left behind')
		[ "$found" = "left behind 0" ] || break
	done
	like "$found" '^left behind [1-9]' "caught: a floor that is broken ($how)"
	diag "$how: $found"
done
done_testing
