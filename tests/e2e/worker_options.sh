#!/usr/bin/env bash
# tow worker's options: --drain, --no-listen, --no-sql-kinds, --direct-url; large results; deadlines.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start

#--- --drain

# A queue that is made while the worker has its looks: its jobs are ready, then, between two of them.
missed=0
for n in $(seq 1 15); do
	enqueue "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[500]))" "select tow.enqueue_many('echo', array_fill('{}'::jsonb, array[5]), queue => 'new$n')" >/dev/null
	timeout 60 "$TOW" worker --drain --queue default --queue "new$n" 2>"$FAULTS_DIR/drain.log" &
	query "select pg_sleep(0.02 + $n * 0.006)" >/dev/null
	query "select tow.duty('admit')" >/dev/null
	wait $!
	there_is "select count(*) = 0 from tow.jobs where queue = 'new$n'" || missed=$((missed + 1))
done
is $missed 0 "--drain overlooks no queue that is being made"
scheduler_start
enqueue "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[500]), tags => '{all}')" "select tow.enqueue_many('echo', array_fill('{}'::jsonb, array[20]), queue => 'other', tags => '{all}')" >/dev/null
exits 0 "--drain ends well" timeout 60 "$TOW" worker --drain --queue default --queue other 2>"$FAULTS_DIR/drain.log"
is "$(query "select count(*) from tow.history h join tow_store.job j using (id) where h.state = 'completed' and j.tags = '{all}'")" 520 "when every queue is empty"
is "$(query "select count(*) from tow.workers")" 0 "and takes its leave"

# What the scheduler has yet to make ready counts, whether the queue is known or not.
enqueue "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[3000]), queue => 'fresh')" >/dev/null
exits 0 "--drain waits for a queue that is being made" timeout 60 "$TOW" worker --drain --queue fresh 2>"$FAULTS_DIR/drain.log"
is "$(query "select count(*) from tow.history where queue = 'fresh'")" 3000 "and runs all its jobs"
process_stop "$SCHEDULER_PID"
enqueue "select tow.enqueue('noop', queue => 'fresh', run_at => tow.now() + interval '300 ms')" >/dev/null
wait_until "there_is 'select run_at <= tow.now() from tow_store.scheduled'"
exits 0 "without a scheduler" timeout 60 "$TOW" worker --drain --queue fresh 2>"$FAULTS_DIR/drain.log"
is "$(query "select count(*) from tow.history where queue = 'fresh'")" 3001 "it runs what is due"

#--- --log-format, --log-level

worker_start --log-format json --log-level debug
enqueue "select tow.enqueue('noop', run_at => tow.now() + interval '100 ms')" >/dev/null
ok "the scheduler that a worker starts logs as it does" wait_until 'grep -q "\"level\":\"debug\",\"who\":\"scheduler\"" "$WORKER_LOG"'
process_stop "$WORKER_PID"
is "$(grep -cv '^{' "$WORKER_LOG")" 0 "each line"
scheduler_start

#--- --no-listen

worker_start --no-listen --poll 200ms
worker=$WORKER_PID
ok "--no-listen attaches" wait_until 'there_is "select count(*) = 1 from tow.workers"'
is "$(query "select listens from tow.workers")" f "as one who does not listen"
for n in 1 2 3; do
	enqueue "select tow.enqueue('noop')" >/dev/null
	ok "and finds job $n" drained
done
is "$(query "select count(*) from tow_store.queue where pg_sequence_last_value(arm) <> 0")" 0 "the doorbell is not armed"
process_stop "$worker"

#--- --no-sql-kinds

query "create function public.answer(args jsonb) returns jsonb language sql security definer as 'select args';
	create function public.large(args jsonb) returns jsonb language sql security definer as 'select to_jsonb(repeat(''x'', (args ->> ''n'')::int))';
	select tow.sql_kind('answer', 'public.answer(jsonb)'), tow.sql_kind('large', 'public.large(jsonb)')" >/dev/null
job=$(enqueue "select tow.enqueue('answer')")
worker_start --no-sql-kinds
worker=$WORKER_PID
enqueue "select tow.enqueue('noop')" >/dev/null
ok "--no-sql-kinds runs the kinds of the program" wait_until 'there_is "select count(*) = 1 from tow.jobs"'
is "$(query "select 'answer' = any(kinds) from tow.workers")" f "knows no functions"
is "$(query "select tow.state($job)")" ready "and leaves their jobs to others"

#--- --direct-url

query "create role direct login superuser password 'past'"
direct=$(instance_url | sed 's/user=tow/user=direct\&password=past/')
worker_start --name direct --direct-url "$direct"
ok "--direct-url attaches" wait_until "there_is \"select held from tow.workers where name = 'direct'\""
ok "and runs jobs that the other leaves" drained
is "$(query "select string_agg(distinct usename, ' ') from pg_stat_activity where application_name = 'tow worker beat' and pid in
	(select pid from pg_locks where locktype = 'advisory' and classid = 7630711 and objid = (select id from tow.workers where name = 'direct'))")" direct "its heartbeat goes there"
is "$(query "select count(*) from pg_stat_activity where usename = 'direct' and application_name <> 'tow worker beat'")" 0 "and nothing else"
process_stop "$worker"

#--- results that are too large, alone or together

query "select tow.pause('default')" >/dev/null
enqueue "select tow.enqueue_many('large', array_fill('{\"n\": 6000000}'::jsonb, array[6]))" >/dev/null
much=$(enqueue "select tow.enqueue('large', '{\"n\": 17000000}')")
query "select tow.resume('default')" >/dev/null
ok "large results are kept" drained
is "$(query "select count(*) from tow.history where kind = 'large' and state = 'completed'")" 6 "each of them"
is "$(query "select state || ' ' || class || ' ' || attempt from tow.history where id = $much")" "failed result 1" "but one has a limit"

#--- deadlines

query "select tow.pause('default')" >/dev/null
late=$(enqueue "select tow.enqueue('count', deadline => tow.now() + '300 ms')")
wait_until "there_is \"select tow.now() > deadline from tow_store.job where id = $late\""
query "select tow.resume('default')" >/dev/null
ok "a job too late to start ends" drained
is "$(query "select state || ' ' || class || ' ' || (started_at is null) from tow.history where id = $late")" "failed deadline true" "as failed, without having run"
accounted_for "every job ended once"
[ "$tap_failed" = 0 ] || shown "$WORKER_LOG"
done_testing
