#!/usr/bin/env bash
# tow.status names who keeps the database from cleaning up, tried with the real thing: an old session, a prepared
# transaction, a standby with feedback, with a slot and without; and a worker's session that cannot hear its bell.
# shellcheck disable=SC2016,SC2119 # conditions of wait_until; a helper without its argument
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

instance_start
echo 'wal_level = logical' >"$TOW_HOME/pg/conf.d/91-logical.conf"
"$TOW" db restart >/dev/null
pinned() { instance_psql -c "select detail || ' => ' || hint from tow.status() where component = 'xmin' and detail like '$1%'"; }
instance_psql -c "select tow.set('pinned_after', '1 s')" -c "select tow.duty('expire')" >/dev/null
is "$(instance_psql -c "select detail from tow.status() where component = 'xmin'")" "nobody pins the horizon" "nobody at first"

session_open old
psql -X -q -d "$(instance_url postgres)" -c 'begin isolation level repeatable read; select 1' -c 'select pg_sleep(600)' >/dev/null 2>&1 &
other=$!
instance_pids+=("$other")
elsewhere() { instance_psql -c "select 1 from pg_stat_activity where backend_xmin is not null and datname = 'postgres'"; }
wait_until '[ -n "$(elsewhere)" ]'
instance_psql -c 'select pg_current_xact_id()' >/dev/null
session_do old "begin isolation level repeatable read; select 1" >/dev/null
pid=$(<"$instance_dir/old.pid")
ok "an old session" wait_until '[ -n "$(pinned "session $pid")" ]'
like "$(pinned session)" "session $pid pins the horizon [0-9]+ transactions back, for [0-9]+ s => select pg_terminate_backend\($pid\)  -- psql, idle in transaction" "is named, with what ends it"
is "$(instance_psql -c "select who from tow_store.oldest_holder()")" "session $pid (psql)" "in the metrics too, not one of another database"
kill "$other"
session_do old commit >/dev/null
is "$(pinned session)" "" "until it ends"

instance_psql -c "begin; select tow.enqueue('noop'); prepare transaction 'mine'" >/dev/null
ok "a prepared transaction" wait_until '[ -n "$(pinned "prepared transaction mine")" ]'
like "$(pinned prepared)" "=> rollback prepared 'mine'" "is named"
instance_psql -c "rollback prepared 'mine'"
is "$(pinned prepared)" "" "until it is rolled back"

# A subscriber's slot keeps the rows of catalogs only
slot() { psql -X -A -t -q -d "$(instance_url "$2")" -c "select pg_create_logical_replication_slot('$1', 'pgoutput')" >/dev/null; }
slot far postgres
slot near tow
instance_psql -c 'select pg_current_xact_id()' >/dev/null
ok "a subscriber's slot" wait_until '[ -n "$(pinned "replication slot near (not in use)")" ]'
like "$(pinned 'replication slot')" "^[^=]*near[^=]*=> select pg_drop_replication_slot\('near'\)[^=]*$" "is named, not one of another database"
instance_psql -c "select pg_drop_replication_slot(s) from unnest('{near,far}'::text[]) s" >/dev/null

# A worker whose session is stuck in a transaction
session_open worker
session_do worker "select worker from tow.attach('w', 'h', 1, '0', '{default}', '{1}', '{noop}', '1 hour')" >"$instance_dir/worker"
worker=$(<"$instance_dir/worker")
bell() { instance_psql -c "select detail from tow.status() where component = 'worker $worker' and detail like '%bell%'"; }
is "$(bell)" "" "a worker that listens"
session_do worker "begin; select 1" >/dev/null
ok "one that is in a transaction hears nothing" wait_until '[ -n "$(bell)" ]'
like "$(bell)" "its session, pid $(<"$instance_dir/worker.pid"), has been in one transaction for [0-9]+ s:" "by its pid"
session_do worker commit >/dev/null
is "$(bell)" "" "until that ends"
session_do worker "select scheduler from tow.attend('s', 'h', 1, '0', false)" >"$instance_dir/scheduler"
scheduler=$(<"$instance_dir/scheduler")
session_do worker "begin; select 1" >/dev/null
deaf() { instance_psql -c "select detail from tow.status() where component = 'scheduler $scheduler' and detail like '%bell%'"; }
ok "nor does a scheduler" wait_until '[ -n "$(deaf)" ]'
session_do worker commit >/dev/null

# A standby, by a slot, then without one
data=$TOW_HOME/pg
owner=$(stat -c %u "$data") group=$(stat -c %g "$data")
as_server() {
	if [ "$owner" = "$(id -u)" ]; then "$@"; else setpriv --reuid="$owner" --regid="$group" --clear-groups "$@"; fi
}
bin=$(dirname "$(readlink -f "/proc/$(head -n 1 "$data/postmaster.pid")/exe")")
standby=$TOW_HOME/standby
run=$TOW_HOME/run2
as_server mkdir -p "$standby" "$run" 2>/dev/null || { mkdir -p "$standby" "$run" && chown "$owner:$group" "$standby" "$run"; }
chmod 700 "$standby"
as_server "$bin/pg_basebackup" -d "$(instance_url)" -D "$standby" -R -C -S twin -c fast >"$instance_dir/basebackup" 2>&1 || diag "$(<"$instance_dir/basebackup")"
cat >>"$standby/postgresql.auto.conf" <<-END
	unix_socket_directories = '$run'
	hot_standby_feedback = on
	wal_receiver_status_interval = 1
	cluster_name = 'twin'
	logging_collector = off
END
standby_do() { as_server "$bin/pg_ctl" -s -w -t 120 -D "$standby" "$@" >>"$instance_dir/standby.log" 2>&1 </dev/null; }
standby_psql() { psql -X -A -t -q -d "$(instance_url | sed "s|host=[^&]*|host=$run|")" "$@"; }
standby_end() { standby_do -m fast stop; }
ok "a standby" standby_do start
trap 'status=$?; standby_end; instance_stop; exit $status' EXIT
hold() { standby_psql -c 'begin isolation level repeatable read' -c 'select 1' -c 'select pg_sleep(600)' >/dev/null 2>&1 & }
burn() { instance_psql -c 'select pg_current_xact_id()' >/dev/null; }
hold
instance_pids+=($!)
ok "a long query there, by its slot" wait_until 'burn; [ -n "$(pinned "replication slot twin (of twin")" ]'
like "$(pinned 'replication slot')" "replication slot twin \(of twin, pid [0-9]+\) pins the horizon [0-9]+ transactions back, for .* => end the long query on that standby" "is named, with since when"
standby_do -m immediate stop # it has no time to say that the query is over
ok "it stays when nobody uses the slot" wait_until '[ -n "$(pinned "replication slot twin (not in use)")" ]'
like "$(pinned 'replication slot')" "=> select pg_drop_replication_slot\('twin'\)" "and can be dropped then"
instance_psql -c "select pg_drop_replication_slot('twin')" >/dev/null
is "$(pinned 'replication slot')" "" "as was done"
echo "primary_slot_name = ''" >>"$standby/postgresql.auto.conf"
ok "without a slot" standby_do start
hold
instance_pids+=($!)
ok "it is the standby itself" wait_until 'burn; [ -n "$(pinned "standby twin (local, pid")" ]'
like "$(pinned standby)" "hot_standby_feedback = off" "with what helps"
done_testing
