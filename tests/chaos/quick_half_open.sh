#!/usr/bin/env bash
# Sockets that are half open: a proxy between a worker and the database stops forwarding and closes nothing. The worker
# notices within seconds. When a new connection works it comes back as itself; when none does, though others reach the
# database, it ends its handlers before its lease can be taken, and comes back when the network has healed.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
"${CC:-cc}" -std=gnu17 -D_GNU_SOURCE= -O1 -o "$FAULTS_DIR/proxy" tests/lib/proxy.c || skip_all "no C compiler"
scheduler_start

socket=$(sed 's/.*[?&]host=\([^&]*\).*/\1/' "$TOW_HOME/url" | sed 's/%2[Ff]/\//g')/.s.PGSQL.5432
"$FAULTS_DIR/proxy" "$socket" >"$FAULTS_DIR/port" &
proxy=$!
instance_pids+=("$proxy")
wait_until '[ -s "$FAULTS_DIR/port" ]'
far="postgresql://tow@127.0.0.1:$(cat "$FAULTS_DIR/port")/tow?sslmode=disable&gssencmode=disable"

worker_start --name far --config "$FAULTS_CONFIG" --queue far:2 --queue default:2 --lease 12s --database "$far"
worker=$WORKER_PID log=$WORKER_LOG
wait_until 'there_is "select count(*) = 1 from tow.workers where held"'
first=$(query "select id from tow.workers")
stream="select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[50]))"

beats() { query "select beats from tow_store.worker where id = $1"; }

#--- the old connections fall silent, new ones work

running=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"one\"}', queue => 'far')")
ok "a job runs" wait_until '[ -n "$(handlers one)" ]'
handler=$(handlers one)
producer_start "$stream"
wait_until 'there_is "select count(*) > 500 from tow.history"' 60
kill -USR1 "$proxy"
fell_silent=$(query "select clock_timestamp()")
before=$(beats "$first")
ok "the worker notices, and beats again" wait_until "[ \"\$(beats $first)\" -gt $((before + 1)) ]"
diag "silent for $(query "select round(extract(epoch from clock_timestamp() - '$fell_silent')::numeric, 1)") s"
count=$(query "select count(*) from tow.history")
ok "claims and outcomes flow again, too" wait_until "there_is \"select count(*) > $count + 500 from tow.history\""
ok "its handler ran on" process_alive "$handler"
is "$(query "select count(*) from tow.audit where what = 'worker.dead'")" 0 "it was not declared dead"
producers_stop
gate_open one
ok "the job ends" wait_until "there_is \"select tow.state($running) = 'completed'\""
is "$(query "select string_agg(outcome || ' ' || worker, ', ') from tow.attempts where job = $running")" "completed $first" "by the same worker"
kill -HUP "$proxy"
ok "and its lock is had again" wait_until 'there_is "select bool_and(held) from tow.workers"'

#--- the network is gone, for this worker only

running=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"two\"}', queue => 'far')")
ok "another job runs" wait_until '[ -n "$(handlers two)" ]'
handler=$(handlers two)
kill -USR2 "$proxy"
worker_start --name near --config "$FAULTS_CONFIG" --queue far:2 --queue default:2
# Who looks late sees the job elsewhere, too: it may not be so while the handler is there.
taken() {
	[ "$(query "select worker from tow.jobs where id = $running")" != "$first" ] && process_alive "$handler"
}
too_late=
ok "the worker ends its handler" wait_until 'if taken; then too_late=yes; fi; gone "$handler"'
is "$too_late" "" "while the lease is still its own"
ok "it is alive" process_alive "$worker"
ok "its lease over, the job runs elsewhere" wait_until "there_is \"select count(*) = 1 from tow.jobs where id = $running and worker <> $first\"" 60
kill -HUP "$proxy"
ok "healed, it is back as a new worker" wait_until "there_is \"select exists (select from tow.workers where name = 'far' and id <> $first)\"" 60
gate_open two
ok "everything comes to its end" drained
is "$(query "select string_agg(outcome || ' ' || (worker = $first), ', ' order by run) from tow.attempts where job = $running")" "lost true, completed false" \
	"the job was lost once and completed once"
accounted_for "every job completed once"
[ "$tap_failed" = 0 ] || shown "$log" 60
done_testing
