#!/usr/bin/env bash
# Jobs of every sort through four workers, while workers are killed and stopped, schedulers killed, connections broken and
# PostgreSQL restarted, and people meddle: at the end every job is accounted for, one by one.
#
#	MIXED_JOBS=100000	about how many
#	MIXED_SEED=...		the order of faults; printed, so that it can be had again (their moments cannot)
. tests/lib/tap.sh
. tests/lib/faults.sh

jobs=${MIXED_JOBS:-100000}
RANDOM=${MIXED_SEED:=$RANDOM}
diag "MIXED_JOBS=$jobs MIXED_SEED=$MIXED_SEED"

faults_start
cat >>"$FAULTS_CONFIG" <<-'END'
	[exec nap]
	command = if mkdir "$FAULTS_DIR/nap.$TOW_JOB" 2>/dev/null; then echo 'snooze 0.2' >&3; fi
END
# What is killed with its worker ten times is still no fault of the job's.
query "select tow.set('max_losses', '100000')" >/dev/null
query "select tow.set_policy('twice', shape => 'fixed', base => '50 ms', jitter => 0.5, max_attempts => 2)" >/dev/null
query "select tow.schedule('each second', '* * * * * *', 'noop', tags => '{fired}')" >/dev/null

#--- the cast

declare -a workers logs

cast_worker() { # place
	worker_start --name "w$1" --config "$FAULTS_CONFIG" --queue default:3 --queue extra:2 --queue new:1 --lease 3s --grace 2s --kill 1s
	workers[$1]=$WORKER_PID logs[$1]=$WORKER_LOG
}

cast_scheduler() {
	scheduler_start
	scheduler=$SCHEDULER_PID
}

for place in 0 1 2 3; do cast_worker $place; done
cast_scheduler

# A share of the jobs (of 1000), in many calls; @ is how many a call.
calls=$((100 + jobs / 120))
some() { # share sql
	local each=$((jobs * $1 / 1000 / calls + 1))
	producer_start "${2//@/$each}" $((jobs * $1 / 1000 / each))
}
some 520 "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[@]))"
some 150 "select tow.enqueue_many('echo', array_fill('{\"a\": [1, 2]}'::jsonb, array[@]))"
some 40 "select tow.enqueue_many('sleep', array_agg(jsonb_build_object('s', random() ^ 3))) from generate_series(1, @)"
some 50 "select tow.enqueue_many('fail', array_fill('{\"times\": 2, \"retry_in\": 0.1}'::jsonb, array[@]))"
some 3 "select tow.enqueue('crash', policy => 'twice', queue => 'extra') from generate_series(1, @)"
some 15 "select tow.enqueue_many(kind, array_fill('{}'::jsonb, array[@]), queue => 'extra') from unnest('{count,nap}'::text[]) kind"
some 60 "select tow.enqueue('noop', key => 'key ' || trunc(random() * 30), run_at => tow.now() + random() * interval '1 s',
	on_conflict => ('{ignore,replace,reschedule}'::text[])[trunc(random() * 3) + 1], key_scope => ('{queued,live}'::text[])[trunc(random() * 2) + 1])
	from generate_series(1, @)"
some 60 "select tow.enqueue('noop', run_at => tow.now() + random() * interval '5 s') from generate_series(1, @)"
some 60 "select tow.enqueue('noop', priority => ('{1,50,200,1000}'::int[])[trunc(random() * 4) + 1],
	queue => ('{default,extra,new}'::text[])[trunc(random() * 3) + 1]) from generate_series(1, @)"

# People: they cancel, retry and move whatever they find, and are told so when it cannot be done.
meddle() {
	local verbs=("tow.cancel(id)" "tow.retry(id)" "tow.run_now(id)" "tow.snooze(id, '1 s')" "tow.reprioritise(id, 300)" "tow.retry(id)") n=0
	while [ ! -e "$FAULTS_DIR/producers.stop" ]; do
		query "select ${verbs[n++ % 6]} from (select trunc(random() * last_value)::bigint + 1 as id from tow_store.job_id) s"
		sleep 0.05
	done
} >/dev/null 2>&1
meddle &
meddler=$!
instance_pids+=("$meddler")

