#!/usr/bin/env bash
# The private cluster after crashes: a server killed, its process id taken again, a first start cut off.
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start --empty
postmaster() { head -n 1 "$TOW_HOME/pg/postmaster.pid"; }
value() { "$TOW" db psql -X -A -t -q -c 'select n from kept'; }
"$TOW" db psql -X -q -c 'create table kept as select 7 as n'

"$TOW" db psql -X -c 'select pg_sleep(60)' >/dev/null 2>&1 &
sleeper=$!
ok "a session is at work" wait_until "\"\$TOW\" db psql -X -A -t -c \"select 1 from pg_stat_activity where query ~ 'sleep\\(60' and pid <> pg_backend_pid()\" | grep -q 1"
server=$(postmaster)
kill -KILL "$server"
wait_until '! process_alive "$server"' # it takes a moment to die
ok "start right after the server was killed" "$TOW" db start >/dev/null
is "$(value)" 7 "what was committed is there"
wait "$sleeper" 2>/dev/null

# The old id belongs to a process of the same user, as after a restart of the machine.
"$TOW" db stop
setpriv --reuid="$(stat -c %u "$TOW_HOME/pg")" --clear-groups sleep 300 2>/dev/null &
other=$!
instance_pids+=("$other")
printf '%s\n' "$other" "$TOW_HOME/pg" 1 5432 "$TOW_HOME/run" '' '0 0' ready >"$TOW_HOME/pg/postmaster.pid"
printf '%s\n' "$other" >"$TOW_HOME/run/.s.PGSQL.5432.lock"
chown --reference="$TOW_HOME/pg" "$TOW_HOME/pg/postmaster.pid" "$TOW_HOME/run/.s.PGSQL.5432.lock"
exits 3 "a pid file with somebody else's id is not a running server" "$TOW" db status >/dev/null
ok "and does not keep it from starting" "$TOW" db start >/dev/null
is "$(value)" 7 "with its data"
ok "the other process was left alone" process_alive "$other"

# A first start that was cut off leaves a folder that no server would take.
"$TOW" db destroy --yes
"$TOW" db start >/dev/null 2>&1 &
starter=$!
wait_until '[ -f "$TOW_HOME/pg/PG_VERSION" ]'
kill -KILL "$starter"
wait "$starter" 2>/dev/null
wait_until '! pgrep -f "initdb --pgdata $TOW_HOME/pg"'
ok "start after a first start that was killed" "$TOW" db start >/dev/null
is "$("$TOW" db psql -X -A -t -c 'select current_database()')" tow "gives a whole database"
done_testing
