#!/usr/bin/env bash
# tow up: everything from nothing, looked after, and gone again.
# shellcheck disable=SC2119,SC2317 # a helper without its argument; functions called by ok and exits
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_dir=$(mktemp -d /tmp/tow-e2e.XXXXXX)
chmod 711 "$instance_dir"
export TOW_HOME=$instance_dir/home
tow() { "$TOW" "$@"; }
gone() { ! process_alive "$1"; }
pid_of() { tow "$1" --json | jq -r '.[-1].pid'; }

# Who comes before the instance finds it once it is there
spawn early worker --name early --queue early
early=$SPAWN_PID
spawn early scheduler --name early
early_clock=$SPAWN_PID
ok "a worker waits for an instance" wait_until 'grep -q "there is no instance in" "$(instance_log early.0)"'
spawn up up --queue default:2 --queue mail:1 --listen 127.0.0.1:0 # the usual port is also that of other tests
up=$SPAWN_PID log=$SPAWN_LOG
ok "it comes up from nothing" wait_until 'grep -q "Towpath is up" "$log" && [ "$(pid_of workers)" -gt 0 ] && [ "$(pid_of schedulers)" -gt 0 ]' || diag "$(cat "$log")"
ok "who came before it is there, too" wait_until 'tow workers --json | jq -e "any(.name == \"early\")" && tow schedulers --json | jq -e "any(.name == \"early\")"' >/dev/null || diag "$(cat "$(instance_log early.0)")"
process_stop "$early_clock"
process_stop "$early"
ok "and goes" wait_until '[ "$(tow workers --json | jq -r "map(.name) | unique | index(\"early\")")" = null ]'
link=$(grep -o 'http://127.0.0.1:[0-9]*/#key=tow_[0-9a-f]*' "$log")
is "$(curl -s -m 30 -H 'Content-Type: application/json' -d "{\"token\":\"${link#*#key=}\"}" "${link%%#*}api/v1/session" | jq -r .role)" admin "the page's address signs in"
is "$(curl -s -m 30 -H 'Content-Type: application/json' -d "{\"token\":\"${link#*#key=}\"}" "${link%%#*}api/v1/session" | jq -r .status)" 401 "once"
like "$("$TOW" token link)" "^${link%%#*}#key=tow_" "and another can be had"
page=$(cat "$TOW_HOME/page")
echo http://127.0.0.1:1/ >"$TOW_HOME/page"
ok "at the address that the server says, not one that another had here" wait_until '"$TOW" token link 2>/dev/null | grep -q "^${link%%#*}#key=tow_"'
echo "$page" >"$TOW_HOME/page"
unlike "$(cat "$log")" "^queues:|builtin" "and nothing that a newcomer need not know"
like "$(cat "$log")" "psql 'postgresql:///tow\?host=" "it says how to connect"
is "$(tow workers --json | jq -r '.[0].queues')" "default:2 mail:1" "with the queues asked for"
is "$(tow enqueue echo '{"a": 1}' --wait | tail -1)" '{"a": 1}' "it works"
ok "the status is good" wait_until '"$TOW" status'
is "$(cat "/proc/$(pid_of workers)/comm") and $(cat "/proc/$(pid_of schedulers)/comm")" "tow worker and tow scheduler" "ps knows them"

said=$(tow up 2>&1)
is $? 75 "a second one in the same home is refused"
like "$said" "runs already" "and says why"
exits 65 "its instance is not removed beneath it" tow db destroy --yes 2>/dev/null
like "$(tow db destroy --yes 2>&1)" "tow up runs here \(pid $up\)" "which says who is in the way"

worker=$(pid_of workers)
kill -KILL "$worker"
ok "a worker that dies is started again" wait_until '[ "$(pid_of workers)" != "$worker" ] && [ "$(pid_of workers)" -gt 0 ]'
is "$(tow enqueue echo '{"b": 1}' --wait | tail -1)" '{"b": 1}' "and works"

# What a stranger says where the worker is heard was there before the scheduler died, and so is heard first
worker=$(pid_of workers)
ear=$(tr '\0' '\n' <"/proc/$worker/environ" | sed -n 's/^NOTIFY_SOCKET=//p')
is "$ear $(stat -c '%F %a' "$ear")" "$TOW_HOME/up.worker socket 600" "where the worker is heard is nobody else's"
leaves='import os, socket, sys
os.setuid(int(sys.argv[2]))
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"X_TOWPATH_LEAVES=1", sys.argv[1])'
[ "$(id -u)" != 0 ] || like "$(python3 -c "$leaves" "$ear" 65534 2>&1)" "PermissionError" "another user has no way there"
ok "a stranger says that the worker leaves" python3 -c "$leaves" "$ear" "$(id -u)"
scheduler=$(pid_of schedulers)
kill -KILL "$scheduler"
ok "a scheduler too" wait_until '[ "$(pid_of schedulers)" != "$scheduler" ] && [ "$(pid_of schedulers)" -gt 0 ]'
unlike "$(cat "$log")" "child.leaves" "the stranger is not believed"
is "$(pid_of workers)" "$worker" "and the worker stays"

