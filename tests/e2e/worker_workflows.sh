#!/usr/bin/env bash
# Workflows as handlers drive them, in C and as programs: jobs of their own, waits that hold no slot, signals, sleep,
# steps; and that nothing is made twice, nor anybody held up, whatever happens to the worker.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
cat >>"$FAULTS_CONFIG" <<-'END'
	[exec square]
	command = n=$(jq .n); echo "result {\"v\": $((n * n))}" >&3
	[exec sum]
	command = exec sh tests/lib/sum.sh
	[exec sale]
	command = sh contrib/examples/order.sh
	[exec shipment]
	command = . contrib/examples/steps.sh; tow_signal shipped 600 || exit 0;
	  echo "result $(tow_memory .signals.shipped)" >&3
	[exec impatient]
	command = . contrib/examples/steps.sh; tow_signal never 0.3 || exit 0;
	  echo "result $(tow_memory .signals.never.timed_out)" >&3
	[exec careful]
	command = if [ "$(jq -r ".signals.approval // empty" /dev/fd/5)" ];
	  then echo "result $(jq -c .signals.approval.payload /dev/fd/5)" >&3;
	  else echo "wait approval" >&3; fi
	[exec parent]
	command = for n in 1 2 3; do echo "spawn {\"kind\": \"noop\", \"args\": {\"n\": $n}}" >&3; done;
	  exec sh tests/lib/gate.sh
	[exec chain]
	command = echo "spawn {\"kind\": \"order\", \"args\": 1}" >&3;
	  echo "spawn {\"kind\": \"order\", \"args\": 2, \"after_spawned\": [0]}" >&3;
	  echo "spawn {\"kind\": \"order\", \"args\": 3, \"after_spawned\": [1], \"child\": false}" >&3
	[exec order]
	command = cat >>"$FAULTS_DIR/order"; echo >>"$FAULTS_DIR/order"
	[exec nonsense]
	command = echo "spawn {\"args\": 1}" >&3
	[exec nonsuch]
	command = echo "spawn {\"kind\": \"noop\", \"priority\": 99999999}" >&3
	[exec changed]
	command = echo "spawn {\"kind\": \"noop\"}" >&3; echo "wait children" >&3; exit 65
END
scheduler_start
worker_start --config "$FAULTS_CONFIG" --queue default:1
worker=$WORKER_PID

state() { query "select tow.state($1)"; }
result() { query "select result from tow.job($1)"; }
ended() { # id state
	wait_until "[ \"\$(state $1)\" = ${2:-completed} ]"
}

#--- fan-out: one slot is enough, since who waits holds none

job=$(enqueue "select tow.enqueue('fanout', '{\"n\": 20, \"kind\": \"noop\"}')")
ok "C: a parent waits for its children" ended "$job"
is "$(result "$job")" '{"failed": 0, "cancelled": 0, "completed": 20}' "and counts them"
is "$(query "select string_agg(outcome, ' ' order by run) from tow.attempts where job = $job")" "waited completed" "it ran twice, and waited once"
is "$(query "select count(*) from tow_store.job where parent = $job")" 20 "each child was made once"

job=$(enqueue "select tow.enqueue('fanout', '{\"n\": 3, \"kind\": \"fail\", \"args\": {\"final\": true}}')")
ok "a parent goes on when its children fail" ended "$job"
is "$(result "$job")" '{"failed": 3, "cancelled": 0, "completed": 0}' "and knows it"

job=$(enqueue "select tow.enqueue('sum', '{\"n\": 4}')")
ok "exec: a parent waits for its children" ended "$job"
is "$(result "$job")" 30 "and has their results"
is "$(query "select max(attempt) from tow.attempts where job = $job")" 1 "waiting spends no attempt"

enqueue "select tow.enqueue('chain')" >/dev/null
ok "jobs of one run can wait for one another" wait_until '[ "$(cat "$FAULTS_DIR/order" 2>/dev/null | wc -l)" = 3 ]'
is "$(tr -d '\n' <"$FAULTS_DIR/order")" 123 "in order"
is "$(query "select count(*) from tow_store.job where kind = 'order' and parent is null")" 1 "one of them is nobody's child"

#--- signals, approvals, sleep

job=$(enqueue "select tow.enqueue('shipment')")
ok "exec: it waits for a signal" ended "$job" waiting
is "$(query "select coalesce(sum(busy), 0) from tow.workers")" 0 "without a slot"
query "select tow.signal($job, 'shipped', '{\"parcel\": 7}')" >/dev/null
ok "and goes on when it comes" ended "$job"
like "$(result "$job")" '"payload": \{"parcel": 7\}' "with what it said"

job=$(enqueue "select tow.enqueue('impatient')")
ok "one that does not come in time" ended "$job"
is "$(result "$job")" true "has timed out"

job=$(enqueue "select tow.enqueue('careful')")
ok "exec: it waits for somebody's word" ended "$job" waiting
query "select tow.reject($job, 'too dear')" >/dev/null
ok "and goes on" ended "$job"
is "$(result "$job")" '{"note": "too dear", "approved": false}' "with the answer"

job=$(enqueue "select tow.enqueue('steps', '{\"n\": 4, \"s\": 0, \"nap\": 1}')")
ok "C: it sleeps halfway" ended "$job"
is "$(query "select count(distinct run) || ' runs, ' || string_agg(name, '' order by name) from tow.steps($job)")" "2 runs, 1234" \
	"and does no step twice"
is "$(query "select extract(epoch from max(started_at) - min(finished_at)) between 1 and 30 from tow.attempts where job = $job")" t \
	"after a second"

job=$(enqueue "select tow.enqueue('steps', '{\"n\": 2, \"s\": 0, \"nap\": 2592000}')")
ok "C: it sleeps for a month" ended "$job" waiting
is "$(query "select coalesce(sum(busy), 0) from tow.workers")" 0 "without a slot"
is "$(query "select until - tow.now() between '29 days' and '31 days' from tow_store.waiting where id = $job")" t "until then"
query "select tow.signal($job, 'sleep:nap')" >/dev/null
ok "unless somebody wakes it" ended "$job"

#--- the example

job=$(enqueue "select tow.enqueue('sale', '{\"order\": \"A7\"}')")
ok "the example waits" ended "$job" waiting
query "select tow.signal($job, 'shipped')" >/dev/null
ok "and ends" ended "$job"
is "$(result "$job")" '{"order": "A7", "shipped": true}' "with what it heard"
ok "it charged once, and said thank you once" wait_until "there_is \"select string_agg(line, ', ' order by n) = 'charging for order A7, thank you for order A7' from tow.log($job)\""

#--- what is bad

job=$(enqueue "select tow.enqueue('nonsense')")
ok "a job without a kind cannot be made" ended "$job" failed
like "$(query "select error from tow.attempts where job = $job")" 'bad job to spawn' "and it says so"
job=$(enqueue "select tow.enqueue('nonsuch')")
ok "one that tow.enqueue would refuse fails the run" ended "$job" failed
is "$(query "select class from tow.attempts where job = $job")" spawn "class spawn"
job=$(enqueue "select tow.enqueue('changed')")
ok "who asks to wait and then fails has failed" ended "$job" failed
is "$(query "select count(*) from tow_store.job where parent = $job")" 0 "and has made nothing"

#--- once, although the worker is killed between

job=$(enqueue "select tow.enqueue('parent', '{\"gate\": \"spawned\"}')")
ok "a handler has said what it spawns" wait_until '[ "$(handlers spawned | wc -l)" = 1 ]'
kill -KILL "$worker"
wait "$worker" 2>/dev/null
worker_start --config "$FAULTS_CONFIG" --queue default:1
worker=$WORKER_PID
ok "its worker is killed; another one runs it again" wait_until '[ "$(handlers spawned | wc -l)" = 2 ]'
is "$(query "select count(*) from tow_store.job where parent = $job")" 0 "nothing was made yet"
gate_open spawned
ok "it ends" ended "$job"
is "$(query "select count(*) from tow_store.job where parent = $job")" 3 "its jobs were made once"
process_stop "$worker"

#--- a step that cannot be kept holds up nobody but its own handler

worker_start --config "$FAULTS_CONFIG" --queue default:2 --lease 10s
mkfifo "$FAULTS_DIR/unlock"
{ echo 'begin; lock table tow_store.step in exclusive mode;'; cat "$FAULTS_DIR/unlock"; } | instance_psql &
locker=$!
exec {unlock}>"$FAULTS_DIR/unlock"
wait_until "there_is \"select exists (select from pg_locks where relation = 'tow_store.step'::regclass and mode = 'ExclusiveLock' and granted)\""
job=$(enqueue "select tow.enqueue('steps', '{\"n\": 3, \"s\": 0}')")
ok "a step waits for a lock" wait_until "there_is \"select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'save_step')\""
enqueue "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[500]))" >/dev/null
ok "others are claimed and end beside it" wait_until "there_is \"select count(*) = 500 from tow.history where kind = 'noop' and id > $job\""
then=$(query "select clock_timestamp() + '11 s'")
ok "the worker beats on beyond its lease" wait_until "there_is \"select bool_and(seen_at > '$then') from tow.workers\""
echo 'commit;' >&"$unlock"
exec {unlock}>&-
wait "$locker"
ok "the step is kept when it can be" ended "$job"
is "$(query "select count(*) || ' in ' || count(distinct run) from tow.steps($job)")" "3 in 1" "all of them in one run"

ok "everything comes to its end" drained
accounted_for "every job ended once"
[ "$tap_failed" = 0 ] || shown "$WORKER_LOG"
done_testing
