#!/usr/bin/env bash
# The workers' connections are broken at random moments, many times, under load: whatever an exchange has committed is found
# again, no outcome counts twice, and no job stays running that nobody holds.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
scheduler_start
worker_start --name one --queue default:4
one=$WORKER_PID one_log=$WORKER_LOG
worker_start --name two --queue default:4
two=$WORKER_PID
wait_until 'there_is "select count(*) = 2 from tow.workers"'

producer_start "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[200]))"
producer_start "select tow.enqueue_many('echo', array_fill('{\"a\": 1}'::jsonb, array[20]))"
producer_start "select tow.enqueue_many('fail', array_fill('{\"times\": 1, \"retry_in\": 0.05}'::jsonb, array[10]))"

# Busy ones first: those have an answer to lose. On a slow machine there may be none for a while.
broken=0
for ((i = 0; i < 60 || broken < 60 && i < 600; i++)); do
	n=$(query "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity
		where application_name like 'tow worker%' and datname = current_database() order by state = 'active' desc, random() limit 2) s")
	broken=$((broken + ${n:-0}))
	sleep "0.0$((RANDOM % 10))"
done
ok "connections were broken again and again ($broken)" [ "$broken" -ge 60 ]
producers_stop
ok "everything comes to its end: nothing is stuck in running" drained
diag "$(query "select count(*) from tow.audit where what = 'worker.dead'") workers were declared dead: without a session for a second and a half"
is "$(query "select count(*) from (select from tow.history where state = 'completed' group by id having count(*) > 1) s")" 0 "nothing was completed twice"
is "$(query "select count(*) from tow.history where kind = 'fail' and attempt <> 2")" 0 "each failure counted once"
ok "the workers are the same as before" process_alive "$one"
ok "both" process_alive "$two"
accounted_for "every job completed once"
[ "$tap_failed" = 0 ] || { shown "$one_log"; query "select * from tow.jobs limit 10"; }
done_testing