# A scheduler that hangs
scheduler=$(pid_of schedulers)
kill -STOP "$scheduler"
ok "one that hangs is ended" wait_until 'gone "$scheduler"' 120 || diag "$(cat "$log")"
like "$(cat "$log")" "child.hung name=scheduler pid=$scheduler" "and the log says so"
ok "and started again" wait_until '[ "$(pid_of schedulers)" != "$scheduler" ] && [ "$(pid_of schedulers)" -gt 0 ]'
is "$(tow enqueue echo '{"c": 1}' --in 100ms --wait | tail -1)" '{"c": 1}' "and minds the clock"

# A worker that hangs: what it ran ends with it, and runs anew
id=$(tow enqueue sleep '{"s": 600}')
ok "a job runs in a slot" wait_until '[ "$(tow job "$id" --json | jq -r .state)" = running ]'
worker=$(pid_of workers)
slots=$(pgrep -P "$worker")
kill -STOP "$worker"
ok "a worker that hangs is ended" wait_until 'gone "$worker"' 120 || diag "$(cat "$log")"
like "$(cat "$log")" "child.hung name=worker pid=$worker" "which the log says"
ok "with its slots" wait_until '! ps -o pid= -p "${slots//$'"'\\n'"'/,}" | grep -q .'
ok "and another comes" wait_until '[ "$(pid_of workers)" != "$worker" ] && [ "$(pid_of workers)" -gt 0 ]'
ok "which runs the job" wait_until '[ "$(tow job "$id" --json | jq -r ".state, .attempts[0].outcome" | tr "\n" " ")" = "running lost " ]' || diag "$(tow job "$id" --json)"
is "$(tow enqueue echo '{"h": 1}' --wait | tail -1)" '{"h": 1}' "and others"
tow cancel "$id" >/dev/null

# A server that hangs, as a whole
page=$(cat "$TOW_HOME/page")
server=$(pgrep -P "$up" -x "tow serve")
# shellcheck disable=SC2046 # each is a word
kill -STOP "$server" $(pgrep -P "$server")
ok "a server that hangs is started again" wait_until 'gone "$server" && curl -sf -m 5 -o /dev/null "${page}api/v1/ready"' 120 || diag "$(cat "$log")"
like "$(cat "$log")" "child.hung name=server pid=$server" "and the log says so"

# The database's server dies
server=$(head -1 "$TOW_HOME/pg/postmaster.pid")
kill -KILL "$server"
ok "a server that dies is started again" wait_until 'tow db status && [ "$(head -1 "$TOW_HOME/pg/postmaster.pid")" != "$server" ]' 120 || diag "$(cat "$log")"
like "$(cat "$log")" "database.died home=[^ ]* again_in_ms=" "the log says so"
ok "jobs run again" wait_until '[ "$(tow enqueue echo "{\"d\": 1}" --wait | tail -1)" = "{\"d\": 1}" ]' 120
ok "and the clock is minded" wait_until '"$TOW" status' 120
server=$(head -1 "$TOW_HOME/pg/postmaster.pid")
kill -INT "$server"
ok "one that ends in order is started again" wait_until 'tow db status && [ "$(head -1 "$TOW_HOME/pg/postmaster.pid")" != "$server" ]' 120 || diag "$(cat "$log")"
like "$(tow db stop 2>&1)" "tow up runs and waits.*'tow db start'" "who stops it is told that it stays down"
process_turns "$up" 4
exits 3 "one that somebody has stopped stays so" tow db status >/dev/null
like "$(tow doctor 2>&1)" "hint: 'tow db stop' stopped it: start it with: tow db start" "and what brings it back is said"
tow db start >/dev/null
ok "until somebody starts it" wait_until '[ "$(pid_of workers)" -gt 0 ] && [ "$(pid_of schedulers)" -gt 0 ]'

