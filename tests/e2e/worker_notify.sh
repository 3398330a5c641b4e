#!/usr/bin/env bash
# tow worker under a service manager: it says when it is ready, that it lives, that it reads its file again, that it stops.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
"${CC:-cc}" -std=gnu17 -D_GNU_SOURCE= -O1 -o "$FAULTS_DIR/notify" tests/lib/notify.c || skip_all "no C compiler"
said=$FAULTS_DIR/said
"$FAULTS_DIR/notify" "$FAULTS_DIR/socket" >>"$said" &
instance_pids+=("$!")
wait_until '[ -S "$FAULTS_DIR/socket" ]'
server_end fast

NOTIFY_SOCKET=$FAULTS_DIR/socket WATCHDOG_USEC=2000000 worker_start --config "$FAULTS_CONFIG"
worker=$WORKER_PID
ok "it tells the watchdog that it lives" wait_until 'grep -q "^WATCHDOG=1" "$said"'
not_ok "but without a database it is not ready" grep READY "$said"
server_begin
ok "when it has attached it is" wait_until 'grep -q "^READY=1" "$said"'
is "$(query "select count(*) from tow.workers")" 1 "which the database knows"
ok "the watchdog hears of it again and again" wait_until '[ "$(grep -c "^WATCHDOG=1" "$said")" -ge 4 ]'

echo mark >>"$said"
kill -HUP "$worker"
ok "it says that it reads its file again, and when it has" wait_until 'sed "1,/^mark/d" "$said" | tr "\n" " " | grep -q "RELOADING=1.*READY=1"'

job=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"late\"}')")
wait_until '[ -n "$(handlers late)" ]'
echo stop >>"$said"
kill -TERM "$worker"
ok "it says that it stops" wait_until 'grep -q "^STOPPING=1" "$said"'
# shellcheck disable=SC2034 # wait_until reads it
beats=$(grep -c "^WATCHDOG=1" "$said")
ok "and that it lives while it waits for what runs" wait_until '[ "$(grep -c "^WATCHDOG=1" "$said")" -gt "$beats" ]'
gate_open late
wait "$worker"
is $? 0 "it ends well"
is "$(query "select tow.state($job)")" completed "with its job"
not_ok "and was not ready again after it began to stop" eval 'sed "1,/^stop/d" "$said" | grep READY'

# One that is asked to leave may take as long as its jobs do: a service manager that heard of it would count, and kill it.
NOTIFY_SOCKET=$FAULTS_DIR/socket worker_start --config "$FAULTS_CONFIG"
worker=$WORKER_PID
job=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"later\"}')")
wait_until '[ -n "$(handlers later)" ]'
echo leave >>"$said"
query "select tow.drain_worker(max(id)) from tow.workers" >/dev/null
ok "it is asked to leave" wait_until 'grep -q worker.stopping "$WORKER_LOG"'
not_ok "which it does not say" eval 'sed "1,/^leave/d" "$said" | grep STOPPING'
kill -TERM "$worker"
ok "until it is told to stop" wait_until 'sed "1,/^leave/d" "$said" | grep -q "^STOPPING=1"'
gate_open later
wait "$worker"
is $? 0 "then it ends"
is "$(query "select tow.state($job)")" completed "with its job, too"
[ "$tap_failed" = 0 ] || shown "$WORKER_LOG"
done_testing
