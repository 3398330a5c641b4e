#!/usr/bin/env bash
# Everything through PgBouncer in transaction mode, three connections to the server: producers, commands, two workers, the
# scheduler. A worker that is killed is missed when its lease is over, and every job is accounted for; nothing is left behind in
# the pooler's connections. With an address past it, bells ring and a dead worker is missed at once.
. tests/lib/tap.sh
. tests/lib/faults.sh
. tests/lib/pooler.sh

PATH=$PATH:/usr/sbin # where Debian has it, and users do not look
command -v pgbouncer >/dev/null || skip_all "there is no pgbouncer here: contrib/bootstrap.sh check"
faults_start
direct=$(instance_url)
pooler_start || diag "the pooler does not start"
export DATABASE_URL=$POOLER_URL
query() { pooled_psql -c "$1" 2>/dev/null; } # faults.sh's: producers and questions, too, go through the pooler

pooled_psql -c "listen litter"
is "$(pooler_leftovers)" "listens to litter" "what is left behind in the pooler's connections is seen"
instance_psql -c "select pg_terminate_backend(pid, 60000) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()" >/dev/null

#--- commands

doctor=$("$TOW" doctor)
like "$doctor" "a pooler stands before it" "doctor tells of the pooler"
like "$doctor" "TOW_DIRECT_URL" "and what to do"
like "$(TOW_DIRECT_URL=$direct "$TOW" doctor)" "leads to the database itself" "and looks at an address past it"
like "$(TOW_DIRECT_URL=$POOLER_URL "$TOW" doctor)" "leads to a pooler, too" "which may not be one"
refused=$(PGOPTIONS='-c work_mem=8MB' "$TOW" status 2>&1)
like "$refused" "unsupported startup parameter.*PGOPTIONS" "a startup parameter that the pooler refuses is explained"
refused=$("$TOW" migrate 2>&1)
like "$refused" "cannot go through a pooler.*--direct" "a migration is not begun"
is "$("$TOW" migrate --direct "$direct")" "up to date" "but past it"
is "$(TOW_DIRECT_URL=$direct "$TOW" migrate)" "up to date" "also by the environment"
is "$(TOW_DIRECT_URL="postgresql:///nowhere?host=/nowhere" "$TOW" migrate --database "$direct")" "up to date" "--database is not outvoted by it"

#--- without an address past the pooler

cat >>"$FAULTS_CONFIG" <<-'END'
	[exec nap]
	command = sleep 0.05
END
query "create function public.never(job jsonb, error jsonb) returns interval language sql security definer as 'select interval ''1 s'' from pg_sleep(30)';
	select tow.set_policy('slow', shape => 'function', fn => 'public.never(jsonb,jsonb)')" >/dev/null
scheduler_start
scheduler=$SCHEDULER_PID
worker_start --name doomed --config "$FAULTS_CONFIG" --queue default:3 --lease 10s
doomed=$WORKER_PID
worker_start --name heir --config "$FAULTS_CONFIG" --queue default:3 --lease 10s
heir=$WORKER_PID heir_log=$WORKER_LOG
ok "two workers attach" wait_until 'there_is "select count(*) = 2 from tow.workers"'
is "$(query "select count(distinct id) || ' ' || bool_or(held) || ' ' || bool_or(listens) || ' ' || bool_and(pooled) from tow.workers")" "2 false false true" \
	"as two, without lock or bell"
ok "the scheduler is seen" wait_until 'there_is "select count(*) = 1 and bool_and(pooled) from tow.schedulers"'
ok "a worker says so" wait_until 'grep -q "worker.pooled.*--direct" "$heir_log"'
ok "the scheduler, too" wait_until 'grep -q "scheduler.pooled.*--direct" "$SCHEDULER_LOG"'
like "$("$TOW" status)" "comes through a pooler" "and tow status"

gates=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"one\"}', max_attempts => 5) from generate_series(1, 6)")
gates=$(echo $gates | tr ' ' ,)
ok "both hold jobs" wait_until "there_is \"select count(distinct worker) = 2 from tow.jobs where id in ($gates) and state = 'running'\""
enqueue "select tow.enqueue('noop', run_at => tow.now() + interval '2 s')" >/dev/null
refused=$(enqueue "select tow.enqueue('fail', policy => 'slow')")
for n in 1 2; do
	producer_start "select tow.enqueue_many('nap', array_fill('{}'::jsonb, array[5]))" 20
done
kill -KILL "$doomed"
wait "$doomed" 2>/dev/null
ok "the dead worker is missed when its lease is over" wait_until "there_is \"select count(*) = 1 from tow.workers\""
is "$(query "select string_agg(name, ' ') from tow.workers")" heir "and only that"
gate_open one
producers_end
is "$("$TOW" enqueue count --wait >/dev/null && echo ended)" ended "tow enqueue --wait"
cancelled=$("$TOW" enqueue noop --in 1h)
like "$("$TOW" cancel "$cancelled" && "$TOW" job "$cancelled")" cancelled "tow cancel, tow job"
ok "everything comes to its end" drained 300
ok "what the dead worker held ran again" there_is "select count(*) >= 1 from tow.attempts where job in ($gates) and outcome = 'lost'"
is "$(query "select count(*) from tow.history where id in ($gates) and state = 'completed'")" 6 "and completed"
like "$(query "select error_detail from (select detail::text || coalesce(error, '') as error_detail from tow_store.history where job_id = $refused order by run desc limit 1) h")" \
	"canceling statement" "a policy's function is not waited for"
accounted_for "every job ended once"

kill -KILL "$scheduler"
wait "$scheduler" 2>/dev/null
ok "a dead scheduler is not counted for long; a worker starts a stand-by" wait_until "there_is \"select string_agg(state, ' ') = 'stand-by' from tow.schedulers\""
process_stop "$heir"
is "$(query "select count(*) from tow.workers")" 0 "a worker that stops takes its leave"
is "$(pooler_leftovers)" "" "no lock, LISTEN, statement or setting is left in the pooler's connections"

#--- with one

export TOW_DIRECT_URL=$direct
scheduler_start
worker_start --name doomed --config "$FAULTS_CONFIG" --queue default:3 --lease 10min
doomed=$WORKER_PID
unset TOW_DIRECT_URL
printf '[worker]\ndirect = %s\n' "$direct" >>"$FAULTS_CONFIG"
worker_start --name heir --config "$FAULTS_CONFIG" --queue default:3 --lease 10min
heir=$WORKER_PID
ok "with an address past the pooler workers have a lock and a bell" wait_until 'there_is "select count(*) = 2 and bool_and(held) and bool_and(listens) and not bool_or(pooled) from tow.workers"'
ok "and so has the scheduler" wait_until "there_is \"select count(*) = 1 from tow.schedulers where not pooled and state = 'running'\""
gates=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"two\"}', max_attempts => 5) from generate_series(1, 6)")
gates=$(echo $gates | tr ' ' ,)
ok "both hold jobs" wait_until "there_is \"select count(distinct worker) = 2 from tow.jobs where id in ($gates) and state = 'running'\""
producer_start "select tow.enqueue_many('nap', array_fill('{}'::jsonb, array[5]))" 10
kill -KILL "$doomed"
wait "$doomed" 2>/dev/null
ok "the dead one is missed long before its lease is over" wait_until "there_is \"select string_agg(name, ' ') = 'heir' from tow.workers\""
gate_open two
producers_end
ok "everything comes to its end" drained 300
accounted_for "every job ended once"
is "$(pooler_leftovers)" "" "and nothing is left in the pooler's connections"
process_stop "$heir"
[ "$tap_failed" = 0 ] || shown "$heir_log"
done_testing
