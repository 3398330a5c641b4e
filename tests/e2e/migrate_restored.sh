#!/usr/bin/env bash
# tow migrate: a copy that was restored where there are no roles, a database whose owner could make none, and one with other
# people's schemas.
# shellcheck disable=SC2119 # a helper without its argument
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
roles=tow_owner,tow_admin,tow_operator,tow_producer,tow_worker,tow_viewer,tow_server
on() { # database args...
	local name=$1
	shift
	psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$(instance_url "$name")" "$@"
}
migrate() { # database args...
	local name=$1
	shift
	"$TOW" migrate --database "$(instance_url "$name")" "$@"
}
not_ours="select count(*) from (select relowner as o from pg_class where relnamespace in (select oid from pg_namespace where nspname ~ '^(tow|haul)(_store)?\$')
	union all select proowner from pg_proc where pronamespace in (select oid from pg_namespace where nspname ~ '^(tow|haul)(_store)?\$')
	union all select typowner from pg_type where typnamespace in (select oid from pg_namespace where nspname ~ '^(tow|haul)(_store)?\$')
	union all select nspowner from pg_namespace where nspname ~ '^(tow|haul)(_store)?\$') x where x.o <> 'tow_owner'::regrole"
is "$(on tow -c "$not_ours")" 0 "everything belongs to tow_owner"
job=$("$TOW" enqueue noop '{"kept": true}')
granted="select count(*), md5(string_agg(p.oid::regprocedure || ' ' || a.grantee::regrole || ' ' || a.privilege_type, ',' order by p.oid::regprocedure::text, a.grantee::regrole::text))
	from pg_proc p, aclexplode(p.proacl) a where p.pronamespace in (select oid from pg_namespace where nspname ~ '^(tow|haul)(_store)?\$') and a.grantee <> 0"
before=$(on tow -c "$granted")

# The copy, and no roles
pg_dump -d "$(instance_url)" >"$instance_dir/dump"
on postgres -c 'drop database tow' -c "drop role $roles" -c 'create database tow'
psql -X -q -d "$(instance_url)" <"$instance_dir/dump" >/dev/null 2>&1
is "$(on tow -c "select proowner::regrole from pg_proc where proname = 'enqueue' and pronamespace = 'tow'::regnamespace")" tow "what was restored belongs to the superuser"
said=$("$TOW" migrate --check)
is "$?" 1 "which is seen"
like "$said" "schema tow/0000_migration.sql" "and how it is mended"
exits 0 "it is mended" "$TOW" migrate >/dev/null
exits 0 "for good" "$TOW" migrate --check >/dev/null
is "$(on tow -c "$not_ours")" 0 "everything belongs to tow_owner again"
is "$(on tow -c "$granted")" "$before" "and everybody has what he had"
is "$("$TOW" jobs --json | jq -r '.[0].id')" "$job" "the job is there"
worker_start --queue default:1
ok "and runs" wait_until '[ "$("$TOW" jobs --json | jq length)" = 0 ]'
is "$("$TOW" fsck --json | jq length)" 0 "nothing is wrong"
on tow -c "create role app login in role tow_producer" -c 'set role app' -c "select tow.enqueue('noop')" >/dev/null
is $? 0 "a producer enqueues"
process_stop "$WORKER_PID"

# One role that is made anew has been granted nothing
on tow -c 'drop owned by tow_viewer' -c 'drop role tow_viewer' -c 'create role tow_viewer'
like "$("$TOW" migrate)" "code   tow/zz_grants.sql" "a role that has nothing is seen"
is "$(on tow -c 'set role tow_viewer' -c 'select count(*) >= 0 from tow.jobs' 2>&1)" t "and gets what it is for"

# Whoever may make no roles goes without, until somebody does who may
on tow -c "drop owned by $roles cascade" -c 'drop schema if exists tow, tow_store, haul, haul_store cascade' 2>/dev/null
on postgres -c 'drop database tow' -c "drop role $roles, app" -c 'create role plain login password $$x$$' -c 'create database theirs owner plain' -c 'create database tow'
plain=$(instance_url theirs | sed 's/user=tow/user=plain\&password=x/')
like "$("$TOW" migrate --database "$plain" 2>&1)" "until a superuser runs tow migrate" "it is said"
exits 0 "it is up to date, for him" "$TOW" migrate --check --database "$plain" >/dev/null
said=$("$TOW" token add me --role operator --database "$plain" 2>&1)
is $? 65 "a token would be of no use" || diag "$said"
like "$said" "there is no role tow_operator here" "and why"
spawn up up --database "$plain" --queue default:1
ok "tow up runs without a page" wait_until 'grep -q "Towpath is up" "$SPAWN_LOG"'
like "$(cat "$SPAWN_LOG")" "the page lets nobody in"$'\n'"hint: .*as a superuser, makes them" "and says so"
is "$("$TOW" enqueue echo '{"a": 1}' --wait --database "$plain" | tail -1)" '{"a": 1}' "jobs run"
process_stop "$SPAWN_PID"
exits 1 "a superuser sees what is not there" migrate theirs --check >/dev/null
exits 0 "and makes it" migrate theirs >/dev/null
exits 0 "then it is up to date" migrate theirs --check >/dev/null
is "$(on theirs -c "select nspowner::regrole from pg_namespace where nspname = 'tow'")" plain "it stays theirs"
like "$("$TOW" token add me --role operator --database "$plain" 2>&1)" "^tow_" "and tokens are of use"
on theirs -c 'create role app login in role tow_producer' -c 'set role app' -c "select tow.enqueue('noop')" >/dev/null
is $? 0 "somebody else may enqueue"

# What is not ours
on postgres -c 'create database trips'
on trips -c 'create schema haul' -c 'create table haul.trip (n int)'
said=$(migrate trips 2>&1)
is $? 65 "a schema of theirs is in the way" || diag "$said"
like "$said" "a schema haul that is not Towpath's" "which is said"
is "$(on trips -c "select count(*) from pg_namespace where nspname ~ '^tow'")" 0 "before anything is made"
on trips -c 'drop schema haul cascade' -c 'create schema tow' -c 'create function tow.truck() returns int language sql return 1'
like "$(migrate trips 2>&1)" "a schema tow that is not Towpath's" "nor is theirs taken over"
is "$(on trips -c 'select tow.truck()')" 1 "it is as it was"
on trips -c 'drop schema tow cascade'
exits 0 "when it is gone there is room" migrate trips >/dev/null
on postgres -c 'create database closed'
like "$("$TOW" migrate --database "$(instance_url closed | sed 's/user=tow/user=plain\&password=x/')" 2>&1)" "hint: it takes 'grant create on database'" "who may make no schema is told what it takes"

done_testing
