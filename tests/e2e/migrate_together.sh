#!/usr/bin/env bash
# tow migrate: many at once, by those who may do little, and beside a worker under load.
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start --empty
migrate() { # database args...
	local name=$1
	shift
	"$TOW" migrate --database "$(instance_url "$name")" "$@"
}
on() { # database sql
	psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$(instance_url "$1")" -c "$2"
}

# Six at once, on two databases of one server, which has no roles yet
instance_psql -c 'create database one' -c 'create database two'
pids=()
for n in 1 2 3 4 5 6; do
	migrate "$([ $((n % 2)) = 0 ] && echo one || echo two)" >"$instance_dir/migrate.$n" 2>&1 &
	pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
is "$failed" 0 "six migrations at once all end well" || diag "$(cat "$instance_dir"/migrate.?)"
is "$(grep -l 'schema tow/0001_base.sql' "$instance_dir"/migrate.? | wc -l)" 2 "each database's files were applied by one"
is "$(on one "select tow.enqueue('noop')")" 1 "it works"

# Somebody else's lock on one of our tables: give up soon, come again
cp -r sql "$instance_dir/"
echo 'alter table tow_store.setting add column for_a_test int;' >"$instance_dir/sql/tow/schema/9001_alter.sql"
psql -X -q -d "$(instance_url one)" >/dev/null <<'SQL' &
begin;
select * from tow_store.setting for update;
select pg_sleep(5);
commit;
SQL
holder=$!
ok "the lock is held" wait_until "[ \"\$(on one \"select count(*) from pg_locks where relation = 'tow_store.setting'::regclass and granted\")\" != 0 ]"
ok "a migration waits for it in turns, and does its work" migrate one --from "$instance_dir" >/dev/null
is "$(on one 'select count(for_a_test) from tow_store.setting')" 0 "the column is there"
wait "$holder"

# A role that may make no roles, and a database of its own
instance_psql -c "create role plain login password 'x'" -c 'create database theirs owner plain'
out=$(PGOPTIONS='-c role=plain' migrate theirs 2>&1)
is $? 0 "a role without privileges migrates its own database" || diag "$out"
exits 0 "and is up to date then" migrate theirs --check >/dev/null

# A worker under load
migrate tow >/dev/null
export DATABASE_URL
DATABASE_URL=$(instance_url)
worker_start --queue default:4
seq 20000 | sed 's/.*/{"n": &}/' | "$TOW" enqueue noop --bulk >/dev/null
rm -rf "$instance_dir/sql"
cp -r sql "$instance_dir/"
cd "$instance_dir" || exit
for n in 1 2 3; do
	sed -i "1i -- version $n" sql/tow/code/*.sql
	ok "migrate under load, time $n" migrate tow --from "$instance_dir" >/dev/null
done
cd - >/dev/null || exit
ok "every job is done" wait_until \
	"[ \"\$(instance_psql -c \"select count(*) from tow.history where state = 'completed'\")\" = 20000 ]" 120
ok "by the same worker" process_alive "$WORKER_PID"
is "$(instance_psql -c 'select count(*) from tow.jobs')" 0 "none is left"
done_testing
