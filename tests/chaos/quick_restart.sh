#!/usr/bin/env bash
# PostgreSQL is restarted under load, first fast, then immediately, which is a crash: everybody comes back, handlers go on
# meanwhile, no worker is declared dead for it, and nothing that was acknowledged is lost or done twice.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
scheduler_start
scheduler=$SCHEDULER_PID
worker_start --name one --config "$FAULTS_CONFIG" --queue default:3 --queue held:1
one=$WORKER_PID one_log=$WORKER_LOG
worker_start --name two --config "$FAULTS_CONFIG" --queue default:3 --queue held:1
two=$WORKER_PID two_log=$WORKER_LOG
wait_until 'there_is "select count(*) = 2 from tow.workers"'

producer_start "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[100]))"
producer_start "select tow.enqueue('echo', '{\"n\": 1}')"
producer_start "select tow.enqueue('sleep', '{\"s\": 0.02}', run_at => tow.now() + interval '100 ms')"

ended() { # how many jobs have completed
	query "select count(*) from tow.history where state = 'completed'"
}

restart() { # mode
	local gate before=0 pids
	gate=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"$1\"}', queue => 'held') from generate_series(1, 2)" | tr '\n' ,)
	gate=${gate%,}
	ok "$1: two handlers are at work" wait_until "[ \"\$(handlers $1 | wc -l)\" = 2 ]"
	pids=$(handlers "$1")
	before=$(ended)
	wait_until "[ \"\$(ended)\" -gt $((before + 1000)) ]"
	server_end "$1"
	ok "$1: handlers go on without a database" process_alive "${pids%%$'\n'*}"
	server_begin
	before=$(ended)
	ok "$1: jobs flow again" wait_until "[ \"\$(ended)\" -gt $((before + 1000)) ]"
	ok "$1: both workers are back" wait_until 'there_is "select count(*) = 2 from tow.workers where held and silent < '\''5 s'\''"'
	ok "$1: a scheduler is, too" wait_until 'there_is "select count(*) >= 1 from tow.schedulers"'
	gate_open "$1"
	ok "$1: the handlers' jobs end" wait_until "there_is \"select count(*) = 2 from tow.history where id in ($gate) and state = 'completed'\""
	is "$(query "select count(*) from tow.attempts where job in ($gate)")" 2 "$1: once each"
}

restart fast
restart immediate
producers_stop
ok "everything comes to its end" drained
is "$(query "select count(*) from tow.audit where what = 'worker.dead'")" 0 "nobody was declared dead"
is "$(query "select count(*) from tow.attempts where outcome = 'lost'")" 0 "no run was lost"
is "$(query "select count(*) from (select from tow.history where state = 'completed' group by id having count(*) > 1) s")" 0 "nothing was done twice"
accounted_for "every job completed once"
ok "the processes are the same as before" process_alive "$one"
ok "all of them" process_alive "$two"
ok "the scheduler too" process_alive "$scheduler"
[ "$tap_failed" = 0 ] || { shown "$one_log"; shown "$two_log"; }
done_testing