# A worker leaves when somebody asks: what it runs ends, and another comes at once
id=$(tow enqueue sleep '{"s": 600}')
ok "a job runs" wait_until '[ "$(tow job "$id" --json | jq -r .state)" = running ]'
worker=$(pid_of workers)
name=$(tow workers --json | jq -r '.[-1].name')
like "$(tow workers drain "${name}x" 2>&1)" "no worker '${name}x' lives"$'\n'"hint: did you mean '$name'" "there is none of that name"
like "$(tow workers drain "$name")" "when it has ended the 1 that it has" "it is asked to leave, by its name"
ok "another comes in its place at once" wait_until '[ "$(pid_of workers)" != "$worker" ] && [ "$(pid_of workers)" -gt 0 ]' || diag "$(cat "$log")"
is "$(tow enqueue echo '{"e": 1}' --wait | tail -1)" '{"e": 1}' "and works"
is "$(tow job "$id" --json | jq -r .state)" running "while the first ends what it has"
like "$(tow status)" "draining: it claims no more" "which the status says"
tow cancel "$id" >/dev/null
ok "it goes" wait_until 'gone "$worker"'
is "$(tow job "$id" --json | jq -r '"\(.state) \(.attempt)"')" "cancelled 1" "when its job has ended"
ok "which is no death" wait_until 'grep -q "child.left name=worker pid=$worker" "$log"'
unlike "$(tail -n +"$(grep -n "child.leaves" "$log" | cut -d: -f1)" "$log")" "child.died name=worker" "in the log"
id=$(tow enqueue sleep '{"s": 600}')
ok "a job runs again" wait_until '[ "$(tow job "$id" --json | jq -r .state)" = running ]'
leaver=$(pid_of workers)
tow workers drain "$(tow workers --json | jq -r '.[-1].id')" >/dev/null
wait_until '[ "$(pid_of workers)" != "$leaver" ] && [ "$(pid_of workers)" -gt 0 ]'
kill -SEGV "$leaver"
ok "one that does not end well while it leaves is warned of" wait_until 'grep -q "warn .*child.left name=worker pid=$leaver how=.signal 11" "$log"' || diag "$(cat "$log")"
tow cancel "$id" >/dev/null
exits 66 "one that is none" tow workers drain 9999 2>/dev/null
exits 64 "another word" tow workers nonsense 2>/dev/null
id=$(tow enqueue sleep '{"s": 600}')
ok "a long job runs" wait_until '[ "$(tow job "$id" --json | jq -r .state)" = running ]'
leaver=$(pid_of workers)
tow workers drain "$(tow workers --json | jq -r '.[-1].id')" >/dev/null
ok "another comes beside one that leaves" wait_until '[ "$(pid_of workers)" != "$leaver" ] && [ "$(pid_of workers)" -gt 0 ]'

worker=$(pid_of workers) scheduler=$(pid_of schedulers) page=$(cat "$TOW_HOME/page")
kill -TERM "$up"
ok "it says what it waits for" wait_until 'grep -q "is over.*: $id sleep" "$log" && grep -q "Another Control-C hurries" "$log"'
process_stop "$up" 120
is $? 0 "a second TERM ends it well" || diag "$(cat "$log")"
not_ok "nobody listens where the page was" curl -s -m 10 -o /dev/null "${page}api/v1/health"
not_ok "the worker has ended" process_alive "$worker"
not_ok "and so has the one that was leaving" process_alive "$leaver"
not_ok "the scheduler has ended" process_alive "$scheduler"
exits 3 "the database that it started has stopped" tow db status >/dev/null

