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

# A role that may make no roles, and a database of its own, on a server that has never seen us
url_as() { # role database
	instance_url "$2" | sed "s/user=tow/user=$1\&password=x/"
}
as_plain() { # database args...
	local name=$1
	shift
	"$TOW" migrate --database "$(url_as plain "$name")" "$@"
}
owner="select distinct nspowner::regrole from pg_namespace where nspname in ('tow', 'tow_store')"
instance_psql -c "create role plain login password 'x'" -c 'create database theirs owner plain' -c 'create role stranger login'
out=$(as_plain theirs 2>&1)
is $? 0 "a role without privileges migrates its own database" || diag "$out"
like "$out" "note: everything belongs to 'plain'" "and is told whose it is"
is "$(on theirs "$owner")" plain "its own"
exits 0 "and is up to date then" as_plain theirs --check >/dev/null
is "$("$TOW" enqueue noop --database "$(url_as plain theirs)")" 1 "it works"
exits 0 "a superuser may migrate it later" migrate theirs >/dev/null
is "$(on theirs "$owner")" plain "it stays theirs"
instance_psql -c "alter role stranger password 'x'" -c 'grant connect on database theirs to stranger'
exits 77 "a stranger may not" "$TOW" migrate --database "$(url_as stranger theirs)" 2>/dev/null

# Six at once, on two databases of one server
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

# The same, where the roles are there already
instance_psql -c 'create database theirs_too owner plain'
as_plain theirs_too >/dev/null
is "$(on theirs_too "$owner")" plain "it is no member of tow_owner: everything is its own"

# A role that makes roles, and a database of its own
instance_psql -c "create role maker login createrole password 'x'" -c 'create database made owner maker'
out=$("$TOW" migrate --database "$(url_as maker made)" 2>&1)
is $? 0 "a role with createrole migrates" || diag "$out"

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
	"[ \"\$(instance_psql -c \"select count(*) from tow.history where state = 'completed'\")\" = 20000 ]" 300
ok "by the same worker" process_alive "$WORKER_PID"
is "$(instance_psql -c 'select count(*) from tow.jobs')" 0 "none is left"
done_testing
