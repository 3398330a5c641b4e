#!/usr/bin/env bash
# A worker is killed in the middle of its jobs: another one runs them, long before its lease is over, its slots and what
# they started die with it, and every job has completed once.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
# A handler whose own children live long, one of them in a session of its own: each says who it is before it sleeps.
cat >>"$FAULTS_CONFIG" <<-'END'
	[exec long]
	command = setsid sh -c 'echo $$ >>"$FAULTS_DIR/long"; exec sleep 3600' & sh -c 'echo $$ >>"$FAULTS_DIR/long"; exec sleep 3600'; true
END
scheduler_start
# Its lease is an hour: who finds it dead within a test has missed its session, not its beats.
worker_start --name doomed --config "$FAULTS_CONFIG" --lease 1h --queue held:5 --queue fast:2
doomed=$WORKER_PID
wait_until 'there_is "select exists (select from tow.workers where name = '\''doomed'\'')"'

gates=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"one\"}', queue => 'held') from generate_series(1, 2)")
sleeps=$(enqueue "select tow.enqueue('sleep', '{\"s\": 3600}', queue => 'held') from generate_series(1, 2)")
long=$(enqueue "select tow.enqueue('long', queue => 'held')")
held=$(echo $gates $sleeps $long | tr ' ' ,)
ok "two handlers wait, two sleep, one has children of its own" wait_until \
	'[ "$(handlers one | wc -l)" = 2 ] && [ "$(cat "$FAULTS_DIR/long" 2>/dev/null | wc -l)" = 2 ] && there_is "select count(*) = 2 from tow.jobs where kind = '\''sleep'\'' and pct > 0"'

mapfile -t grandchildren <"$FAULTS_DIR/long"

worker_start --name heir --config "$FAULTS_CONFIG" --queue held:5 --queue fast:2
wait_until 'there_is "select count(*) = 2 from tow.workers"'
heir=$(query "select id from tow.workers where name = 'heir'")
producer_start "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[500]), queue => 'fast')"
wait_until 'there_is "select count(*) > 5000 from tow.history where kind = '\''noop'\''"'

mapfile -t slots < <(family "$doomed")
ok "the worker has slots, and they have children" [ ${#slots[@]} -ge 8 ]
killed_at=$(query "select clock_timestamp()")
kill -KILL "$doomed"
wait "$doomed" 2>/dev/null
ok "its slots, and what they started, die with it" wait_until 'gone "${slots[@]}"'
is ${#grandchildren[@]} 2 "a handler had two children"
ok "and they, too" wait_until 'gone "${grandchildren[@]}"'
ok "its jobs run elsewhere" wait_until "there_is 'select count(*) = 5 from tow.jobs where id in ($held) and worker = $heir'"
elapsed=$(query "select round(extract(epoch from max(started_at) - '$killed_at')::numeric, 2) from tow.jobs where id in ($held)")
diag "rerun after a kill: $elapsed s"

producers_stop
gate_open one
for id in $sleeps $long; do query "select tow.cancel($id)"; done >/dev/null
ok "everything comes to its end" drained
is "$(query "select count(*) from tow.attempts where job in ($held) and outcome = 'lost'")" 5 "one lost run for each job that was held"
is "$(query "select count(*) from tow.attempts where job in ($held) and outcome in ('completed', 'cancelled') and worker = $heir")" 5 \
	"and one end of each, by the other worker"
is "$(query "select count(*) from (select from tow.attempts group by job having count(*) filter (where outcome = 'lost') > 1) s")" 0 \
	"no job was lost twice"
is "$(query "select count(*) from tow.audit where what = 'worker.dead'")" 1 "one worker was declared dead"
accounted_for "every job completed once"
done_testing