#--- the faults

kills=0 stops=0 breaks=0 restarts=0 schedulers=0

kill_worker() {
	local place=$((RANDOM % 4))
	kill -KILL "${workers[place]}"
	wait "${workers[place]}"
	cast_worker $place
	kills=$((kills + 1))
}

# Some sleep through their lease, some do not.
stop_worker() {
	local pid=${workers[RANDOM % 4]}
	kill -STOP "$pid"
	sleep "$((RANDOM % 7)).5"
	kill -CONT "$pid"
	stops=$((stops + 1))
}

break_connections() {
	query "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity where application_name like 'tow %'
		and datname = current_database() order by state = 'active' desc, random() limit 3) s" >/dev/null
	breaks=$((breaks + 1))
}

kill_scheduler() {
	kill -KILL "$scheduler"
	wait "$scheduler"
	cast_scheduler
	schedulers=$((schedulers + 1))
}

restart_server() {
	server_end "$([ $((RANDOM % 2)) = 0 ] && echo fast || echo immediate)"
	server_begin
	restarts=$((restarts + 1))
}

# Each once, then as it comes.
fault() { # number
	case $(($1 < 5 ? $1 : RANDOM % 10)) in
	0 | 5 | 6) kill_worker ;;
	1 | 7) stop_worker ;;
	2 | 8 | 9) break_connections ;;
	3) kill_scheduler ;;
	4) restart_server ;;
	esac
} 2>/dev/null

ok "four workers are there" wait_until 'there_is "select count(*) = 4 from tow.workers"' 60
for ((n = 0; n < 5; n++)); do fault $n; done
while producing; do
	sleep "0.$((RANDOM % 10))"
	fault $((n++))
done
producers_end
diag "$kills workers killed, $stops stopped, $breaks times connections broken, $restarts restarts, $schedulers schedulers killed"
: >"$FAULTS_DIR/producers.stop"
wait "$meddler"
wait_until 'query "select tow.pause_schedule(name) from tow.schedules"' 60

#--- the account

ok "everything comes to its end" drained 600
ok "runs were lost on the way" there_is "select exists (select from tow.attempts where outcome = 'lost')"
diag "$(query "select format('%s jobs, %s runs, %s lost, %s given back, %s put back by people', (select count(*) from tow_store.job), count(*),
	count(*) filter (where outcome = 'lost'), count(*) filter (where outcome = 'given back'), (select count(*) from tow_store.revival)) from tow.attempts")"
accounted_for "every job is accounted for"
is "$(query "select count(*) from tow_store.running")" 0 "nothing is running"
is "$(query "select string_agg(distinct kind || ' ' || class, ', ') from tow.history where state = 'failed'")" "crash crash" "nothing failed but what crashes"
is "$(query "select count(*) from tow.history where state = 'completed' and kind = 'crash'")" 0 "and none of that completed"
is "$(query "select count(*) from tow.fires f left join tow_store.job j on j.id = f.job and j.tags = '{fired}' where j.id is null")" 0 "each instant has its job"
is "$(query "select count(*) from tow_store.job where tags = '{fired}'")" "$(query "select count(*) from tow.fires")" "and no other"
sort "$FAULTS_DIR/counted" >"$FAULTS_DIR/ran"
is "$(uniq -d "$FAULTS_DIR/ran")" "" "no run of a program was run twice"
query "select id || ' ' || run from tow.history where kind = 'count' and state = 'completed'" | sort >"$FAULTS_DIR/completed"
is "$(comm -13 "$FAULTS_DIR/ran" "$FAULTS_DIR/completed")" "" "and each that completed was run"
for place in 0 1 2 3; do exits 0 "worker $place stops" process_stop "${workers[place]}"; done
# one that was killed beside a restart of the server is given a whole lease
ok "no worker is thought alive" wait_until "there_is 'select count(*) = 0 from tow.workers'" 60
[ "$tap_failed" = 0 ] || for log in "${logs[@]}"; do shown "$log"; done
done_testing