# A database that runs already stays; a port that somebody else has is left to him, and it is said
tow db start >/dev/null
at=${page#http://} at=${at%/}
spawn other serve --listen "$at"
other=$SPAWN_PID
wait_until 'curl -s -m 10 -o /dev/null "${page}api/v1/health"'
spawn up up
up=$SPAWN_PID log=$SPAWN_LOG
ok "it comes up again" wait_until '[ "$(pid_of workers)" -gt 0 ] && grep -q "Towpath is up" "$log"'
like "$(cat "$log")" "note: something else listens on $at, so the page has another address: $(cat "$TOW_HOME/page")" "where the page is now is said"
process_stop "$other" 120
like "$(tow history --json)" '"kind": "echo"' "with what was there"
process_stop "$up" 120
is $? 0 "and ends"
exits 0 "the database that ran before runs on" tow db status >/dev/null
like "$(cat "$log")" "PostgreSQL goes on.*tow db stop" "which is said"

# One that is killed stops nothing; the next one does
tow db stop
spawn up up
up=$SPAWN_PID log=$SPAWN_LOG
ok "it has started the database" wait_until 'grep -q "Towpath is up" "$log"'
kill -KILL "$up"
ok "it is killed" wait_until 'gone "$up"'
exits 0 "and the database is still there" tow db status >/dev/null
spawn up up
up=$SPAWN_PID log=$SPAWN_LOG
ok "another one comes up" wait_until 'grep -q "Towpath is up" "$log"' || diag "$(cat "$log")"
process_stop "$up" 120
is $? 0 "and ends well"
exits 3 "with the database of the one before" tow db status >/dev/null
tow db start >/dev/null

# One whose instance goes ends, and soon
TOW_HOME=$instance_dir/short
spawn up up
up=$SPAWN_PID log=$SPAWN_LOG
ok "an instance for a moment" wait_until 'grep -q "Towpath is up" "$log" && [ "$(pid_of workers)" -gt 0 ]'
ok "it is removed all the same" tow db destroy --yes --force
ok "tow up ends" wait_until 'gone "$up"' || diag "$(cat "$log")"
wait "$up"
is $? 69 "as one without a database"
like "$(cat "$log")" "there is no instance in '$TOW_HOME' any more.*hint: tow up makes another" "which it says"
not_ok "and makes no other" test -e "$TOW_HOME/pg"
spawn up up
up=$SPAWN_PID log=$SPAWN_LOG
ok "another one comes up there" wait_until 'grep -q "Towpath is up" "$log" && [ "$(pid_of workers)" -gt 0 ]' || diag "$(cat "$log")"
id=$(tow enqueue sleep '{"s": 600}')
ok "with a job that runs" wait_until '[ "$(tow job "$id" --json | jq -r .state)" = running ]'
tow db stop 2>/dev/null
kill -INT "$up"
ok "and ends without its database, sooner than the worker's grace" wait_until 'gone "$up"' 20 || diag "$(cat "$log")"
wait "$up"
is $? 0 "as asked"
tow db destroy --yes
TOW_HOME=$instance_dir/home

# A server of one's own
DATABASE_URL=$(instance_url)
export DATABASE_URL
instance_psql -c 'create database elsewhere'
DATABASE_URL=$(instance_url elsewhere)
spawn up up
up=$SPAWN_PID log=$SPAWN_LOG
ok "DATABASE_URL is used when given" wait_until '[ "$(pid_of workers)" -gt 0 ]'
worker=$(pid_of workers)
not_ok "the address is no argument of the children" grep -qa elsewhere "/proc/$worker/cmdline"
process_stop "$up" 120
is $? 0 "it ends"
exits 0 "and leaves that server alone" env -u DATABASE_URL "$TOW" db status >/dev/null

# One whose database hangs ends all the same
at_elsewhere() { instance_psql -d "$(instance_url elsewhere)" "$@"; }
spawn up up
up=$SPAWN_PID log=$SPAWN_LOG
wait_until '[ "$(pid_of workers)" -gt 0 ] && grep -q "Towpath is up" "$log"'
at_elsewhere -c "begin; lock table tow_store.worker; select pg_sleep(600) as held" >/dev/null 2>&1 &
ok "nobody gets at the workers' table" wait_until 'at_elsewhere -c "select 1 / count(*) from pg_locks where granted and relation = to_regclass(\$\$tow_store.worker\$\$) and mode = \$\$AccessExclusiveLock\$\$"'
kill -TERM "$up"
ok "it says that it stops" wait_until 'grep -q "Another Control-C hurries" "$log"' || diag "$(cat "$log")"
ok "it ends beside a database that hangs" wait_until 'gone "$up"' 120 || diag "$(cat "$log")"
like "$(at_elsewhere -c "select string_agg(query, ' ') from pg_stat_activity where state = 'active'")" "as held" "which still hangs"
process_stop "$up" 120
is $? 0 "and that is an end as asked"
at_elsewhere -c "select pg_terminate_backend(pid) from pg_stat_activity where query ~ 'as held$' and pid <> pg_backend_pid()" >/dev/null
exits 69 "no server there" tow up --database 'postgresql:///tow?host=/nowhere' 2>/dev/null
exits 64 "a worker that would never start is told of at once" tow up --queue default:-1 2>/dev/null
exits 65 "and a port that is none" tow up --listen 127.0.0.1:99999 2>/dev/null
printf '[nonsense]\n' >"$instance_dir/bad.ini"
like "$(tow up --config "$instance_dir/bad.ini" 2>&1)" "nonsense" "and a file that is wrong"

# A file that names no queue leaves those that are usual
printf '[exec hello]\ncommand = echo\n' >"$TOW_HOME/worker.ini"
spawn filed up
ok "it comes up with a file" wait_until 'grep -q "Towpath is up" "$SPAWN_LOG" && [ "$(pid_of workers)" -gt 0 ]' || diag "$(cat "$SPAWN_LOG")"
is "$(tow workers --json | jq -r '.[0].queues')" "default:4 haul:8 haul.watch:8" "that names no queue: those are served that are usual"
process_stop "$SPAWN_PID" 120 >/dev/null
printf '[queue mail]\nslots = 2\n' >>"$TOW_HOME/worker.ini"
spawn filed up
ok "and with one that does" wait_until 'grep -q "Towpath is up" "$SPAWN_LOG" && [ "$(tow workers --json | jq -r ".[0].queues")" = mail:2 ]' || diag "$(cat "$SPAWN_LOG")"
process_stop "$SPAWN_PID" 120 >/dev/null
unset DATABASE_URL
done_testing
