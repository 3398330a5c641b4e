#!/usr/bin/env bash
# Schedulers are killed at random moments while schedules fire each second and jobs become due: each instant fires exactly
# once, every scheduled job runs, a worker's stand-by takes over, and gives way when a real scheduler is there again.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
worker_start --queue default:4
worker=$WORKER_PID
ok "without a scheduler the worker starts a stand-by" wait_until 'there_is "select bool_and(state = '\''stand-by'\'') from tow.schedulers"'

query "select tow.schedule('each second ' || n, '* * * * * *', 'echo', jsonb_build_object('schedule', n), tags => array['fired']) from generate_series(1, 3) n" >/dev/null
query "select tow.set_policy('soon', shape => 'fixed', base => '200 ms', jitter => 0.5, max_attempts => 20)" >/dev/null
producer_start "select tow.enqueue('noop', run_at => tow.now() + random() * interval '2 s')"
producer_start "select tow.enqueue('fail', '{\"times\": 2}', policy => 'soon')"

# Whoever minds the clock, a stand-by too, at any of its steps.
declare -A begun=()
begin() {
	scheduler_start
	begun[$SCHEDULER_PID]=1
}
kill_rounds() { # how many
	local i pid
	for ((i = 0; i < $1; i++)); do
		[ $((i % 3)) = 0 ] || begin
		[ $((i % 5)) != 0 ] || begin
		sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
		for pid in $(query "select pid from tow.schedulers"); do
			kill -KILL "$pid" && wait "$pid"
			unset "begun[$pid]"
		done
	done
	# Those that were not yet there when it was asked who is.
	for pid in "${!begun[@]}"; do kill -KILL "$pid" && wait "$pid"; done
} 2>/dev/null
kill_rounds 30
started=$(query "select count(*) from tow_store.scheduler")
ok "schedulers were killed again and again ($started of them)" [ "$started" -ge 15 ]
ok "none is left" wait_until "there_is \"select count(*) = 0 from tow.schedulers where pid <> $worker and state = 'running'\""

ok "a stand-by takes over" wait_until 'there_is "select count(*) = 1 and bool_and(state = '\''stand-by'\'') from tow.schedulers"'
standby=$(query "select pid from tow.schedulers")
due=$(enqueue "select tow.enqueue('noop', run_at => tow.now() + interval '300 ms')")
ok "and minds the clock" wait_until "there_is \"select tow.state($due) = 'completed'\""
scheduler_start
ok "it gives way to a real scheduler" wait_until "gone $standby && there_is \"select count(*) = 1 and bool_and(state = 'running') from tow.schedulers\""

wait_until 'there_is "select count(*) > 30 from tow.fires"'
query "select tow.pause_schedule(name) from tow.schedules" >/dev/null
producers_stop
ok "everything comes to its end" drained
fired="from tow.fires f join tow.history h on h.id = f.job and h.state = 'completed'"
ok "schedules fired" there_is "select count(*) > 30 $fired"
is "$(query "select count(*) from tow_store.job where tags = '{fired}'")" "$(query "select count(*) from tow.fires")" "each instant has one job"
is "$(query "select count(*) $fired")" "$(query "select count(*) from tow.fires")" "and each of them has run"
is "$(query "select count(*) from (select at - lag(at) over (partition by schedule order by at) as step from tow.fires) s where step <> '1 s'")" 0 \
	"no instant was left out"
is "$(query "select count(*) from tow.history h where h.kind = 'fail' and (h.state <> 'completed' or h.attempt <> 3)")" 0 "each retry happened"
accounted_for "every job completed once"
done_testing
